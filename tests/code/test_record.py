"""Cleaning of one record: a row of the schema, or the reason it is refused; never an exception."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trending.cleaning.record import MAX_PLOT_CHARS, MAX_TITLE_CHARS, Notes, Refusal, clean_record, derive_source_id
from trending.titles import TITLE_COLUMNS, Title

STEADY = settings(deadline=None, derandomize=True, max_examples=300)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
json_values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=4), scalars, max_size=2)


def clean(**values: Any) -> dict[str, Any]:
    """Clean a record that must be kept."""
    row = clean_record({"title": "Heat", "type": "movie", **values}, Notes())
    assert isinstance(row, dict), row
    return row


def refuse(**values: Any) -> Refusal:
    """Clean a record that must be refused."""
    refusal = clean_record({"title": "Heat", "type": "movie", **values}, Notes())
    assert isinstance(refusal, Refusal), refusal
    return refusal


def repairs(**values: Any) -> dict[str, int]:
    """Clean a record and return what was mended."""
    notes = Notes()
    clean_record({"title": "Heat", "type": "movie", **values}, notes)
    return dict(notes.repairs)


def test_a_row_has_the_columns_of_the_schema_in_order() -> None:
    assert tuple(clean()) == TITLE_COLUMNS


@pytest.mark.parametrize("title", [None, "", "   ", "\x00", "\u200b", "<b></b>"])
def test_no_title_is_refused(title: str | None) -> None:
    assert refuse(title=title).reason == "title_missing"


@pytest.mark.parametrize("kind", [None, "", "podcast", "game", 7])
def test_an_unknown_type_is_refused_and_named(kind: Any) -> None:
    refusal = refuse(type=kind)
    assert refusal.reason == "type_unknown"
    assert repr(kind) in refusal.detail


@pytest.mark.parametrize("title", ["Test Title", "test record 3", "sslmreg01"])
def test_test_entries_are_refused(title: str) -> None:
    assert refuse(title=title).reason == "test_record"


@pytest.mark.parametrize("title", ["Testament", "The Test", "Test Pilot"])
def test_titles_that_only_resemble_test_entries_are_kept(title: str) -> None:
    assert clean(title=title)["title"] == title


def test_an_unknown_rights_class_is_refused() -> None:
    assert refuse(rights_class="free for all").reason == "rights_unknown"


def test_no_rights_class_means_unclear() -> None:
    assert clean()["rights_class"] == "unclear"


def test_the_longest_plot_is_kept_and_a_longer_one_refused() -> None:
    assert len(clean(plot="a" * MAX_PLOT_CHARS)["plot"]) == MAX_PLOT_CHARS
    refusal = refuse(plot="a" * (MAX_PLOT_CHARS + 1))
    assert (refusal.reason, "20,001" in refusal.detail) == ("plot_too_long", True)


def test_the_longest_title_is_kept_and_a_longer_one_refused() -> None:
    assert len(clean(title="a" * MAX_TITLE_CHARS)["title"]) == MAX_TITLE_CHARS
    assert refuse(title="a" * (MAX_TITLE_CHARS + 1)).reason == "title_too_long"


@pytest.mark.parametrize(("name", "limit"), [("title", MAX_TITLE_CHARS), ("plot", MAX_PLOT_CHARS)])
def test_text_that_grows_when_repaired_still_keeps_the_limit(name: str, limit: int) -> None:
    """A ligature becomes two letters: the row must be refused here, not fail the schema gate and with it the whole run."""
    outcome = clean_record({"title": "Heat", "type": "movie", name: "\ufb01" * limit}, Notes())
    assert isinstance(outcome, Refusal) or len(outcome[name]) <= limit


@pytest.mark.parametrize("plot", ["N/A", "none", "NULL", "TBA", "No overview available.", "No plot yet", "Coming soon.", "...", "-", "123", "   "])
def test_junk_plots_are_no_plots(plot: str) -> None:
    assert clean(plot=plot)["plot"] is None


def test_junk_plots_are_counted() -> None:
    assert repairs(plot="No overview found.") == {"plot_junk": 1}


@pytest.mark.parametrize("plot", ["None of the guests leaves the island alive.", "No plot of land is safe from the baron.", "Ten."])
def test_plots_that_only_begin_like_junk_are_kept(plot: str) -> None:
    assert clean(plot=plot)["plot"] == plot


def test_an_age_certificate_is_no_rating_and_is_counted() -> None:
    assert clean(rating="TV-MA")["rating"] is None
    assert repairs(rating="TV-MA") == {"rating_dropped": 1}


@pytest.mark.parametrize(
    ("name", "value"),
    [("rating", "10.1"), ("rating", "-1"), ("votes", "-3"), ("year", "1492"), ("year", "inf"), ("imdb_id", "0113277"), ("release_date", "1999")],
)
def test_values_outside_the_schema_are_dropped_and_counted(name: str, value: str) -> None:
    assert clean(**{name: value})[name] is None
    assert repairs(**{name: value}) == {f"{name}_dropped": 1}


def test_good_values_are_kept() -> None:
    row = clean(year="1995", rating="8.3", votes="700000", popularity=12.5, release_date="1995-12-15", imdb_id="tt0113277", language="en", country="US")
    assert (row["year"], row["rating"], row["votes"], row["popularity"], row["imdb_id"]) == (1995, 8.3, 700_000, 12.5, "tt0113277")
    assert (row["release_date"], row["language"], row["country"]) == (dt.date(1995, 12, 15), "en", "US")


@pytest.mark.parametrize("name", ["plot", "language", "country", "data_licence", "year", "rating", "genres"])
def test_a_nan_is_a_missing_value(name: str) -> None:
    """Pandas and json.dumps write NaN for what is missing; it must not become the word "nan", nor an error."""
    assert clean(**{name: float("nan")})[name] in (None, [])


def test_a_nan_title_is_no_title() -> None:
    assert refuse(title=float("nan")).reason == "title_missing"


def test_an_unknown_genre_is_counted_and_the_row_kept() -> None:
    notes = Notes()
    row = clean_record({"title": "Heat", "type": "movie", "genres": "Crime, Zorbology"}, notes)
    assert isinstance(row, dict)
    assert row["genres"] == ["Crime"]
    assert notes.unknown_genres == {"Zorbology": 1}


@pytest.mark.parametrize("genres", ["Crime, Drama", "Drama|Crime", "['drama', 'crime']", '["Drama", "Crime"]', ["Drama", "Crime"], ("crime", "DRAMA")])
def test_genres_are_read_however_they_are_written(genres: Any) -> None:
    assert clean(genres=genres)["genres"] == ["Crime", "Drama"]


def test_a_null_among_labels_is_no_label() -> None:
    notes = Notes()
    clean_record({"title": "Heat", "type": "movie", "genres": ["Drama", None]}, notes)
    assert not notes.unknown_genres


def test_escaped_genre_cells_are_unescaped_before_they_are_split() -> None:
    assert clean(genres="Action &amp; Adventure, Comedies")["genres"] == ["Action", "Adventure", "Comedy"]


def test_ids_are_derived_from_title_type_and_year() -> None:
    row = clean(title="The Heat", year=1995, source="mine")
    assert row["title_id"] == f"mine:{derive_source_id('heat', 'movie', 1995, None)}"
    ids = {derive_source_id("Heat", kind, year, "A plot.") for kind in ("movie", "tv") for year in (1995, 1996)}
    assert len(ids) == 4
    assert derive_source_id("Heat", "movie", 1995, "A plot.") == derive_source_id("Heat", "movie", 1995, "Another.")


def test_without_a_year_the_plot_tells_remakes_apart() -> None:
    assert derive_source_id("Heat", "movie", None, "A plot.") != derive_source_id("Heat", "movie", None, "Another.")


def test_given_ids_win() -> None:
    assert clean(source="mine", source_id="s1")["title_id"] == "mine:s1"
    assert clean(title_id="x:9", source="mine", source_id="s1")["title_id"] == "x:9"


@STEADY
@given(st.dictionaries(st.sampled_from(TITLE_COLUMNS), st.none() | st.text(max_size=30), max_size=8))
def test_any_text_in_any_column_gives_a_title_or_a_reason(values: dict[str, str | None]) -> None:
    outcome = clean_record({"title": "Heat", "type": "movie", **values}, Notes())
    if isinstance(outcome, Refusal):
        assert outcome.reason
        assert outcome.detail
    else:
        assert Title(**{**outcome, "group_id": outcome["group_id"] or "g"}).title == outcome["title"]


@STEADY
@given(st.dictionaries(st.sampled_from(TITLE_COLUMNS), json_values, max_size=6))
@example({"genres": 5})
@example({"genres": True})
def test_any_json_value_in_any_column_gives_a_title_or_a_reason(values: dict[str, Any]) -> None:
    assert isinstance(clean_record({"title": "Heat", "type": "movie", **values}, Notes()), dict | Refusal)
