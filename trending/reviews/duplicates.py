"""Copies among the reviews of one work: the same text under another name or at another source, and texts that differ by small edits.

Works on the tables that `trending.reviews.link` leaves on the connection, and in time linear in the reviews: copies are met through keys, never by
comparing each with each. A copy edited at both ends, or cut to less than about three quarters, is therefore missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa
from duckdb.func import PythonUDFType

MIN_KEY = 40  # characters; shorter texts ("A great film!") agree by chance, and are copies only if one author wrote them
EDGE = 80  # characters two edited copies still share at the beginning or at the end
SIMILAR = 0.85  # of 1 (indel similarity): what an edited copy keeps of its original
_SIMILARITY = "review_similarity"

# Letters and digits only, in lower case. The better of two copies is the one with a rating, then with a date, then the longer; ids break ties.
_TEXTS = """
CREATE OR REPLACE TEMP TABLE review_texts AS
WITH keyed AS (
  SELECT position, review_id, work_id, author_hash, rating IS NULL AS unrated, review_date IS NULL AS undated,
    regexp_replace(lower(text), '[^\\p{L}\\p{N}]', '', 'g') AS key
  FROM reviews_in JOIN (SELECT position, work_id FROM review_links WHERE reason IS NULL) USING (position)
)
SELECT position, review_id, work_id, unrated, undated, length(key) AS size, md5_number(key) AS whole,
  md5_number(left(key, $edge)) AS head, md5_number(right(key, $edge)) AS tail,
  if(length(key) < $min_key, coalesce(author_hash, review_id), NULL) AS writer
FROM keyed
"""
_SAME = """
CREATE OR REPLACE TEMP TABLE review_copies AS
SELECT position, 'same_text' AS how FROM (
  SELECT position, row_number() OVER (PARTITION BY work_id, whole, writer ORDER BY unrated, undated, size DESC, review_id) AS place FROM review_texts
) WHERE place > 1
"""
# Each text is compared with the best of those that share its edge, so a review is merged into a better one, and the best of all remains.
_PAIRS = """
CREATE OR REPLACE TEMP TABLE review_pairs AS
WITH single AS (FROM review_texts ANTI JOIN review_copies USING (position) WHERE size >= $edge),
edges AS (SELECT *, 'head' AS side, head AS edge FROM single UNION ALL SELECT *, 'tail', tail FROM single),
placed AS (
  SELECT position, first_value(position) OVER (PARTITION BY work_id, side, edge ORDER BY unrated, undated, size DESC, review_id) AS better FROM edges
)
SELECT DISTINCT position, better FROM placed WHERE position <> better
"""
_NEAR = """
INSERT INTO review_copies
SELECT DISTINCT review_pairs.position, 'near_text'
FROM review_pairs JOIN reviews_in AS copy ON copy.position = review_pairs.position JOIN reviews_in AS original ON original.position = better
WHERE review_similarity(copy.text, original.text) >= $similar
"""


def find_copies(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Fill the temporary table `review_copies` (position, how) with the reviews to be merged into a better copy of the same work.

    Args:
        connection: With the relation `reviews_in` and the table `review_links`.

    Returns:
        How many were found as same_text and as near_text.
    """
    connection.execute(_TEXTS, {"edge": EDGE, "min_key": MIN_KEY})
    connection.execute(_SAME)
    connection.execute(_PAIRS, {"edge": EDGE})
    with _similarity(connection):
        connection.execute(_NEAR, {"similar": SIMILAR})
    found = dict(connection.execute("FROM review_copies SELECT how, count(*) GROUP BY how").fetchall())
    return {how: found.get(how, 0) for how in ("same_text", "near_text")}


@contextmanager
def _similarity(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Lend the connection rapidfuzz's indel similarity, a batch of pairs at a time."""
    from rapidfuzz.distance import Indel

    def compare(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.Array:
        pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
        return pa.array((Indel.normalized_similarity(one.casefold(), other.casefold(), score_cutoff=SIMILAR) for one, other in pairs), type=pa.float64())

    connection.create_function(_SIMILARITY, compare, ["VARCHAR", "VARCHAR"], "DOUBLE", type=PythonUDFType.ARROW)
    try:
        yield
    finally:
        connection.remove_function(_SIMILARITY)
