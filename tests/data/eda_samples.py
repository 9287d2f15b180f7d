"""A small data version with something in every table, for tests of the report: written as ingestion writes it, hostile names included on demand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trending.tables import TABLES

Row = dict[str, Any]
DAY = dt.date(2026, 1, 5)


def write_tables(folder: Path, tables: Mapping[str, Sequence[Row]]) -> dict[str, list[Path]]:
    """Write rows, whose missing columns are null, one file a table."""
    found = {}
    for name, rows in tables.items():
        schema = TABLES[name]
        found[name] = [folder / f"{name}.parquet"]
        pq.write_table(pa.Table.from_pylist([{**dict.fromkeys(schema.names), **row} for row in rows], schema=schema), found[name][0])
    return found


def write_titles(folder: Path, titles: pd.DataFrame) -> dict[str, list[Path]]:
    """Write a frame of clean titles as the table of a version."""
    path = folder / "titles.parquet"
    pq.write_table(pa.Table.from_pandas(titles, schema=TABLES["titles"], preserve_index=False), path)
    return {"titles": [path]}


def title(number: int, source: str = "here", **values: Any) -> Row:
    """Return a row of titles."""
    row = {"title_id": f"{source}:{number}", "title": f"Title {number}", "type": "movie", "source": source, "source_id": str(number), "group_id": f"g{number}"}
    return {**row, "rights_class": "open_cc0", "genres": [], **values}


def make_version(source: str = "here", name: str = "Title 1", reason: str = "title_missing") -> dict[str, list[Row]]:
    """Return rows of every table: four titles in two sources, of three works."""
    titles = [
        title(1, source, title=name, year=1999, genres=["Drama", "War"], plot="A war film about bees.", rating=7.5, votes=10, language="en", country="US, FR"),
        title(2, source, year=2005, genres=["Drama"], plot="A keeper of bees never leaves.", rating=8.5, votes=30, language="en", country="US"),
        title(3, source, type="tv", plot="A WAR film, about bees!", rights_class="unclear", language="fr"),
        title(1, "there", type="movie", year=1999, genres=["War"]),
    ]
    ids = [row["title_id"] for row in titles]
    review = {"title_id": ids[0], "source": source, "author_hash": "a", "text": "x" * 300, "rating": 8.0, "language": "en", "review_date": DAY, "spoiler": True}
    signal = {"title_id": ids[0], "source": source, "kind": "views", "market": "global", "value": 5.0, "period_start": DAY, "days": 7, "weight": 1.0}
    parts = [{"name": "level", "value": 1.0, "sentence": "3 times the typical title's views"}, {"name": "rating", "value": 0.0, "sentence": "no ratings"}]
    works = {ids[0]: "w1", ids[3]: "w1", ids[1]: "w2", ids[2]: "w3"}
    return {
        "titles": titles,
        "identifiers": [{"title_id": one, "scheme": "imdb", "value": f"tt{one}", "source": source} for one in ids[:2]],
        "matches": [{"title_id": one, "work_id": work, "how": "id:imdb" if work == "w1" else "single", "score": 1.0} for one, work in works.items()],
        "reviews": [
            {"review_id": "1", **review},
            {"review_id": "2", **review, "author_hash": "b", "rating": None, "text": "y" * 100, "spoiler": None},
            {"review_id": "3", **review, "title_id": ids[1], "rating": 2.0, "spoiler": False, "review_date": DAY + dt.timedelta(days=9)},
        ],
        "signals": [signal, {**signal, "value": 7.0, "period_start": DAY + dt.timedelta(days=7)}, {**signal, "kind": "rank", "market": "FR", "value": 2.0}],
        "trends": [
            {"work_id": f"w{n}", "title_id": ids[0], "title": name, "type": "movie", "as_of": DAY, "rank": n, "score": 9.0 - n, "parts": parts}
            for n in range(1, 13)
        ],
        "quarantine": [{"quarantine_id": str(n), "kind": "title", "reason": reason, "source": source, "record": "{}"} for n in range(3)],
    }
