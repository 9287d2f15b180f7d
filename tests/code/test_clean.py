"""Cleaning of a table: no row is lost, repeats are merged, worthless plots go, and what comes out passes the gate after it."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.cleaning.clean import QUARANTINE_COLUMNS, CleaningReport, CleaningResult, clean_titles
from trending.errors import QualityError
from trending.titles import TITLE_COLUMNS
from trending.validation.schema import validate_titles

STEADY = settings(deadline=None, derandomize=True, max_examples=40)
_WORDS = st.sampled_from(["Heat", "Alien", "", "Test Title", "七人の侍", "A" * 501, "😀", "The\x00 End"])
_PLOTS = st.sampled_from([None, "", "N/A", "A detective hunts a crew of careful thieves across a sprawling city at night.", "x" * 20_001])
_RECORDS = st.fixed_dictionaries(
    {"title": st.none() | _WORDS | st.text(max_size=20), "type": st.sampled_from(["movie", "TV Show", "podcast", None])},
    optional={
        "title_id": st.sampled_from(["a:1", "a:2", "", None]) | st.text(max_size=5),
        "source_id": st.text(max_size=3),
        "plot": _PLOTS | st.text(max_size=40),
        "year": st.integers().map(str) | st.sampled_from(["1999", "1999.0", "nineteen"]),
        "genres": st.text(max_size=20) | st.lists(st.sampled_from(["Drama", "crime", "Zorbology", ""]), max_size=3),
        "rating": st.floats() | st.text(max_size=6),
        "votes": st.integers() | st.floats(),
        "group_id": st.sampled_from(["g1", None]),
        "rights_class": st.sampled_from(["open_x", "unclear", "tmdb_restricted", "mine", None]),
    },
)


def title(name: str = "Heat", **values: Any) -> dict[str, Any]:
    """Return a raw record that is kept."""
    return {"title": name, "type": "movie", **values}


@STEADY
@given(st.lists(_RECORDS, max_size=12))
def test_every_row_is_accounted_for(records: list[dict[str, Any]]) -> None:
    result = clean_titles(records)
    report = result.report
    assert report.rows_in == len(records) == report.kept + report.merged + report.quarantined
    assert (report.kept, report.quarantined) == (len(result.titles), len(result.quarantine))
    assert sum(report.reasons.values()) == report.quarantined


@STEADY
@given(st.lists(_RECORDS, min_size=1, max_size=12))
def test_what_is_kept_always_passes_the_schema_gate(records: list[dict[str, Any]]) -> None:
    titles = clean_titles([*records, title(title_id="sure:1")]).titles
    assert validate_titles(titles) > 0


@STEADY
@given(st.lists(_RECORDS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_neither_which_titles_stay_nor_their_groups(records: list[dict[str, Any]], shuffler: Any) -> None:
    records = [{**record, "title_id": f"r:{number}"} for number, record in enumerate(records)]
    shuffled = list(records)
    shuffler.shuffle(shuffled)
    one, other = clean_titles(records).titles, clean_titles(shuffled).titles
    assert one.set_index("title_id")["group_id"].to_dict() == other.set_index("title_id")["group_id"].to_dict()


def test_no_records_make_an_empty_table_of_the_schema() -> None:
    result = clean_titles([])
    assert tuple(result.titles.columns) == TITLE_COLUMNS
    assert result.report.line() == "0 rows in = 0 kept + 0 merged + 0 quarantined"


def test_cleaning_what_is_clean_changes_nothing(starter: CleaningResult) -> None:
    again = clean_titles(starter.titles.astype(object).mask(starter.titles.isna(), None).to_dict("records"))
    assert (again.report.kept, again.report.repairs) == (starter.report.kept, {})
    pd.testing.assert_frame_equal(again.titles, starter.titles)


def test_rows_with_one_id_become_one_title_and_the_first_wins() -> None:
    result = clean_titles(
        [title(title_id="a:1", rating="7"), title("Heat again", title_id="a:1", rating="3", plot="Cops and robbers meet over coffee.", genres="Crime")]
    )
    row = result.titles.iloc[0]
    assert (result.report.kept, result.report.merged) == (1, 1)
    assert (row["title"], row["rating"]) == ("Heat", 7.0)
    assert (row["plot"], row["genres"]) == ("Cops and robbers meet over coffee.", ["Crime"])


def test_films_and_shows_of_one_name_are_not_merged() -> None:
    assert clean_titles([title(), {**title(), "type": "tv"}]).report.kept == 2


def test_a_plot_under_three_titles_describes_none_of_them() -> None:
    plot = "A placeholder that a redirect has put under far too many titles."
    result = clean_titles(
        [title(name, plot=plot) for name in ("Heat", "Alien", "Brazil")] + [title("Casablanca", plot="A cynical café owner meets an old love.")]
    )
    assert result.titles["plot"].notna().tolist() == [False, False, False, True]
    assert result.report.repairs["plot_shared"] == 3


def test_a_plot_under_two_titles_or_under_one_title_many_times_is_kept() -> None:
    plot = "A thief and a detective find they have more in common than they like."
    names = ["Heat", "HEAT!", "The Heat", "Hitze"]
    result = clean_titles([title(name, plot=plot, title_id=f"a:{number}") for number, name in enumerate(names)])
    assert result.titles["plot"].notna().all()


def test_the_quarantine_says_which_row_and_why_and_keeps_the_record() -> None:
    records = [title(), {"title": "Serial", "type": "podcast", "source": "mine", "plot": "\ud800 😀"}]
    quarantine = clean_titles(records).quarantine
    assert tuple(quarantine.columns) == QUARANTINE_COLUMNS
    row = quarantine.iloc[0]
    assert (row["row"], row["reason"], row["source"]) == (1, "type_unknown", "mine")
    assert json.loads(row["record"]) == records[1]


def test_a_ten_megabyte_plot_is_quarantined_with_its_size_and_its_neighbours_are_kept() -> None:
    result = clean_titles([title("Before"), title("Big", plot="word " * 2_000_000), title("After")])
    assert result.titles["title"].tolist() == ["Before", "After"]
    assert result.quarantine["reason"].tolist() == ["plot_too_long"]
    assert "10,000,000" in result.quarantine["detail"][0]


def test_unknown_genres_are_counted_and_their_rows_kept() -> None:
    result = clean_titles([title("Heat", genres="Zorbology"), title("Alien", genres="Horror, Zorbology")])
    assert result.titles["genres"].tolist() == [[], ["Horror"]]
    assert result.report.unknown_genres == {"Zorbology": 2}


def test_odd_scripts_come_through_as_they_are() -> None:
    names = ["千と千尋の神隠し", "سفر إلى المدينة", "Emoji 🎬 Movie 🤖"]
    assert clean_titles([title(name) for name in names]).titles["title"].tolist() == names


def test_nul_bytes_are_removed_and_counted() -> None:
    result = clean_titles([title("He\x00at", plot="A thief\x00 and a cop.")])
    assert result.titles.loc[0, ["title", "plot"]].tolist() == ["Heat", "A thief and a cop."]
    assert result.report.repairs == {"title_text": 1, "plot_text": 1}


def test_an_account_that_does_not_add_up_is_an_error() -> None:
    with pytest.raises(QualityError, match="3 rows in"):
        CleaningReport(rows_in=3, kept=1, merged=1, quarantined=0).check()


@pytest.mark.parametrize("other", ["tmdb_restricted", "unclear"])
def test_merging_never_carries_text_into_a_row_of_other_rights(other: str) -> None:
    """A restricted plot in an open row would be learnt from and shipped."""
    base = {"title_id": "a:1", "title": "Heat", "type": "movie"}
    plot = "A plot that only the second source has, long enough to learn from."
    result = clean_titles([{**base, "rights_class": "open_cc0"}, {**base, "rights_class": other, "plot": plot}])
    assert result.titles["plot"].isna().all()
    assert result.report.merged == 1
    same = clean_titles([{**base, "rights_class": other}, {**base, "rights_class": other, "plot": plot}])
    assert same.titles["plot"].tolist() == [plot]
