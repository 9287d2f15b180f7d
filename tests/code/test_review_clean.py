"""What becomes of one raw review: its rating, date, language, spoiler flag and id, or the reason it is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trending.cleaning.record import Notes, Refusal
from trending.reviews.clean import CLEAN_REVIEW_SCHEMA, MAX_TEXT_CHARS, clean_review
from trending.reviews.language import detect_language, parse_language
from trending.reviews.privacy import pseudonymise_raw
from trending.reviews.ratings import parse_rating

SALT = b"s" * 32


def raw(**fields: Any) -> dict[str, Any]:
    return {"source": "somewhere", "title_source_id": "1", "text": "A fine film about a goat.", "rights_class": "unclear", **fields}


def clean(notes: Notes | None = None, **fields: Any) -> dict[str, Any]:
    row = clean_review(raw(**fields), notes or Notes(), SALT)
    assert not isinstance(row, Refusal), row
    return row


def refuse(**fields: Any) -> str:
    refusal = clean_review(raw(**fields), Notes(), SALT)
    assert isinstance(refusal, Refusal)
    return refusal.reason


@pytest.mark.parametrize(
    ("rating", "best", "worst", "expected"),
    [
        ("8", None, None, 8.0),
        ("8/10", None, None, 8.0),
        ("8 / 10", "5", "1", 8.0),
        ("4 out of 5", None, None, 8.0),
        ("3.5/5 stars", None, None, 7.0),
        ("7,5", None, None, 7.5),
        ("85 %", None, None, 8.5),
        ("4", "5", None, 8.0),
        ("1", "5", "1", 0.0),
        ("3", "5", "1", 5.0),
        ("3/5", "5", "1", 5.0),
        ("3.5 stars", "5", "0", 7.0),
        ("\u2605\u2605\u2605\u2606\u2606", None, None, 6.0),
        ("\u2605\u2605\u2605\u2605\u2605", None, None, 10.0),
        ("0.5", "5", "0.5", 0.0),
        # No telling what these are of, or no ratings at all.
        ("\u2605\u2605\u2605", None, None, None),
        ("3.5 stars", None, None, None),
        ("11", None, None, None),
        ("-1", None, None, None),
        ("6", "5", None, None),
        ("0", "5", "1", None),
        ("11/10", None, None, None),
        ("B+", None, None, None),
        ("1,234", None, None, None),
        ("8/0", None, None, None),
        ("5", "1", "10", None),
        ("5", "ten", None, None),
        ("", None, None, None),
        ("True", None, None, None),
    ],
)
def test_ratings_are_read_on_their_own_scale(rating: str, best: str | None, worst: str | None, expected: float | None) -> None:
    assert parse_rating(rating, best, worst) == expected


SCALE = st.integers(-5, 50)


@given(st.floats(0, 100, allow_nan=False), st.floats(0, 100, allow_nan=False), SCALE, SCALE)
def test_ratings_keep_their_order_within_0_and_10(one: float, other: float, best: int, worst: int) -> None:
    low, high = (parse_rating(f"{value:.4f}", str(best), str(max(worst, 0))) for value in sorted((one, other)))
    assert all(value is None or 0 <= value <= 10 for value in (low, high))
    if low is not None and high is not None:
        assert low <= high


@given(st.text(max_size=20), st.one_of(st.none(), st.text(max_size=5)), st.one_of(st.none(), st.text(max_size=5)))
def test_no_text_breaks_the_reading_of_ratings(rating: str, best: str | None, worst: str | None) -> None:
    value = parse_rating(rating, best, worst)
    assert value is None or 0 <= value <= 10


def test_row_has_the_columns_of_its_schema_and_what_the_source_gave() -> None:
    row = clean(
        text="<p>Caf\u00c3\u00a9 &amp; goats.</p> Good\u200b film.",
        headline="A &lt;b&gt;goat&lt;/b&gt;",
        rating=4,
        best_rating=5,
        author="Ann Bee",
        review_date="2024-01-31T22:10:00.000Z",
        language="en-GB",
        url="https://example.org/review/1",
        source_review_id=77,
        title="The Goat",
        year=2023,
        type="Movie",
        imdb_id="tt0123456",
        spoiler="false",
        data_licence="CC BY 4.0",
        rights_class="open_cc_by",
    )
    assert set(row) == set(CLEAN_REVIEW_SCHEMA.names)
    assert (row["text"], row["headline"]) == ("Caf\u00e9 & goats. Good film.", "A goat")
    assert (row["rating"], row["review_date"], row["language"], row["spoiler"]) == (8.0, dt.date(2024, 1, 31), "en", False)
    assert (row["review_id"], row["title_id"]) == ("somewhere:77", "somewhere:1")
    assert (row["link_title"], row["link_year"], row["link_type"], row["link_imdb_id"]) == ("The Goat", 2023, "movie", "tt0123456")
    assert row["author_hash"] == pseudonymise_raw(raw(author="ANN  bee"), SALT)["author_hash"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"text": None}, "text_missing"),
        ({"text": float("nan")}, "text_missing"),
        ({"text": "10/10 !!!"}, "text_missing"),
        ({"text": "<br><br>"}, "text_missing"),
        ({"text": "http://example.org/mine"}, "text_missing"),
        ({"text": "ok"}, "text_too_short"),
        ({"text": "a" * (MAX_TEXT_CHARS + 1)}, "text_too_long"),
        ({"rights_class": "free"}, "rights_unknown"),
        ({"title_source_id": None}, "title_missing"),
        ({"title_source_id": "", "imdb_id": "nm1"}, "title_missing"),
    ],
)
def test_reviews_that_say_nothing_or_belong_nowhere_are_refused(fields: dict[str, Any], reason: str) -> None:
    assert refuse(**fields) == reason


def test_what_can_not_be_read_is_dropped_and_noted() -> None:
    notes = Notes()
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=3)
    row = clean(notes, rating="12", review_date=tomorrow.isoformat(), url="javascript:alert(1)", language="xx", year="20x4", imdb_id="abc", type="opera")
    assert (row["rating"], row["review_date"], row["url"], row["language"]) == (None, None, None, None)
    assert set(notes.repairs) == {f"{name}_dropped" for name in ("rating", "review_date", "url", "language", "year", "imdb_id", "type")}


def test_cleaning_is_the_same_before_and_after_pseudonyms() -> None:
    one = raw(text="John here. Fine goats.\n\n-John", headline="By John Chard", author="John Chard", author_url="https://example.org/u/jchard")
    direct = clean_review(one, Notes(), SALT)
    assert direct == clean_review(pseudonymise_raw(one, SALT), Notes(), SALT)
    assert "John" not in str(direct)


def test_an_address_that_only_repair_brings_out_is_masked() -> None:
    assert clean(text="Write to ann@exa<b>mple</b>.org, a fine goat, <i>Zeb</i>edee", author="Zebedee")["text"] == "Write to [email], a fine goat, [name]"


def test_ids_are_stable_and_tell_reviews_apart() -> None:
    ids = [
        clean(author="Ann")["review_id"],
        clean(author="ann ")["review_id"],
        clean(author="Bee")["review_id"],
        clean(text="Another goat.", author="Ann")["review_id"],
        clean(title_source_id="2", author="Ann")["review_id"],
        clean(title_source_id=None, title="The Goat", year=2001)["review_id"],
        clean(title_source_id=None, title="The Goat", year=2002)["review_id"],
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == len(ids) - 1


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("Spoiler alert: the goat dies.", None, True),
        ("WARNING: SPOILERS AHEAD!", None, True),
        ("This review contains spoilers.", None, True),
        ("This review contains a SPOILER--- the goat dies", False, True),
        ("***spoilers*** the goat dies", None, True),
        ("(Contains minor spoilers) the goat", None, True),
        ("No spoilers here, but go.", None, False),
        ("A spoiler-free review.", None, False),
        ("Without any spoilers: go.", None, False),
        ("This doesn't contain any spoilers.", None, False),
        ("No spoilers at first. SPOILERS BELOW: the goat dies", None, True),
        ("The ending spoils a spoilt goat.", None, None),
        ("A goat.", None, None),
        ("A goat.", True, True),
        ("A goat.", "false", False),
        ("No spoilers here.", True, True),
    ],
)
def test_spoilers_are_flagged_by_source_or_by_warning(text: str, given: Any, expected: bool | None) -> None:
    assert clean(text=text, spoiler=given)["spoiler"] is expected


@pytest.mark.parametrize(
    ("tag", "code"), [("en", "en"), ("pt-BR", "pt"), ("EN_us", "en"), ("zh-Hant-TW", "zh"), ("xx", None), ("cn", None), ("English", None), ("", None)]
)
def test_language_tags_become_iso_codes(tag: str, code: str | None) -> None:
    assert parse_language(tag) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The story of this film is told slowly and with a great deal of care for its people.", "en"),
        ("Der Film erz\u00e4hlt seine Geschichte langsam und mit viel Liebe zu den Menschen, die darin leben.", "de"),
        ("Une histoire racont\u00e9e lentement, avec beaucoup de tendresse pour ceux qui y vivent.", "fr"),
        ("Una historia contada despacio y con mucho cari\u00f1o por la gente que vive en ella.", "es"),
        ("Great film", None),
        ("[link] [email] [name] [handle] [phone] [address] [link] [link] ok", None),
    ],
)
def test_language_is_told_from_long_texts_only(text: str, code: str | None) -> None:
    assert detect_language(text) == code
