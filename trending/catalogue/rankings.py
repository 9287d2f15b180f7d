"""Rankings of what is trending over a week, a month and a quarter, made when the catalogue is written.

A window's score is the mean of its weekly scores: the latest one, the last 4, the last 13 (fewer if there are no more). In a week whose list lacks a title
it counts as that week's last: nothing was heard of it, and 0, which means "typical" in the trending score, would put it before titles that were listed.
Films and TV are ranked together.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import numpy as np
import pandas as pd

from trending.catalogue.content import Order
from trending.catalogue.words import MAX_FIELD_CHARS, clean_text

WEEKS = {"week": 1, "month": 4, "quarter": 13}


def write_trends(
    connection: sqlite3.Connection, trends: pd.DataFrame | None, works: pd.Series | None, titles: pd.DataFrame, order: Order, work_rows: Order
) -> str | None:
    """Write points, parts and the ranking of every window; return the latest day, None without trends.

    Args:
        connection: Of the catalogue that is being written.
        trends: Scores, several days.
        works: Work per title, if known: finds the row of a trend whose own title isn't in the catalogue.
        titles: The titles.
        order: Index into `titles` per row.
        work_rows: The row that speaks, per row.
    """
    if trends is None or trends.empty:
        return None
    ids = titles["title_id"].to_numpy()[order]
    rows = trends["title_id"].map(dict(zip(ids, work_rows, strict=True)))
    if works is not None and "work_id" in trends:
        rows = rows.fillna(trends["work_id"].map(dict(zip(works.to_numpy()[order], work_rows, strict=True))))
    known = trends.assign(row=rows, day=pd.to_datetime(trends["as_of"]).dt.strftime("%Y-%m-%d"))[rows.notna().to_numpy()]
    if known.empty:
        return None
    known = known.assign(row=known["row"].astype(np.int64)).sort_values("score", ascending=False, kind="stable").drop_duplicates(["row", "day"])
    points = known.pivot(index="row", columns="day", values="score")
    connection.executemany("INSERT INTO trend_points VALUES (?, ?, ?)", known[["row", "day", "score"]].astype(object).itertuples(index=False, name=None))
    latest = str(points.columns[-1])
    parts = known[known["day"] == latest]
    connection.executemany(
        "INSERT INTO trend_parts VALUES (?, ?)", [(int(row), _dump_parts(given)) for row, given in zip(parts["row"], parts["parts"], strict=True)]
    )
    for span, weeks in WEEKS.items():
        recent = points.iloc[:, -weeks:].dropna(how="all")
        scores = recent.fillna(recent.min()).mean(axis=1).sort_index().sort_values(ascending=False, kind="stable")
        ranked = [(span, rank, int(row), round(float(score), 4)) for rank, (row, score) in enumerate(scores.items(), 1)]  # type: ignore[call-overload]
        connection.executemany("INSERT INTO rankings VALUES (?, ?, ?, ?)", ranked)
    return latest


def _dump_parts(parts: Any) -> str:
    kept = [] if parts is None or isinstance(parts, float) else parts
    return json.dumps(
        [{"name": part["name"], "value": round(float(part["value"]), 4), "sentence": clean_text(part["sentence"], MAX_FIELD_CHARS)} for part in kept]
    )
