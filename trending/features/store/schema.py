"""The feature views and their columns: what is written offline, what Feast is told of it, and what a join gives back all follow from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

PROJECT = "trending_now"
ENTITY, KEY, TIMESTAMP = "title", "title_id", "event_timestamp"
# Since when a row holds if nothing dates it, and what a title begins with: no reviews, in no chart.
BEGINNING = pd.Timestamp("1970-01-01", tz="UTC")

FACTS, PLOT, TEXT, REVIEWS, TRENDS = "title_facts", "title_plot", "title_text", "review_stats", "trend_stats"
TREND_PARTS = ("level", "surge", "chart", "reviews", "rating", "recency")
VIEWS: dict[str, dict[str, pa.DataType]] = {
    FACTS: {"type": pa.string(), "decade": pa.int64(), "language": pa.string()},
    PLOT: {"text": pa.string()},
    TEXT: {"embedding": pa.list_(pa.float32())},
    REVIEWS: {"review_count": pa.int64(), "review_rating": pa.float64(), "review_sentiment": pa.float64()},
    TRENDS: {"trend_rank": pa.int64(), "trend_score": pa.float64(), **{f"trend_{part}": pa.float64() for part in TREND_PARTS}},
}
DESCRIPTIONS = {
    FACTS: "What a catalogue says of a title beside its plot.",
    PLOT: "The plot with every word that names a genre taken out: what genre models read.",
    TEXT: "The sentence encoder's vector of the masked plot; left out where there is no encoder.",
    REVIEWS: "All reviews known so far: how many, their mean rating (0 to 10), and how favourable the English ones read (0 to 1).",
    TRENDS: "Place and score among what is trending, and the score's parts; empty while a title isn't.",
}

# The on-demand views of a pasted plot, and what they are asked with.
FREE_REQUEST: dict[str, pa.DataType] = {"free_plot": pa.string(), "free_type": pa.string(), "free_year": pa.int64()}
FREE_TEXT, FREE_VECTOR = "free_text", "free_vector"
FREE_VIEWS: dict[str, dict[str, pa.DataType]] = {
    FREE_TEXT: {"free_masked": pa.string(), "free_facts": pa.string()},
    FREE_VECTOR: {"free_embedding": pa.list_(pa.float32())},
}
FREE_DESCRIPTIONS = {
    FREE_TEXT: "A pasted plot as serving prepares it, and what is said of its title, as words.",
    FREE_VECTOR: "The sentence encoder's vector of a pasted plot; left out where there is no encoder.",
}


def name_features(view: str) -> list[str]:
    """Return a view's features as Feast names them."""
    return [f"{view}:{feature}" for feature in VIEWS[view]]


# What training joins: vectors are large, and whoever reads them has them from the encoder's own cache.
JOINED: tuple[str, ...] = tuple(name for view in VIEWS if view not in {PLOT, TEXT} for name in name_features(view))


def arrow_schema(view: str) -> pa.Schema:
    """Return the columns of a view's offline table."""
    return pa.schema([(KEY, pa.string()), *VIEWS[view].items(), (TIMESTAMP, pa.timestamp("ns", tz="UTC"))])


def group_features(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the features that names such as `title_facts:type` mean, by view."""
    grouped: dict[str, list[str]] = {}
    for name in names:
        view, _, feature = name.partition(":")
        grouped.setdefault(view, []).append(feature)
    return grouped


def lay_out(frame: pd.DataFrame, features: Iterable[str]) -> pd.DataFrame:
    """Return `title_id` and the named features, with the types of their views."""
    columns = {KEY: pa.string()} | {name: VIEWS[view][name] for view, names in group_features(features).items() for name in names}
    return conform(frame, columns)


def conform(frame: pd.DataFrame, columns: Mapping[str, pa.DataType]) -> pd.DataFrame:
    """Return a frame whose columns have the types they were written with, whatever way they came: nulls turn whole numbers into others."""
    found = {name: frame[name] if name in frame else pd.Series([None] * len(frame), index=frame.index) for name in columns}
    return pd.DataFrame({name: _cast(values, columns[name]) for name, values in found.items()}, index=frame.index)


def _cast(values: pd.Series, wanted: pa.DataType) -> pd.Series:
    if pa.types.is_integer(wanted):
        return values.astype("Int64")
    if pa.types.is_floating(wanted):
        return values.astype("float64")
    read = np.float32 if pa.types.is_list(wanted) else None
    found = [None if isnull else value if read is None else np.asarray(value, read) for value, isnull in zip(values, values.isna(), strict=True)]
    return pd.Series(found, index=values.index, dtype=object)
