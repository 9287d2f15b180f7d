"""The trending score of every work that has signals: works of one type compete, on the day the latest period ended.

The score itself is `trending.trends`; here the signals of a work's rows are put together, and the result laid out as a table: of the latest day, as a
data version keeps it, or of every week of a quarter, as a release shows it.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from trending.cleaning.rights import may_train
from trending.datasets.tables import table_files
from trending.ingestion.database import create_view, open_database
from trending.reviews.signals import review_signals
from trending.tables import SIGNAL_SCHEMA, TABLES, TREND_SCHEMA
from trending.titles import TITLE_TYPES
from trending.trends import TrendScore, score_titles
from trending.trends.series import WEEKS

HISTORY_WEEKS = 13
# A work may have several rows of one source: what was counted adds up, the better place counts, ratings are weighed.
_WORK_SIGNALS = """
SELECT m.work_id AS title_key, s.source, s.kind, s.period_start, s.days,
       CASE s.kind WHEN 'rank' THEN min(s.value) WHEN 'rating' THEN sum(s.value * s.weight) / sum(s.weight) ELSE sum(s.value) END AS value,
       CASE s.kind WHEN 'rating' THEN sum(s.weight) ELSE 1.0 END AS weight
FROM all_signals s JOIN matches m USING (title_id)
WHERE m.work_id IN (SELECT work_id FROM titles JOIN matches USING (title_id)) AND s.market = $market AND s.period_start + s.days::INTEGER <= $as_of::DATE
  AND (s.kind = 'rating' OR s.period_start + s.days::INTEGER > $as_of::DATE - $window::INTEGER)
