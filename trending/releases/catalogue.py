"""`catalogue.sqlite`: the titles of a release with their predicted genres and a full-text index, read-only once written."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field

from trending.cleaning.text import normalise_title
from trending.features.labels import FloatMatrix
from trending.genres import GENRES
from trending.titles import TITLE_COLUMNS, Title

_SCHEMA = f"""
CREATE TABLE titles ({", ".join(TITLE_COLUMNS)}, split TEXT, PRIMARY KEY (title_id)) WITHOUT ROWID;
CREATE TABLE predictions (title_id TEXT, genre TEXT, probability REAL, PRIMARY KEY (title_id, genre)) WITHOUT ROWID;
CREATE VIRTUAL TABLE titles_fts USING fts5(title_id UNINDEXED, title, plot, tokenize = "unicode61 remove_diacritics 2");
"""


class PredictedGenre(BaseModel):
    """A genre the model gave a title."""

    genre: str
    probability: float = Field(ge=0, le=1)


class CatalogueTitle(BaseModel):
    """A title as the catalogue knows it."""

    title: Title
    predicted: list[PredictedGenre]
    split: str | None = Field(description="Part of the data the model saw this title in (train, validation, test); null if none.")


def write_catalogue(path: Path, titles: pd.DataFrame, splits: pd.Series, probabilities: FloatMatrix, decisions: np.ndarray[Any, Any]) -> None:
    """Write a catalogue.

    Args:
        path: A file that doesn't exist yet.
        titles: Clean titles, n rows.
        splits: Split per title, missing where it was in none; same rows.
        probabilities: Shape (n, 20).
        decisions: Shape (n, 20).
    """
    connection = sqlite3.connect(path)
    try:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        marks = ", ".join("?" * (len(TITLE_COLUMNS) + 1))
        connection.executemany(f"INSERT INTO titles VALUES ({marks})", _title_rows(titles, splits))
        rows, columns = np.nonzero(decisions)
        ids = titles["title_id"].to_numpy()
        predicted = ((ids[row], GENRES[column], round(float(probabilities[row, column]), 4)) for row, column in zip(rows, columns, strict=True))
        connection.executemany("INSERT INTO predictions VALUES (?, ?, ?)", predicted)
        connection.execute("INSERT INTO titles_fts SELECT title_id, title, plot FROM titles")
        connection.commit()
        connection.execute("VACUUM")
    finally:
        connection.close()


def _title_rows(titles: pd.DataFrame, splits: pd.Series) -> Iterable[tuple[Any, ...]]:
    plain = titles.astype(object).mask(titles.isna(), None)
    plain["genres"] = [json.dumps(list(row), ensure_ascii=False) for row in titles["genres"]]
    for name in ("year", "votes"):
        plain[name] = [None if pd.isna(value) else int(value) for value in titles[name]]
    plain["release_date"] = [value.isoformat() if isinstance(value, dt.date) else None for value in plain["release_date"]]
    parts = [part if isinstance(part, str) else None for part in splits]
    return zip(*(plain[name] for name in TITLE_COLUMNS), parts, strict=True)


class Catalogue:
    """Reads a catalogue; safe to share between threads and processes, for it never changes."""

    def __init__(self, path: Path) -> None:
        """Open the file read-only."""
        self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row

    def count(self) -> int:
        """Return how many titles there are."""
        return int(self._connection.execute("SELECT count(*) FROM titles").fetchone()[0])

    def get(self, title_id: str) -> CatalogueTitle | None:
        """Return a title, or None."""
        row = self._connection.execute("SELECT * FROM titles WHERE title_id = ?", (title_id,)).fetchone()
        if row is None:
            return None
        values = dict(row) | {"genres": json.loads(row["genres"])}
        split = values.pop("split")
        found = self._connection.execute("SELECT genre, probability FROM predictions WHERE title_id = ? ORDER BY probability DESC", (title_id,))
        return CatalogueTitle(title=Title(**values), predicted=[PredictedGenre(**dict(hit)) for hit in found], split=split)

    def count_genres(self) -> dict[str, int]:
        """Return how many titles are listed under each genre."""
        counts = self._connection.execute("SELECT value, count(*) FROM titles, json_each(titles.genres) GROUP BY value")
        return dict.fromkeys(GENRES, 0) | dict(counts.fetchall())

    def list_learnt(self) -> tuple[set[str], set[tuple[str, str]]]:
        """Return the titles the model was trained or tuned on: their ids, and their normalised titles with type."""
        rows = self._connection.execute("SELECT title_id, title, type FROM titles WHERE split IN ('train', 'validation')").fetchall()
        return {row["title_id"] for row in rows}, {(normalise_title(row["title"]), row["type"]) for row in rows}

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
