"""What a release says of each of its titles beside the source's own words: the genres its model predicts, and insights.

Both are for the titles that may be shown (`trending.cleaning.rights.select_allowed`), in their order, whatever is later written from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from trending.catalogue.content import CatalogueContent, find_works, rank_titles
from trending.evaluation.rules import DecisionRule
from trending.features.examples import LEFT_OUT
from trending.features.labels import FloatMatrix
from trending.genres import GENRES
from trending.insights.maker import InsightMaker
from trending.insights.schema import Insights, Material, ReviewText
from trending.models.base import GenreModel
from trending.models.calibration import Calibrator
from trending.models.predictor import Predictor
from trending.models.rows import predict_rows

READ_REVIEWS = 50  # of a work, the newest; as many as are read when insights are made on demand


def predict_titles(model: GenreModel, rule: DecisionRule, titles: pd.DataFrame) -> FloatMatrix:
    """Return the calibrated probability of every genre per title, shape (n, 20); zeros without a plot."""
    predictor = Predictor(model, Calibrator.from_dict(rule.calibration), np.asarray(rule.thresholds))
    with_plot = titles["plot"].notna().to_numpy()
    probabilities = np.zeros((len(titles), len(GENRES)))
    if with_plot.any():
        probabilities[with_plot] = predict_rows(predictor, titles[with_plot])
    return probabilities


def compose_content(
    shown: pd.DataFrame,
    splits: pd.DataFrame,
    probabilities: FloatMatrix,
    thresholds: Sequence[float],
    *,
    works: pd.DataFrame | None = None,
    reviews: pd.DataFrame | None = None,
    trends: pd.DataFrame | None = None,
) -> CatalogueContent:
    """Put together what a catalogue is written from, all but insights.

    Args:
        shown: Titles that may be shown, n rows.
        splits: title_id, split.
        probabilities: Of `predict_titles`, shape (n, 20).
        thresholds: From which probability on a genre is given, shape (20,); none is without a plot.
        works: title_id, work_id, where the source knows.
        reviews: Columns of `REVIEW_SCHEMA`; only such as may be shown.
        trends: Columns of `TREND_SCHEMA`, several days; only such as may be shown.
    """
    used = splits[splits["split"] != LEFT_OUT]
    split_of = dict(zip(used["title_id"], used["split"], strict=True))
    work_of = None if works is None else dict(zip(works["title_id"], works["work_id"], strict=True))
    return CatalogueContent(
        titles=shown,
        splits=shown["title_id"].map(split_of),
        probabilities=probabilities,
        decisions=(probabilities >= np.asarray(thresholds)) & shown["plot"].notna().to_numpy()[:, None],
        works=None if work_of is None else shown["title_id"].map(work_of),
        reviews=reviews,
        trends=trends,
    )


def write_insights(content: CatalogueContent, maker: InsightMaker) -> pd.DataFrame:
    """Make insights of every title, best-known titles first: where a model writes them, its budget goes to those.

    Args:
        content: Of the catalogue that the insights will become part of.
        maker: Asks a model if one is configured.

    Returns:
        title_id, score (0 to 100, or None), tags (names), document (JSON of `Insights`, where it couldn't be made again at once from the plot: it took
        a model, or reviews). What a model was asked for and didn't make has no document, so that it is asked again.
    """
    order = rank_titles(content)
    rows = [
        {
            "title_id": content.titles["title_id"].iat[index],
            "score": insights.score,
            "tags": [tag.name for tag in insights.tags],
            "document": insights.model_dump_json() if _is_worth_keeping(insights) else None,
        }
        for index, insights in zip(order, maker.make_batch(_list_materials(content, order)), strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["title_id", "score", "tags", "document"])
    return frame.astype({"score": "Int64"})


def _is_worth_keeping(insights: Insights) -> bool:
    made = insights.provenance
    by_rules = made.maker.startswith("offline")
    return not by_rules or (made.fallback is None and made.from_reviews > 0)


def _list_materials(content: CatalogueContent, order: npt.NDArray[np.int64]) -> Iterator[Material]:
    titles = content.titles.astype(object).mask(content.titles.isna(), None)
    works = find_works(content)
    reviews = _gather_reviews(content, works)
    columns = {name: titles[name].to_numpy() for name in ("title", "type", "year", "plot", "genres", "rating", "votes")}
    for index in order:
        one = {name: values[index] for name, values in columns.items()}
        yield Material(
            title=one["title"],
            type=one["type"],
            year=one["year"],
            plot=one["plot"],
            reviews=reviews.get(int(works[index]), []),
            listed_genres=list(one["genres"] if one["genres"] is not None else []),
            predicted_genres=[GENRES[genre] for genre in np.flatnonzero(content.decisions[index])],
            rating=one["rating"],
            votes=one["votes"],
        )


def _gather_reviews(content: CatalogueContent, works: npt.NDArray[np.int64]) -> dict[int, list[ReviewText]]:
    if content.reviews is None or content.reviews.empty:
        return {}
    work_of = dict(zip(content.titles["title_id"], works, strict=True))
    days = ["" if pd.isna(day) else str(day) for day in content.reviews["review_date"]]
    known = content.reviews.assign(work=content.reviews["title_id"].map(work_of), day=days).dropna(subset=["work", "text"])
    newest = known.sort_values(["work", "day", "review_id"], ascending=[True, False, True]).groupby("work").head(READ_REVIEWS)
    found: dict[int, list[ReviewText]] = {}
    for work, review_id, text, rating, spoiler in newest[["work", "review_id", "text", "rating", "spoiler"]].itertuples(index=False):
        review = ReviewText(review_id=review_id, text=text, rating=None if pd.isna(rating) else float(rating), spoiler=bool(spoiler))
        found.setdefault(int(work), []).append(review)
    return found
