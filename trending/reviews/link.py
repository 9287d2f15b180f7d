"""Which title each review is about, and an account of every review: kept, merged into another, or quarantined with its reason.

All of it runs inside DuckDB over narrow tables of keys, so memory is bounded by the connection's limit; texts are read only where two may be copies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa
from duckdb.func import PythonUDFType

from trending.cleaning.text import normalise_title
from trending.errors import QualityError
from trending.reviews.duplicates import find_copies

_TITLE_KEY = "review_title_key"

_WANTED = """
CREATE OR REPLACE TEMP TABLE review_wanted AS
SELECT position, title_id, link_imdb_id, link_title, link_type, link_year FROM reviews_in
SEMI JOIN (SELECT max(position) AS position FROM reviews_in GROUP BY review_id) USING (position)
"""
_WORKS = """
CREATE OR REPLACE TEMP TABLE review_works AS
SELECT title_id, imdb_id, type, year::INTEGER AS year, title, coalesce(work_id, title_id) AS work_id
FROM titles_in LEFT JOIN (SELECT title_id, work_id FROM matches_in) USING (title_id)
"""
_BY_ID = """
CREATE OR REPLACE TEMP TABLE review_links AS
SELECT position, title_id, work_id, NULL::VARCHAR AS reason FROM review_wanted JOIN review_works USING (title_id)
"""
_BY_IMDB = """
INSERT INTO review_links
WITH known AS (
  SELECT imdb_id, min(title_id) AS title_id, min(work_id) AS work_id, count(DISTINCT work_id) > 1 AS ambiguous
  FROM review_works WHERE imdb_id IS NOT NULL GROUP BY imdb_id
), open AS (SELECT position, link_imdb_id FROM review_wanted ANTI JOIN review_links USING (position))
SELECT position, title_id, work_id, if(ambiguous, 'title_ambiguous', NULL) FROM open JOIN known ON imdb_id = link_imdb_id
"""
_REQUESTS = """
CREATE OR REPLACE TEMP TABLE review_requests AS
SELECT row_number() OVER () AS request, *, review_title_key(link_title) AS title_key
FROM (SELECT DISTINCT link_title, link_type, link_year FROM review_wanted ANTI JOIN review_links USING (position) WHERE link_title IS NOT NULL)
"""
# Tiers: the very year, a year beside it, a year unknown on either side, another year. The last only says that there are others of that name.
_CANDIDATES = """
CREATE OR REPLACE TEMP TABLE review_candidates AS
WITH keyed AS (SELECT title_id, work_id, type, year, review_title_key(title) AS title_key FROM review_works WHERE EXISTS (FROM review_requests)),
rated AS (
  SELECT request, work_id, title_id,
    CASE WHEN year = link_year THEN 0 WHEN abs(year - link_year) = 1 THEN 1 WHEN year IS NULL OR link_year IS NULL THEN 2 ELSE 3 END AS tier
  FROM review_requests JOIN keyed USING (title_key) WHERE link_type IS NULL OR type = link_type
)
SELECT request, work_id, min(tier) AS tier, min_by(title_id, (tier, title_id)) AS title_id FROM rated GROUP BY request, work_id
"""
# One work in the best tier is an answer; where years say nothing, only if no other work has that name.
_BY_TITLE = """
INSERT INTO review_links
WITH best AS (SELECT request, min(tier) AS tier, count(*) AS works FROM review_candidates GROUP BY request),
answers AS (
  SELECT request, min(title_id) AS title_id, min(work_id) AS work_id, count(*) > 1 OR (any_value(tier) = 2 AND any_value(works) > 1) AS ambiguous
  FROM review_candidates JOIN best USING (request, tier) WHERE tier < 3 GROUP BY request
), open AS (SELECT * FROM review_wanted ANTI JOIN review_links USING (position))
SELECT position, answers.title_id, work_id, if(ambiguous, 'title_ambiguous', NULL)
FROM open
JOIN review_requests AS asked ON open.link_title = asked.link_title
  AND open.link_type IS NOT DISTINCT FROM asked.link_type AND open.link_year IS NOT DISTINCT FROM asked.link_year
