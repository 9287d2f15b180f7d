"""The facts of the titles table."""

from __future__ import annotations

from collections import Counter
from typing import Any

import duckdb

from trending.features.masking import names_a_genre
from trending.genres import GENRE_INDEX, GENRES
from trending.reports.eda.facts import Leak, SharedPlots, SourceRows, TitleFacts, TypeCounts
from trending.reports.eda.measures import count_values, draw_histogram, measure_spreads, read_one

LEAK_SAMPLE = 20_000  # plots a source: the share is then known to within 0.7 points (95 %)
_BATCH = 4_096


def describe_titles(connection: duckdb.DuckDBPyConnection) -> TitleFacts:
    """Count the facts of the view `titles`."""
    rows, groups, films, shows = read_one(
        connection, "SELECT count(*), count(DISTINCT group_id), count(*) FILTER (type = 'movie'), count(*) FILTER (type = 'tv') FROM titles"
    )
    ratings = connection.sql("SELECT source AS name, rating AS value FROM titles WHERE rating IS NOT NULL")
    chars = connection.sql("SELECT source AS name, length(plot) AS value FROM titles WHERE plot IS NOT NULL")
    per_title = connection.execute("SELECT coalesce(len(list_distinct(genres)), 0), count(*) FROM titles GROUP BY 1 ORDER BY 1").fetchall()
    return TitleFacts(
        rows=rows,
        groups=groups,
        types=TypeCounts(movie=films, tv=shows),
        sources=_count_sources(connection),
        decades=_count_types(connection.sql("SELECT year // 10 * 10, type, count(*) FROM titles WHERE year IS NOT NULL GROUP BY 1, 2 ORDER BY 1")),
        missing=_count_missing(connection),
        genres={genre: TypeCounts() for genre in GENRES}
        | _count_types(connection.sql("SELECT genre, type, count(*) FROM (SELECT unnest(list_distinct(genres)) AS genre, type FROM titles) GROUP BY 1, 2")),
        genre_pairs=_count_pairs(connection),
        genres_per_title=dict(per_title),
        plot_chars=measure_spreads(chars),
        plot_histogram=draw_histogram(chars, width=50, bins=25),
        leaks=_find_leaks(connection),
        shared_plots=_find_shared_plots(connection),
        ratings=measure_spreads(ratings),
        rating_histogram=draw_histogram(ratings, width=0.5, bins=20),
        votes=measure_spreads(connection.sql("SELECT source AS name, votes AS value FROM titles WHERE votes IS NOT NULL")),
        languages=count_values(connection.sql("SELECT language AS value FROM titles WHERE language IS NOT NULL")),
        # A title made in several countries counts in each.
        countries=count_values(
            connection.sql("SELECT value FROM (SELECT unnest(string_split_regex(country, '\\s*,\\s*')) AS value FROM titles) WHERE value != ''")
        ),
    )


def _count_sources(connection: duckdb.DuckDBPyConnection) -> list[SourceRows]:
    found = connection.execute(
        """SELECT source, rights_class, count(*), count(*) FILTER (type = 'movie'), count(*) FILTER (type = 'tv'), min(year), max(year)
           FROM titles GROUP BY source, rights_class ORDER BY 3 DESC, 1, 2"""
    ).fetchall()
    return [
        SourceRows(source=source, rights_class=rights, rows=rows, types=TypeCounts(movie=films, tv=shows), first_year=first, last_year=last)
        for source, rights, rows, films, shows, first, last in found
    ]


def _count_types(counted: duckdb.DuckDBPyRelation) -> dict[Any, TypeCounts]:
    counts: dict[Any, dict[str, int]] = {}
    for key, kind, rows in counted.fetchall():
        counts.setdefault(key, {})[kind] = rows
    return {key: TypeCounts(**by_type) for key, by_type in counts.items()}


def _count_missing(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    """Return, by source, how many rows lack each column; a title without a genre lacks genres."""
    relation = connection.sql(
        """SELECT source, count(*) AS _rows, count(COLUMNS(* EXCLUDE (source))) FROM (
               SELECT * REPLACE (CASE WHEN len(genres) > 0 THEN genres END AS genres) FROM titles
           ) GROUP BY source ORDER BY source"""
    )
    names = relation.columns[2:]
    return {source: {name: rows - count for name, count in zip(names, counts, strict=True)} for source, rows, *counts in relation.fetchall()}


def _count_pairs(connection: duckdb.DuckDBPyConnection) -> list[list[int]]:
    pairs = connection.execute(
        """SELECT one, other, count(*) FROM (
               SELECT one, unnest(genres) AS other FROM (
                   SELECT unnest(genres) AS one, genres FROM (SELECT list_distinct(genres) AS genres FROM titles)
               )
           ) GROUP BY ALL"""
    ).fetchall()
    matrix = [[0] * len(GENRES) for _ in GENRES]
    for one, other, titles in pairs:
        if one in GENRE_INDEX and other in GENRE_INDEX:
            matrix[GENRE_INDEX[one]][GENRE_INDEX[other]] = titles
    return matrix


def _find_leaks(connection: duckdb.DuckDBPyConnection) -> list[Leak]:
    """Read a sample of each source's plots, drawn by a hash of the title's id so that the same table gives the same figure."""
    plots = dict(connection.execute("SELECT source, count(plot) FROM titles GROUP BY source ORDER BY source").fetchall())
    found = connection.execute(
        """WITH drawn AS (
               SELECT title_id FROM titles WHERE plot IS NOT NULL QUALIFY row_number() OVER (PARTITION BY source ORDER BY md5(title_id)) <= ?
           ) SELECT source, plot FROM titles SEMI JOIN drawn USING (title_id) WHERE plot IS NOT NULL""",
        [LEAK_SAMPLE],
    )
    read, naming = Counter[str](), Counter[str]()
    while batch := found.fetchmany(_BATCH):
        for source, plot in batch:
            read[source] += 1
            naming[source] += names_a_genre(plot)
    return [Leak(source=source, plots=count, read=read[source], naming=naming[source]) for source, count in plots.items()]


def _find_shared_plots(connection: duckdb.DuckDBPyConnection) -> SharedPlots:
    """Count plots under several titles; the key is that of `trending.cleaning.text.plot_key`, hashed to keep memory small."""
    texts, rows, most = read_one(
        connection,
        r"""SELECT count(*), coalesce(sum(n), 0)::BIGINT, coalesce(max(n), 0) FROM (
                SELECT count(*) AS n FROM (
                    SELECT lower(title) AS title, hash(left(regexp_replace(lower(plot), '[^\pL\pN_]+', '', 'g'), 240)) AS text
                    FROM titles WHERE plot IS NOT NULL
                ) GROUP BY text HAVING count(DISTINCT title) > 1
            )""",
    )
    return SharedPlots(texts=texts, rows=rows, most=most)
