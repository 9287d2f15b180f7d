"""Reviews find their titles, copies are merged within a work, and every review is accounted for; weekly signals follow from what is left."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.reviews.clean import CLEAN_REVIEW_SCHEMA
from trending.reviews.link import LinkReport, link_reviews
from trending.reviews.signals import review_signals
from trending.tables import REVIEW_SCHEMA, SIGNAL_SCHEMA
from trending.trends.signals import select_known

REVIEWS = CLEAN_REVIEW_SCHEMA.append(pa.field("position", pa.int64()))
TITLES = pa.schema([("title_id", pa.string()), ("title", pa.string()), ("type", pa.string()), ("year", pa.int32()), ("imdb_id", pa.string())])
MATCHES = pa.schema([("title_id", pa.string()), ("work_id", pa.string())])
LONG = (
    "The goat climbs the hill while its keeper counts the days of a war nobody has told him about, and when the letter arrives he reads it to the goat. "
    "It is slow, it is quiet, and it is the best thing the director has made since her first film about the sea."
)
CATALOGUE = [
    ("a:1", "The Goat", "movie", 2001, "tt0000001"),
    ("b:1", "Goat", "movie", 2001, None),  # the same film
    ("a:2", "The Goat", "movie", 2010, None),
    ("a:3", "The Goat", "tv", 2001, None),
    ("a:4", "Twins", "movie", 1990, None),
    ("a:5", "Twins", "movie", 1990, None),
    ("a:6", "Undated", "movie", None, None),
    ("a:7", "Amb\u00e9r & Ash", "movie", 1999, "tt0000007"),
    ("b:7", "Amber and Ash!", "movie", 1999, "tt0000007"),
    ("a:8", "Shared id", "movie", 1980, "tt0000008"),
    ("a:9", "Another film", "movie", 1960, "tt0000008"),
    ("c:1", "Half dated", "movie", None, None),
    ("c:2", "Half dated", "movie", 1970, None),
]
WORKS = {"a:1": "w1", "b:1": "w1", "a:7": "w7", "b:7": "w7"}


def link(*reviews: dict[str, Any], order: list[int] | None = None) -> tuple[LinkReport, list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the report, the linked rows and the unlinked rows of reviews against `CATALOGUE`."""
    connection = duckdb.connect()
    rows = [
        {"review_id": f"r:{number}", "source": "r", "text": f"{LONG[:30]} {number}", "rights_class": "unclear", "position": number, **review}
        for number, review in enumerate(reviews)
    ]
    rows = [rows[index] for index in order] if order else rows
    tables = {
        "given_reviews": pa.Table.from_pylist(rows, schema=REVIEWS),
        "given_titles": pa.Table.from_pylist([dict(zip(TITLES.names, row, strict=True)) for row in CATALOGUE], schema=TITLES),
        "given_matches": pa.Table.from_pylist([{"title_id": title, "work_id": work} for title, work in WORKS.items()], schema=MATCHES),
    }
    for name, table in tables.items():
        connection.register(name, table)
    report = link_reviews(connection, *tables)
    linked = connection.table("linked_reviews").to_arrow_table()
    assert linked.schema == REVIEW_SCHEMA
    return report, linked.to_pylist(), connection.table("unlinked_reviews").to_arrow_table().to_pylist()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"title_id": "a:2"}, "a:2"),
        ({"title_id": "a:2", "link_imdb_id": "tt0000001", "link_title": "Twins"}, "a:2"),
        ({"title_id": "gone:1", "link_imdb_id": "tt0000001"}, "a:1"),
        ({"link_imdb_id": "tt0000007", "link_title": "The Goat", "link_year": 2010}, "a:7"),
        ({"link_imdb_id": "tt9999999", "link_title": "The Goat", "link_year": 2010, "link_type": "movie"}, "a:2"),
        ({"link_title": "the GOAT!", "link_year": 2001, "link_type": "movie"}, "a:1"),
        ({"link_title": "Goat", "link_year": 2002, "link_type": "movie"}, "a:1"),
        ({"link_title": "Goat", "link_year": 2011}, "a:2"),
        ({"link_title": "Goat", "link_type": "tv"}, "a:3"),
        ({"link_title": "amber & ash"}, "a:7"),
        ({"link_title": "Undated", "link_year": 1950}, "a:6"),
    ],
)
def test_a_review_is_linked_by_the_best_it_has(asked: dict[str, Any], found: str) -> None:
    report, linked, _ = link(asked)
    assert [row["title_id"] for row in linked] == [found]
    assert report.kept == 1


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"link_title": "Goat", "link_year": 2001}, "title_ambiguous"),  # film and show
        ({"link_title": "Goat", "link_type": "movie"}, "title_ambiguous"),  # of 2001 and of 2010
        ({"link_title": "Twins", "link_year": 1990, "link_type": "movie"}, "title_ambiguous"),
        ({"link_title": "Twins", "link_year": 1991, "link_type": "movie"}, "title_ambiguous"),
        ({"link_imdb_id": "tt0000008"}, "title_ambiguous"),
        ({"link_title": "Half dated", "link_year": 2005}, "title_ambiguous"),  # the undated one may be the one of 1970
        ({"link_title": "Goat", "link_year": 2005}, "title_unknown"),
        ({"link_title": "Twins", "link_type": "tv"}, "title_unknown"),
        ({"link_title": "Nowhere"}, "title_unknown"),
        ({"link_imdb_id": "tt9999999"}, "title_unknown"),
        ({"title_id": "gone:1"}, "title_unknown"),
    ],
)
def test_a_review_of_no_one_title_says_why(asked: dict[str, Any], reason: str) -> None:
    report, linked, unlinked = link(asked)
    assert not linked
    assert [row["reason"] for row in unlinked] == [reason]
    assert str(next(iter(asked.values()))) in unlinked[0]["detail"]
    assert report.quarantined == {reason: 1}


