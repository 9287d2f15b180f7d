"""Reviews: what this run brought and what was there, linked to titles and rid of copies together."""

from __future__ import annotations

import duckdb

from trending.reviews.clean import CLEAN_REVIEW_SCHEMA
from trending.reviews.link import link_reviews
from trending.tables import REVIEW_SCHEMA

_LINKS = ", ".join(f"NULL::{'INTEGER' if name == 'link_year' else 'VARCHAR'} AS {name}" for name in CLEAN_REVIEW_SCHEMA.names if name.startswith("link_"))
_COLUMNS = ", ".join(CLEAN_REVIEW_SCHEMA.names)
# In the words of a raw review, so that it can be tried again once its title is known.
_RECORD = """
struct_pack(source := source, source_review_id := substr(review_id, length(source) + 2), title_source_id := CASE WHEN starts_with(title_id, source || ':')
  THEN substr(title_id, length(source) + 2) END, imdb_id := link_imdb_id, title := link_title, year := link_year, type := link_type, text := text,
  headline := headline, rating := rating, author_hash := author_hash, language := language, review_date := review_date, spoiler := spoiler, url := url,
  data_licence := data_licence, rights_class := rights_class)
"""


def merge_reviews(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `linked_reviews` (columns of `REVIEW_SCHEMA`) of `fresh_reviews` and `parent_reviews`.

    Fresh reviews whose title isn't known go to `late_quarantine`. `review_account` says per source how many fresh ones were kept, merged into
    another, and put aside.

    Args:
        connection: With `fresh_reviews`, `parent_reviews`, `titles`, `matches` and the table `late_quarantine`.
    """
    connection.execute(
        f"""
        CREATE TEMP VIEW reviews_now AS
        SELECT {_COLUMNS}, seq AS position FROM fresh_reviews UNION ALL
        SELECT {", ".join(REVIEW_SCHEMA.names)}, {_LINKS}, -row_number() OVER (ORDER BY review_id) AS position FROM parent_reviews
        """
    )
    link_reviews(connection, "reviews_now", "titles", "matches")
    connection.execute(
        f"""
        INSERT INTO late_quarantine
        SELECT left(sha256('review|' || record), 24), 'review', reason, detail, source, record
        FROM (SELECT *, to_json({_RECORD}) AS record FROM unlinked_reviews WHERE position >= 0);
        CREATE TEMP TABLE review_account AS
        WITH came AS (SELECT source, count(*) AS rows FROM came_reviews GROUP BY source),
             kept AS (SELECT source, count(*) AS rows FROM linked_reviews WHERE review_id IN (SELECT review_id FROM fresh_reviews) GROUP BY source),
             aside AS (SELECT source, count(*) AS rows FROM unlinked_reviews WHERE position >= 0 GROUP BY source)
        SELECT source, coalesce(kept.rows, 0) AS kept, came.rows - coalesce(kept.rows, 0) - coalesce(aside.rows, 0) AS merged
        FROM came LEFT JOIN kept USING (source) LEFT JOIN aside USING (source)
        """
    )
