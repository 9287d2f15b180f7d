"""Counting of the facts of a data version with DuckDB, which reads only the columns it needs and spills what doesn't fit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from trending.errors import InputError, UsageError
from trending.ingestion.database import create_table, create_view, open_database
from trending.reports.eda.describe_titles import describe_titles
from trending.reports.eda.facts import EdaFacts, OverlapFacts, Refused, ReviewFacts, ReviewSource, SignalFacts, SignalSeries, TrendFacts, Trending
from trending.reports.eda.measures import count_values, draw_histogram, measure_spread, measure_spreads, read_one
from trending.tables import TABLES

TOP = 10


def describe_tables(tables: Mapping[str, Sequence[Path]]) -> EdaFacts:
    """Count the facts of a data version.

    Args:
        tables: Parquet files by table name (`trending.tables.TABLES`); a table may be absent or have no files, and a file may lack columns.

    Returns:
        Figures only. Plots are read for genre words in a sample (`describe_titles.LEAK_SAMPLE` a source); everything else is counted in full.

    Raises:
        UsageError: A name is no table.
        InputError: A file can't be read.
    """
    with _open_tables(tables) as connection:
        return EdaFacts(
            titles=describe_titles(connection),
            overlap=_describe_overlap(connection),
            reviews=_describe_reviews(connection),
            signals=_describe_signals(connection),
            trends=_describe_trends(connection),
            quarantine=_describe_quarantine(connection),
            identifiers=dict(connection.execute("SELECT scheme, count(DISTINCT title_id) FROM identifiers GROUP BY scheme ORDER BY 2 DESC, 1").fetchall()),
        )


@contextmanager
def _open_tables(tables: Mapping[str, Sequence[Path]]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database with one view a table, each with all columns of its schema: a version older than a column lacks it."""
    unknown = sorted(set(tables) - set(TABLES))
    if unknown:
        raise UsageError(f"no table {unknown[0]!r}", where="tables", mend=f"choose from: {', '.join(TABLES)}")
    with tempfile.TemporaryDirectory(prefix="trending-eda-") as scratch, open_database(Path(scratch)) as connection:
        try:
            for name, schema in TABLES.items():
                create_table(connection, f"{name}_none", schema)
                parts = f"FROM {name}_none"
                if files := tables.get(name):
                    create_view(connection, f"{name}_files", files, schema)
                    parts += f" UNION ALL BY NAME FROM {name}_files"
                connection.execute(f"CREATE VIEW {name} AS {parts}")
            yield connection
        except duckdb.Error as error:
            raise InputError(f"the tables can't be read: {error}", where="data version", mend="build or pull the version again") from error


def _describe_overlap(connection: duckdb.DuckDBPyConnection) -> OverlapFacts:
    connection.execute("CREATE TEMP TABLE presence AS SELECT DISTINCT work_id, source FROM matches JOIN titles USING (title_id)")
    sources = [source for (source,) in connection.execute("SELECT source FROM presence GROUP BY source ORDER BY count(*) DESC, source").fetchall()]
    pairs = {
        (one, other): works
        for one, other, works in connection.execute(
            "SELECT a.source, b.source, count(*) FROM presence a JOIN presence b USING (work_id) GROUP BY ALL"
        ).fetchall()
    }
    works, several = read_one(connection, "SELECT count(*), count(*) FILTER (n > 1) FROM (SELECT count(*) AS n FROM presence GROUP BY work_id)")
    return OverlapFacts(
        works=works,
        in_several=several,
        sources=sources,
        shared=[[pairs.get((one, other), 0) for other in sources] for one in sources],
        evidence=dict(connection.execute("SELECT how, count(*) FROM matches GROUP BY how ORDER BY 2 DESC, 1").fetchall()),
    )


def _describe_reviews(connection: duckdb.DuckDBPyConnection) -> ReviewFacts:
    rows = connection.execute(
        """SELECT source, count(*), count(DISTINCT title_id), min(review_date), max(review_date),
                  count(*) FILTER (spoiler), count(*) FILTER (spoiler IS NULL)
           FROM reviews GROUP BY source ORDER BY source"""
    ).fetchall()
    count, titles, authors = read_one(connection, "SELECT count(*), count(DISTINCT title_id), count(DISTINCT author_hash) FROM reviews")
    ratings = connection.sql("SELECT source AS name, rating AS value FROM reviews WHERE rating IS NOT NULL")
    chars = connection.sql("SELECT source AS name, length(text) AS value FROM reviews WHERE text IS NOT NULL")
    return ReviewFacts(
        rows=count,
        titles=titles,
        authors=authors,
        sources=[ReviewSource(**dict(zip(ReviewSource.model_fields, row, strict=True))) for row in rows],
        ratings=measure_spreads(ratings),
        rating_histogram=draw_histogram(ratings, width=1, bins=11),
        chars=measure_spreads(chars),
        char_histogram=draw_histogram(chars, width=250, bins=20),
        per_title=measure_spread(connection.sql("SELECT count(*) AS value FROM reviews GROUP BY title_id")),
        languages=count_values(connection.sql("SELECT language AS value FROM reviews WHERE language IS NOT NULL")),
    )


def _describe_signals(connection: duckdb.DuckDBPyConnection) -> SignalFacts:
    rows = connection.execute(
        """SELECT source, kind, count(*), count(DISTINCT title_id), count(DISTINCT market), min(period_start),
                  max(period_start + CAST(days AS INTEGER) - 1), median(value)
           FROM signals GROUP BY source, kind ORDER BY source, kind"""
    ).fetchall()
    count, titles = read_one(connection, "SELECT count(*), count(DISTINCT title_id) FROM signals")
    return SignalFacts(
        rows=count,
        titles=titles,
        series=[SignalSeries(**dict(zip(SignalSeries.model_fields, row, strict=True))) for row in rows],
        markets=count_values(connection.sql("SELECT market AS value FROM signals WHERE market IS NOT NULL")),
    )


def _describe_trends(connection: duckdb.DuckDBPyConnection) -> TrendFacts:
    count, as_of = read_one(connection, "SELECT count(*), max(as_of) FROM trends")
    rows = connection.execute(
        """SELECT type, rank, title, score, list_transform(list_filter(parts, lambda part: part.value != 0), lambda part: part.sentence)
           FROM trends WHERE as_of = ? QUALIFY row_number() OVER (PARTITION BY type ORDER BY rank, work_id) <= ? ORDER BY type, rank, work_id""",
        [as_of, TOP],
    ).fetchall()
    return TrendFacts(rows=count, as_of=as_of, top=[Trending(**dict(zip(Trending.model_fields, row, strict=True))) for row in rows])


def _describe_quarantine(connection: duckdb.DuckDBPyConnection) -> list[Refused]:
    rows = connection.execute("SELECT source, kind, reason, count(*) FROM quarantine GROUP BY ALL ORDER BY 4 DESC, 1, 2, 3").fetchall()
    return [Refused(**dict(zip(Refused.model_fields, row, strict=True))) for row in rows]