def test_the_latest_version_of_a_review_wins() -> None:
    report, linked, _ = link({"review_id": "r:x", "title_id": "a:1", "text": LONG}, {"review_id": "r:x", "title_id": "a:1", "text": "I have changed my mind."})
    assert [row["text"] for row in linked] == ["I have changed my mind."]
    assert report.merged == {"review_id": 1, "same_text": 0, "near_text": 0}


def test_copies_are_merged_within_a_work_and_the_rated_one_is_kept() -> None:
    report, linked, _ = link(
        {"title_id": "a:1", "text": LONG, "author_hash": "one"},
        {"title_id": "b:1", "text": LONG.upper().replace(",", " --"), "author_hash": "two", "rating": 8.0},
        {"title_id": "a:2", "text": LONG, "author_hash": "one"},
    )
    assert [(row["title_id"], row["rating"]) for row in linked] == [("b:1", 8.0), ("a:2", None)]
    assert report.merged["same_text"] == 1


@pytest.mark.parametrize(
    ("edited", "merged"),
    [
        (LONG.replace("the director has made", "this director ever did") + " 8/10", 1),
        ("It begins well. " + LONG, 1),
        (LONG[:150] + "and then I left, since nothing at all had happened and nothing was going to, whatever the goat may have thought of it.", 0),
        ("I saw it with my father, who slept, and with my sister, who did not. It is the best thing since her first film about the sea.", 0),
    ],
)
def test_edited_copies_are_merged_and_other_texts_are_not(edited: str, merged: int) -> None:
    report, linked, _ = link({"title_id": "a:1", "text": LONG}, {"title_id": "a:1", "text": edited})
    assert report.merged == {"review_id": 0, "same_text": 0, "near_text": merged}
    assert len(linked) == 2 - merged


def test_short_texts_agree_by_chance_unless_one_author_wrote_them() -> None:
    short = {"title_id": "a:1", "text": "A great film!"}
    report, linked, _ = link({**short, "author_hash": "one"}, {**short, "author_hash": "two"}, {**short, "author_hash": "one"}, short, short)
    assert report.merged["same_text"] == 1
    assert len(linked) == 4