GROUP BY m.work_id, s.source, s.kind, s.period_start, s.days
"""
_LATEST = (
    "SELECT max(period_start + days::INTEGER) FROM all_signals WHERE market = $market AND period_start + days::INTEGER <= $today::DATE AND kind <> 'rating'"
)
# Sources may differ on whether a work is a film or a show: the row that speaks for it decides.
_SPEAKERS = """
SELECT m.work_id, unnest(arg_min({'title_id': t.title_id, 'title': t.title, 'type': t.type}, (t.plot IS NULL, -coalesce(t.votes, 0), t.title_id)))
FROM titles t JOIN matches m USING (title_id) WHERE m.work_id IN (SELECT title_key FROM wanted) GROUP BY m.work_id
"""
# What is made of reviews is made anew each time, for reviews move between weeks and titles; a source's own figure goes before it.
_ALL_SIGNALS = f"""
CREATE TEMP VIEW all_signals AS
FROM signals UNION ALL
SELECT {", ".join(SIGNAL_SCHEMA.names)} FROM review_signals ANTI JOIN signals USING (title_id, source, kind, market, period_start, days)
"""


def find_day(connection: duckdb.DuckDBPyConnection, market: str, today: dt.date) -> dt.date | None:
    """Return the day the latest known period ended, today at the latest; None without signals."""
    ((latest,),) = connection.execute(_LATEST, {"market": market, "today": today}).fetchall()
    return latest.date() if isinstance(latest, dt.datetime) else latest


def score_works(connection: duckdb.DuckDBPyConnection, as_of: dt.date, market: str) -> pa.Table:
    """Score every work with signals in a market.

    Args:
        connection: With `titles`, `all_signals` and `matches` readable.
        as_of: Signals whose period ends later are never read.
        market: "global" or a country.

    Returns:
        Rows of `TREND_SCHEMA`, ranked from 1 within films and within TV.
    """
    window = 7 * (WEEKS + 1)
    signals = connection.execute(_WORK_SIGNALS, {"market": market, "as_of": as_of, "window": window}).df()
    signals["period_start"] = pd.to_datetime(signals["period_start"]).astype("datetime64[ns]")
    signals["days"] = signals["days"].astype("int64")
    connection.register("wanted", signals[["title_key"]].drop_duplicates())
    speakers = {work: speaker for work, *speaker in connection.execute(_SPEAKERS).fetchall()}
    connection.unregister("wanted")
    kinds = signals["title_key"].map(lambda work: speakers[work][2])
    ranked = [(rank, one) for kind in TITLE_TYPES for rank, one in enumerate(score_titles(signals[kinds == kind], as_of), 1)]
    return pa.Table.from_pylist([_row(rank, one, *speakers[one.title_key]) for rank, one in ranked], schema=TREND_SCHEMA)


def _row(rank: int, one: TrendScore, title_id: str, title: str, kind: str) -> dict[str, Any]:
    return {
        "work_id": one.title_key,
        "title_id": title_id,
        "title": title,
        "type": kind,
        "as_of": one.as_of,
        "rank": rank,
        "score": one.score,
        "parts": [{"name": part.name, "value": part.value, "sentence": part.sentence} for part in one.parts],
    }


def score_tables(tables: Path, market: str, as_of: dt.date | None, today: dt.date) -> pd.DataFrame:
    """Score the works of a version.

    Args:
        tables: Folder with `titles`, `signals`, `reviews` and `matches`.
        market: "global" or a country.
        as_of: The day; by default the end of the latest period that is over by `today`.
        today: What ends later is not known yet.

    Returns:
        Rows of `TREND_SCHEMA`; none without signals.
    """
    with _open_signals(tables, today) as database:
        day = as_of or find_day(database, market, today)
        table = score_works(database, day, market) if day else TREND_SCHEMA.empty_table()
    return frame_trends(table)


def frame_trends(table: pa.Table) -> pd.DataFrame:
    """Return a table of trends as a frame, parts as plain lists."""
    frame: pd.DataFrame = table.to_pandas(date_as_object=True)
    return frame.assign(parts=frame["parts"].map(list))


def score_history(tables: Path, market: str, today: dt.date, rights: Sequence[str]) -> pd.DataFrame:
    """Score the works of a version on the latest day and on the same day of the 12 weeks before, from rows that may be shown.

    Args:
        tables: Folder with `titles`, `signals`, `reviews` and `matches`.
        market: "global" or a country.
        today: What ends later is not known yet.
        rights: Patterns of the rights classes that may be shown.

    Returns:
        Rows of `TREND_SCHEMA`, the latest day first; parts on that day only. None without signals.
    """
    with _open_signals(tables, today, rights) as database:
        latest = find_day(database, market, today)
        days = [latest - dt.timedelta(weeks=week) for week in range(HISTORY_WEEKS)] if latest else []
        scored = [frame_trends(score_works(database, day, market)) for day in days]
    earlier = [frame.assign(parts=frame["parts"].map(lambda parts: parts[:0])) for frame in scored[1:] if len(frame)]
    return pd.concat([*scored[:1], *earlier], ignore_index=True) if scored else frame_trends(TREND_SCHEMA.empty_table())


@contextmanager
def _open_signals(tables: Path, today: dt.date, rights: Sequence[str] | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a version's tables with every signal there is by `today`; with `rights`, only rows these patterns let through."""
    with tempfile.TemporaryDirectory(prefix="trends-") as scratch, open_database(Path(scratch)) as database:
        create_view(database, "matches", table_files(tables, "matches"), TABLES["matches"])
        for name in ("titles", "signals", "reviews"):
            create_view(database, name if rights is None else f"every_{name}", table_files(tables, name), TABLES[name])
            if rights is not None:
                _keep_allowed(database, name, rights)
        review_signals(database, "reviews", today)
        database.execute(_ALL_SIGNALS)
        yield database


def _keep_allowed(database: duckdb.DuckDBPyConnection, name: str, rights: Sequence[str]) -> None:
    found: list[str] = [row[0] for row in database.execute(f"SELECT DISTINCT rights_class FROM every_{name}").fetchall()]
    allowed = pa.table({"rights_class": [one for one in found if may_train(one, rights)]}, schema=pa.schema([("rights_class", pa.string())]))
    database.from_arrow(allowed).create(f"{name}_rights")
    database.execute(f"CREATE TEMP VIEW {name} AS FROM every_{name} SEMI JOIN {name}_rights USING (rights_class)")
