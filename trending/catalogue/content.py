"""What goes into a catalogue, and in what order: one row speaks for each work, and the best-known works come first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trending.catalogue.words import MAX_TITLE_CHARS
from trending.cleaning.text import normalise_title
from trending.features.labels import FloatMatrix

Order = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CatalogueContent:
    """Everything a catalogue is written from; n titles in any order.

    Attributes:
        titles: `TITLE_COLUMNS`, clean; title_id unique.
        splits: Split per title, missing where it was in none.
        probabilities: Shape (n, 20).
        decisions: Shape (n, 20).
        works: Which rows are the same film or show, per title; None: title, type and year decide.
        reviews: `REVIEW_SCHEMA`; those of unknown titles are left out.
        trends: as_of, title_id, score, and parts on the latest day; perhaps work_id, for rows whose title isn't in the catalogue.
        insights: title_id, score, tags, document (JSON of `Insights`, or None).
    """

    titles: pd.DataFrame
    splits: pd.Series
    probabilities: FloatMatrix
    decisions: npt.NDArray[Any]
    works: pd.Series | None = None
    reviews: pd.DataFrame | None = None
    trends: pd.DataFrame | None = None
    insights: pd.DataFrame | None = None


def find_works(content: CatalogueContent) -> Order:
    """Return a work number per title. A row without a year is joined to no other by its title alone."""
    titles = content.titles
    if content.works is not None:
        keys = content.works.reset_index(drop=True)
        own = keys.isna().to_numpy()
    else:
        # A title of a megabyte is no title: its beginning will do.
        keys = (
            titles["title"].str[:MAX_TITLE_CHARS].map(normalise_title).reset_index(drop=True)
            + "|"
            + titles["type"].to_numpy()
            + "|"
            + titles["year"].astype(str).to_numpy()
        )
        own = titles["year"].isna().to_numpy()
    ids = titles["title_id"].reset_index(drop=True)
    named = ("work " + keys.astype(str)).where(~own, "title " + ids)
    return np.asarray(pd.factorize(named)[0], dtype=np.int64)


def choose_speakers(content: CatalogueContent, works: Order) -> Order:
    """Return, per work, the index of the row that speaks for it: one with a plot, the most votes, the smallest id."""
    titles = content.titles.reset_index(drop=True)
    order = np.lexsort((_rank_text(titles["title_id"]), -titles["votes"].fillna(0).to_numpy(dtype=float), titles["plot"].isna().to_numpy()))
    speakers = np.full(int(works.max(initial=-1)) + 1, -1, dtype=np.int64)
    speakers[works[order[::-1]]] = order[::-1]
    return speakers


def rank_titles(content: CatalogueContent) -> Order:
    """Return the order titles are stored in: index into `content.titles` per row of the catalogue (and of its vector index).

    Rows that speak for a work come first, best-known works first; the other rows follow, in the order of their works. How well a work is known: the
    percentile of its votes, or of its popularity among its own source's titles (which isn't comparable across sources), or of how many reviews it has,
    whichever is best; more for trending, for being listed at several sources, and a little for ratings and a long plot.
    """
    return order_titles(content, find_works(content))


def order_titles(content: CatalogueContent, works: Order) -> Order:
    """Return what `rank_titles` does, where the works are known."""
    titles = content.titles.reset_index(drop=True)
    fame = pd.Series(_measure_fame(content, titles))
    per_work = fame.groupby(works).max().to_numpy() if len(titles) else np.zeros(0)
    per_work += 0.1 * np.log2(np.minimum(np.bincount(works), 8)) if len(titles) else 0.0
    speakers = choose_speakers(content, works)
    is_speaker = np.zeros(len(titles), dtype=bool)
    is_speaker[speakers] = True
    return np.lexsort((_rank_text(titles["title_id"]), -per_work[works], ~is_speaker))


def _measure_fame(content: CatalogueContent, titles: pd.DataFrame) -> npt.NDArray[np.float64]:
    votes = titles["votes"].astype(float).rank(pct=True).fillna(0.0).to_numpy()
    popularity = titles["popularity"].astype(float).groupby(titles["source"]).rank(pct=True).fillna(0.0).to_numpy()
    reviews: npt.NDArray[Any] = np.zeros(len(titles))
    trending: npt.NDArray[Any] = np.zeros(len(titles))
    if content.reviews is not None and len(content.reviews):
        reviews = titles["title_id"].map(content.reviews["title_id"].value_counts().rank(pct=True)).fillna(0.0).to_numpy(dtype=float)
    if content.trends is not None and len(content.trends):
        trending = titles["title_id"].isin(content.trends["title_id"]).to_numpy(dtype=float)
    rated = titles["rating"].notna().to_numpy(dtype=float)
    length = titles["plot"].astype("string").str.len().astype(float).rank(pct=True).fillna(0.0).to_numpy()
    known = np.maximum(np.maximum(votes, popularity), reviews)
    return np.asarray(known + 0.5 * trending + 0.05 * rated + 0.1 * length, dtype=np.float64)


def _rank_text(column: pd.Series) -> npt.NDArray[np.int64]:
    return np.asarray(np.unique(column.to_numpy(dtype=str), return_inverse=True)[1], dtype=np.int64)