ASKED = st.fixed_dictionaries(
    {
        "review_id": st.integers(0, 6).map("r:{}".format),
        "title_id": st.sampled_from([None, None, "a:1", "b:1", "a:2", "gone:1"]),
        "link_imdb_id": st.sampled_from([None, None, "tt0000001", "tt0000008", "tt9999999"]),
        "link_title": st.sampled_from(["Goat", "The Goat", "Twins", "Undated", "Nowhere", None]),
        "link_year": st.sampled_from([None, 1990, 2000, 2001, 2010]),
        "link_type": st.sampled_from([None, "movie", "tv"]),
        "text": st.sampled_from([LONG, LONG + " 7/10", "Before. " + LONG, LONG.upper(), "Fine.", "Fine!", LONG[:100]]),
        "author_hash": st.sampled_from([None, "one", "two"]),
        "rating": st.sampled_from([None, 5.0]),
    }
)


@settings(max_examples=20, deadline=None)
@given(st.lists(ASKED, max_size=15), st.randoms(use_true_random=False))
def test_every_review_is_accounted_for_whatever_the_order_of_rows(reviews: list[dict[str, Any]], shuffler: random.Random) -> None:
    report, linked, unlinked = link(*reviews)
    assert report.rows_in == len(reviews) == len(linked) + len(unlinked) + sum(report.merged.values())
    assert len({row["review_id"] for row in linked + unlinked}) == len(linked) + len(unlinked)
    order = list(range(len(reviews)))
    shuffler.shuffle(order)
    assert link(*reviews, order=order) == (report, linked, unlinked)


def signals(*reviews: dict[str, Any], as_of: str = "2024-02-01") -> pa.Table:
    """Return the signals of linked reviews."""
    connection = duckdb.connect()
    rows = [
        {"review_id": str(n), "title_id": "a:1", "source": "r", "text": "fine", "rights_class": "unclear", **review, "review_date": dt.date.fromisoformat(date)}
        if (date := review.get("review_date"))
        else {"review_id": str(n), "title_id": "a:1", "source": "r", "text": "fine", "rights_class": "unclear"}
        for n, review in enumerate(reviews)
    ]
    connection.register("given", pa.Table.from_pylist(rows, schema=REVIEW_SCHEMA))
    count = review_signals(connection, "given", dt.date.fromisoformat(as_of))
    table = connection.table("review_signals").to_arrow_table()
    assert table.num_rows == count
    return table


def test_weekly_signals_count_reviews_and_weigh_ratings() -> None:
    table = signals(
        {"review_date": "2024-01-01", "rating": 8.0},  # a Monday
        {"review_date": "2024-01-07", "rating": 6.5},  # its Sunday
        {"review_date": "2024-01-03"},
        {"review_date": "2024-01-08", "rights_class": "imdb_restricted", "data_licence": "theirs"},
        {"review_date": "2024-01-09", "rights_class": "open_cc_by"},
        {},
    )
    assert table.schema == SIGNAL_SCHEMA
    picked = [
        tuple(row[name] for name in ("kind", "period_start", "value", "weight", "days", "market", "rights_class", "data_licence")) for row in table.to_pylist()
    ]
    first, second = dt.date(2024, 1, 1), dt.date(2024, 1, 8)
    assert picked == [
        ("rating", first, 7.25, 2.0, 7, "global", "unclear", None),
        ("reviews", first, 3.0, 1.0, 7, "global", "unclear", None),
        ("reviews", second, 2.0, 1.0, 7, "global", "imdb_restricted", "theirs"),
    ]


def test_a_week_that_is_not_over_makes_no_signal() -> None:
    review = {"review_date": "2024-01-31"}
    assert signals(review, as_of="2024-02-04").num_rows == 0
    assert signals(review, as_of="2024-02-05").num_rows == 1


def test_signals_pass_the_check_of_the_trending_score() -> None:
    frame = signals(*({"review_date": f"2024-01-{day:02}", "rating": 7.0} for day in range(1, 29))).to_pandas()
    frame = frame.rename(columns={"title_id": "title_key"}).astype({"period_start": "datetime64[ns]"})
    assert len(select_known(frame, dt.date(2024, 2, 1))) == 8