JOIN answers USING (request)
"""
_LINKED = """
CREATE OR REPLACE TEMP VIEW linked_reviews AS
SELECT review_id, linked.title_id, source, author_hash, rating, headline, text, language, review_date, spoiler, url, data_licence, rights_class
FROM reviews_in JOIN (SELECT position, title_id FROM review_links ANTI JOIN review_copies USING (position) WHERE reason IS NULL) AS linked USING (position)
ORDER BY review_id
"""
_UNLINKED = """
CREATE OR REPLACE TEMP VIEW unlinked_reviews AS
SELECT reviews_in.*, coalesce(failed.reason, 'title_unknown') AS reason,
  concat_ws(', ', reviews_in.title_id, link_imdb_id, link_title, link_type, link_year) AS detail
FROM reviews_in SEMI JOIN review_wanted USING (position) LEFT JOIN review_links AS failed USING (position)
WHERE failed.position IS NULL OR failed.reason IS NOT NULL
ORDER BY position
"""


@dataclass(frozen=True)
class LinkReport:
    """Where each review went: `rows_in == kept + sum(merged) + sum(quarantined)`."""

    rows_in: int
    kept: int
    merged: dict[str, int]
    """By what two reviews shared: review_id (an older version of the same review), same_text, near_text."""
    quarantined: dict[str, int]
    """By reason: title_unknown, title_ambiguous."""

    def check(self) -> None:
        """Assert that no review was lost.

        Raises:
            QualityError: If the counts don't add up.
        """
        merged, quarantined = sum(self.merged.values()), sum(self.quarantined.values())
        if self.rows_in != self.kept + merged + quarantined:
            raise QualityError(f"{self.rows_in} reviews in but {self.kept} kept + {merged} merged + {quarantined} quarantined", where="linking of reviews")


def link_reviews(connection: duckdb.DuckDBPyConnection, reviews: str, titles: str, matches: str) -> LinkReport:
    """Link reviews to titles and merge copies; two temporary views are left on the connection.

    A review is linked by its `title_id` if that exists, else by IMDb id, else by normalised title, type and year: one work of that year, or else
    one a year off, or else (a year is unknown) the only work of that name. Of a work's titles the smallest `title_id` that fits stands for it.
    Copies are looked for within a work: see `trending.reviews.duplicates`.

    `linked_reviews` has the columns of `REVIEW_SCHEMA`, ordered by review_id. `unlinked_reviews` has all columns of `reviews`, `reason`
    (title_unknown or title_ambiguous) and `detail` (what it was asked by), ordered by position. Both read `reviews` when they are read.

    Args:
        connection: What the relations live on.
        reviews: Table or view with the columns of `CLEAN_REVIEW_SCHEMA` and `position`, a unique whole number: of two rows with the same review_id
            the one with the greater position is the newer. Other columns are carried into `unlinked_reviews`.
        titles: Table or view with title_id (unique), title, type, year, imdb_id.
        matches: Table or view with title_id (unique) and work_id; a title without one is a work of its own.

    Returns:
        The account, checked.

    Raises:
        QualityError: If a review was lost on the way.
    """
    for name, given in (("reviews_in", reviews), ("titles_in", titles), ("matches_in", matches)):
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM {given}")
    for statement in (_WANTED, _WORKS, _BY_ID, _BY_IMDB):
        connection.execute(statement)
    with _title_key(connection):
        for statement in (_REQUESTS, _CANDIDATES):
            connection.execute(statement)
    connection.execute(_BY_TITLE)
    copies = find_copies(connection)
    connection.execute(_LINKED)
    connection.execute(_UNLINKED)
    rows_in, wanted = _count(connection, "FROM reviews_in SELECT count(*)"), _count(connection, "FROM review_wanted SELECT count(*)")
    reasons = connection.execute("FROM unlinked_reviews SELECT reason, count(*) GROUP BY reason ORDER BY reason").fetchall()
    report = LinkReport(
        rows_in=rows_in,
        kept=_count(connection, "FROM linked_reviews SELECT count(*)"),
        merged={"review_id": rows_in - wanted, **copies},
        quarantined=dict(reasons),
    )
    report.check()
    return report


@contextmanager
def _title_key(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Lend the connection `normalise_title`, a batch of titles at a time."""

    def normalise(titles: pa.ChunkedArray) -> pa.Array:
        return pa.array((None if title is None else normalise_title(title) for title in titles.to_pylist()), type=pa.string())

    connection.create_function(_TITLE_KEY, normalise, ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW)
    try:
        yield
    finally:
        connection.remove_function(_TITLE_KEY)


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    # All rows are fetched: a result left unfinished would block the connection.
    return int(connection.execute(query).fetchall()[0][0])
