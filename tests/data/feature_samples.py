"""Titles, reviews and trends made up for tests of the feature store, in numbers and with nulls as catalogues have them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from trending.features.store.config import locate_store
from trending.features.store.repository import FeatureRepository
from trending.features.store.schema import TREND_PARTS
from trending.features.store.tables import build_tables
from trending.settings import load_settings
from trending.tables import REVIEW_SCHEMA, TREND_SCHEMA

TODAY = dt.date(2026, 11, 16)
NOW = pd.Timestamp(TODAY, tz="UTC")
DAY = dt.timedelta(days=1)
_WORDS = ("harbour", "storm", "teacher", "winter", "letter", "robbery", "brothers", "comedy", "romance", "garden", "engine", "war", "witness", "piano")
_OPINIONS = ("A superb film, moving and beautifully shot.", "Dull, far too long and badly acted.", "Clever and funny, with a weak ending.")


def make_titles(number: int, seed: int = 3) -> pd.DataFrame:
    """Return titles, a seventh of them without year, a third without language, one in fifty without a plot."""
    draw = np.random.default_rng(seed)
    plots = [" ".join(draw.choice(_WORDS, 14)) + f", number {index}." for index in range(number)]
    return pd.DataFrame(
        {
            "title_id": [f"made:{index:05d}" for index in range(number)],
            "type": ["tv" if index % 4 == 0 else "movie" for index in range(number)],
            "year": pd.array([None if index % 7 == 0 else 1930 + index % 95 for index in range(number)], dtype="Int64"),
            "language": [None if index % 3 == 0 else ("en", "ko")[index % 2] for index in range(number)],
            "plot": [None if index % 50 == 49 else plot for index, plot in enumerate(plots)],
        }
    )


def make_review(title_id: str, date: dt.date | None, number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return one row of reviews."""
    row = dict.fromkeys(REVIEW_SCHEMA.names) | {"review_id": f"made:{title_id}:{date}:{number}", "title_id": title_id, "review_date": date}
    return row | {"rating": float(number * 3 % 11), "text": _OPINIONS[number % 3], "language": "en"} | changes


def frame_reviews(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return rows as the frame that ingestion hands on."""
    return pd.DataFrame(rows, columns=REVIEW_SCHEMA.names)


def make_trend(title_id: str, day: dt.date, rank: int = 1, score: float = 1.5) -> dict[str, Any]:
    """Return one row of trends, with every part."""
    row = {"work_id": title_id, "title_id": title_id, "title": title_id, "type": "movie", "as_of": day, "rank": rank, "score": score}
    return row | {"parts": [{"name": part, "value": score / number, "sentence": "made up"} for number, part in enumerate(TREND_PARTS, 1)]}


def frame_trends(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return rows as the frame that ingestion hands on."""
    return pd.DataFrame(rows, columns=TREND_SCHEMA.names)


def make_figures(titles: pd.DataFrame, seed: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return reviews of every fifth title over two years, some without a date or a rating, and trends of every tenth over 13 weeks, some that end."""
    draw = np.random.default_rng(seed)
    reviews = []
    for title_id in titles["title_id"][::5]:
        for number in range(int(draw.integers(1, 6))):
            date = None if number == 4 else TODAY - dt.timedelta(days=int(draw.integers(0, 700)))
            reviews.append(make_review(title_id, date, number, rating=None if number == 3 else round(float(draw.uniform(0, 10)), 1)))
    trends = []
    for week in range(13):
        day = TODAY - dt.timedelta(weeks=week)
        trends += [make_trend(title_id, day, rank, float(draw.normal())) for rank, title_id in enumerate(titles["title_id"][:: 10 + week % 2], 1)]
    return frame_reviews(*reviews), frame_trends(*trends)


def fill_store(titles: pd.DataFrame, as_of: pd.Timestamp = NOW, known_at: pd.Timestamp = NOW - DAY * 800, **beside: Any) -> FeatureRepository:
    """Return the store under the home folder, filled."""
    repository = FeatureRepository(locate_store("", load_settings().home))
    repository.materialize(build_tables(titles, known_at, cache=load_settings().cache_dir / "vectors", **beside), as_of)
    return repository
