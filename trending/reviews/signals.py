"""Weekly signals from linked reviews: how many a title got at a source, and how they rated it on average."""

from __future__ import annotations

import datetime as dt

import duckdb

# Weeks begin on Monday. The mean is of whole hundredths, so that its last digit doesn't depend on the order rows are read in. Where rights within a week
# differ, the strictest hold for the figure made of all of them.
_SIGNALS = """
CREATE OR REPLACE TEMP TABLE review_signals AS
WITH dated AS (
  SELECT *, date_trunc('week', review_date)::DATE AS monday,
    CASE WHEN regexp_matches(rights_class, '_(restricted|derived)$') THEN 2 WHEN rights_class LIKE 'open%' THEN 0 ELSE 1 END AS strictness
  FROM signal_reviews_in WHERE review_date IS NOT NULL
), weeks AS (
  SELECT title_id, source, monday, count(*)::DOUBLE AS reviews, count(rating)::DOUBLE AS ratings, sum(round(100 * rating)::BIGINT)::DOUBLE / 100 AS total,
    max((strictness, rights_class, coalesce(data_licence, ''))) AS rights
  FROM dated WHERE monday + 7 <= $as_of::DATE GROUP BY title_id, source, monday
), kinds AS (
  SELECT *, 'reviews' AS kind, reviews AS value, 1.0::DOUBLE AS weight FROM weeks
  UNION ALL SELECT *, 'rating', total / ratings, ratings FROM weeks WHERE ratings > 0
)
SELECT title_id, source, kind, 'global' AS market, value, monday AS period_start, 7::BIGINT AS days, weight,
  nullif(rights[3], '') AS data_licence, rights[2] AS rights_class
FROM kinds ORDER BY title_id, kind, market, period_start, days, source
"""


def review_signals(connection: duckdb.DuckDBPyConnection, reviews: str, as_of: dt.date) -> int:
    """Make the temporary table `review_signals`, with the columns of `SIGNAL_SCHEMA`, from reviews that have a date.

    Per title, source and week: `reviews`, how many there were, and `rating`, their mean from 0 to 10 with the number of ratings as its weight.
    Weeks without reviews have no row.

    Args:
        connection: What the relation lives on.
        reviews: Table or view with the columns of `REVIEW_SCHEMA`: linked reviews of sources last crawled on `as_of`.
        as_of: Weeks not over on the morning of this day are left out: half a week would look like a fall in interest ever after.

    Returns:
        How many rows there are.
    """
    connection.execute(f"CREATE OR REPLACE TEMP VIEW signal_reviews_in AS FROM {reviews}")
    connection.execute(_SIGNALS, {"as_of": as_of})
    return int(connection.execute("FROM review_signals SELECT count(*)").fetchall()[0][0])
