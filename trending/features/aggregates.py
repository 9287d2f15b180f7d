"""What reviews and trends say of a title, as rows that hold from the moment they could be known: the feature store's moving parts.

A join as of a day sees the last row before it, so every change is a row of its own, and leaving the charts is one too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import pandas as pd

from trending.features.store.schema import BEGINNING, KEY, REVIEWS, TIMESTAMP, TREND_PARTS, TRENDS, VIEWS
from trending.insights.scorer import ReviewScorer

_DAY = pd.Timedelta(days=1)


def assign_works(title_ids: pd.Series, works: pd.DataFrame | None) -> pd.DataFrame:
    """Return `title_id` and `work_id` of the titles: what is said of a work holds for all its rows.

    Args:
        title_ids: Unique.
        works: title_id, work_id; a title it doesn't have, or every title without it, is a work of its own.
    """
    known = {} if works is None else dict(zip(works["title_id"], works["work_id"], strict=True))
    return pd.DataFrame({KEY: title_ids.to_numpy(), "work_id": [known.get(title, title) for title in title_ids]})


def aggregate_reviews(reviews: pd.DataFrame | None, members: pd.DataFrame, undated: pd.Timestamp) -> pd.DataFrame:
    """Return the columns of `review_stats`: per title a first row without reviews, and one for each day that brought some, of all so far.

    A review counts from the end of its day. Sentiment is the mean of the project's review scorer over those in English; one of unknown language is taken
    to be, as most are.

    Args:
        reviews: With `review_id, title_id, rating, text, language, review_date`.
        members: As `assign_works` returns it.
        undated: Since when reviews without a date are known.
    """
    first = members[[KEY]].assign(review_count=0, review_rating=None, review_sentiment=None, **{TIMESTAMP: BEGINNING})
    if reviews is None or reviews.empty:
        return _lay_out(first, REVIEWS)
    dates = pd.to_datetime(reviews["review_date"], utc=True) + _DAY
    rows = pd.DataFrame(
        {
            "work_id": _find_work(reviews["title_id"], members),
            TIMESTAMP: dates.fillna(undated).dt.as_unit("ns"),
            "review_id": reviews["review_id"],
            "rating": reviews["rating"].astype("float64"),
            "sentiment": _score_texts(reviews["text"], reviews["language"]),
        }
    ).dropna(subset=["work_id"])
    # The order decides the last digit of a sum.
    rows = rows.sort_values(["work_id", TIMESTAMP, "review_id"], ignore_index=True)
    works = rows["work_id"]
    so_far = rows[["work_id", TIMESTAMP]].assign(review_count=rows.groupby(works).cumcount() + 1)
    for source in ("rating", "sentiment"):
        given = rows[source].notna().astype("int64").groupby(works).cumsum()
        total = rows[source].fillna(0.0).groupby(works).cumsum()
        so_far[f"review_{source}"] = (total / given).where(given > 0)
    by_day = so_far.drop_duplicates(["work_id", TIMESTAMP], keep="last")
    return _lay_out(first, REVIEWS, members.merge(by_day, on="work_id"))


def aggregate_trends(trends: pd.DataFrame | None, members: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of `trend_stats`: per title a first row without any, one for each day it was scored on, and an empty one when it no longer was.

    Args:
        trends: Columns of `trending.tables.TREND_SCHEMA`, of one or several days; parts may be missing.
        members: As `assign_works` returns it.
    """
    names = list(VIEWS[TRENDS])
    first = members[[KEY]].assign(**dict.fromkeys(names), **{TIMESTAMP: BEGINNING})
    if trends is None or trends.empty:
        return _lay_out(first, TRENDS)
    parts = pd.DataFrame([_read_parts(row) for row in trends["parts"]], columns=[f"trend_{part}" for part in TREND_PARTS], index=trends.index)
    scored = parts.assign(work_id=trends["work_id"], trend_rank=trends["rank"], trend_score=trends["score"], day=pd.to_datetime(trends["as_of"], utc=True))
    days = sorted(scored["day"].unique())
    following = dict(pairwise(days))
    # Whoever was scored on one day has a row on the next, if only an empty one.
    followed = scored[["work_id"]].assign(day=scored["day"].map(following)).dropna()
    changes = scored.merge(followed, on=["work_id", "day"], how="outer")
    changes[TIMESTAMP] = changes["day"].dt.as_unit("ns")
    return _lay_out(first, TRENDS, members.merge(changes, on="work_id"))


def _find_work(title_ids: pd.Series, members: pd.DataFrame) -> pd.Series:
    """Return the work of each title, None for one that isn't among the members."""
    return title_ids.map(dict(zip(members[KEY], members["work_id"], strict=True)))


def _score_texts(texts: pd.Series, languages: pd.Series) -> list[float | None]:
    scorer = ReviewScorer.load()
    readable = texts.notna() & (languages.isna() | (languages == "en"))
    return [scorer.score(text) if wanted else None for text, wanted in zip(texts, readable, strict=True)]


def _read_parts(parts: Iterable[Mapping[str, float]] | None) -> dict[str, float]:
    return {f"trend_{part['name']}": part["value"] for part in (() if parts is None else parts)}


def _lay_out(first: pd.DataFrame, view: str, changes: pd.DataFrame | None = None) -> pd.DataFrame:
    columns = [KEY, *VIEWS[view], TIMESTAMP]
    rows = first[columns].astype(object)
    if changes is not None:
        rows = pd.concat([rows, changes[columns].astype(object)], ignore_index=True)
    return rows
