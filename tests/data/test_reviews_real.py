"""Real reviews (18,559 of them): all accounted for, linked to the right titles, and masked without touching what they are about."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trending.cleaning.record import Notes, Refusal
from trending.reviews.clean import CLEAN_REVIEW_SCHEMA, clean_review
from trending.reviews.link import LinkReport, link_reviews
from trending.reviews.privacy import mask_text
from trending.reviews.signals import review_signals

SALT = b"s" * 32
MASK = re.compile(r"\[(name|email|phone|handle|link|address)\]")


@pytest.fixture(scope="module")
def raw_reviews(shared_data: Path) -> list[dict[str, Any]]:
    """The reviews as records of a file source."""
    table = pq.read_table(shared_data / "reviews.parquet")
    return [{**row, "source_review_id": row["review_id"]} for row in table.to_pylist()]


@pytest.fixture(scope="module", params=[pytest.param(10, id="a tenth"), pytest.param(1, id="all", marks=pytest.mark.slow)])
def linked(request: pytest.FixtureRequest, shared_data: Path, raw_reviews: list[dict[str, Any]]) -> tuple[duckdb.DuckDBPyConnection, LinkReport]:
    """A connection on which reviews were cleaned and linked to all titles, works being the data card's groups, types and years."""
    notes = Notes()
    outcomes = [clean_review(raw, notes, SALT) for raw in raw_reviews[:: request.param]]
    assert not [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    rows = [{**outcome, "position": position} for position, outcome in enumerate(outcomes) if not isinstance(outcome, Refusal)]
    connection = duckdb.connect()
    connection.register("clean", pa.Table.from_pylist(rows, schema=CLEAN_REVIEW_SCHEMA.append(pa.field("position", pa.int64()))))
    columns = ["title_id", "title", "type", "year", "imdb_id", "group_id"]
    titles = pa.concat_tables(
        [pq.read_table(shared_data / f"{name}.parquet", columns=columns) for name in ("titles", "titles_restricted")], promote_options="permissive"
    )
    connection.register("titles", titles)
    connection.execute("CREATE VIEW matches AS SELECT title_id, concat_ws('|', group_id, type, year) AS work_id FROM titles")
    return connection, link_reviews(connection, "clean", "titles", "matches")


def test_every_review_is_accounted_for_and_nearly_all_are_linked(linked: tuple[duckdb.DuckDBPyConnection, LinkReport]) -> None:
    _, report = linked
    report.check()
    assert report.rows_in in (1_856, 18_559)
    # 18,534 of all on 2026-11-24, or 99.87 %; 14 reviews name one of two titles alike, 11 a title that isn't there.
    assert report.kept + sum(report.merged.values()) >= 0.99 * report.rows_in
    # The data card says copies were removed; three edited ones were left, whose originals a sample may miss.
    assert report.merged["same_text"] == 0
    assert report.merged["near_text"] == 3 or report.rows_in < 18_559


def test_links_agree_with_the_data_cards_groups(linked: tuple[duckdb.DuckDBPyConnection, LinkReport], raw_reviews: list[dict[str, Any]]) -> None:
    connection, _ = linked
    groups = {f"{raw['source']}:{raw['review_id']}": raw["group_id"] for raw in raw_reviews}
    rows = connection.execute("SELECT review_id, group_id FROM linked_reviews JOIN titles USING (title_id)").fetchall()
    wrong = [review for review, group in rows if groups[review] != group]
    assert len(wrong) <= 0.001 * len(rows)


def test_dated_reviews_become_weekly_signals(linked: tuple[duckdb.DuckDBPyConnection, LinkReport]) -> None:
    connection, _ = linked
    assert review_signals(connection, "linked_reviews", dt.date(2026, 1, 1)) > 1_000
    dated, counted = connection.execute(
        "SELECT (SELECT count(*) FROM linked_reviews WHERE review_date IS NOT NULL), (SELECT sum(value) FROM review_signals WHERE kind = 'reviews')"
    ).fetchall()[0]
    assert dated == counted


def test_masks_are_few_and_leave_films_alone(raw_reviews: list[dict[str, Any]]) -> None:
    counts: Counter[str] = Counter()
    for raw in raw_reviews:
        masked = mask_text(raw["text"])
        counts.update(MASK.findall(masked))
        for name in ("21 Jump Street", "10 Cloverfield Lane", "Tom Hanks", "Harry Potter", "James Bond"):
            assert masked.count(name) == raw["text"].count(name)
    per_thousand = {kind: 1000 * count / len(raw_reviews) for kind, count in counts.items()}
    # Of all 118 names found on 2026-11-24 two were not a signature; every e-mail address, handle and telephone number was one.
    assert 5 < per_thousand["name"] < 8
    assert 12 < per_thousand["link"] < 16
    assert (counts["email"], counts["handle"], counts["phone"], counts["address"]) == (9, 8, 1, 0)
