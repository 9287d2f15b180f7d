"""Parsers of single fields: a value that fits the schema, or None; never an exception."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.cleaning.fields import parse_date, parse_imdb_id, parse_number, parse_type, parse_year
from trending.titles import FIRST_YEAR, TITLE_TYPES

STEADY = settings(deadline=None, derandomize=True, max_examples=200)
numberish = st.text(alphabet="0123456789.eE+-_naif ", max_size=12) | st.text(max_size=12) | st.floats().map(str) | st.integers().map(str)


@pytest.mark.parametrize("word", ["movie", "Movie", "MOVIE", "film", "TV Movie", "Feature"])
def test_words_for_films(word: str) -> None:
    assert parse_type(word) == "movie"


@pytest.mark.parametrize("word", ["tv", "TV Show", "SHOW", "Series", "tvSeries", "TV Mini-Series", "tv_show"])
def test_words_for_shows(word: str) -> None:
    assert parse_type(word) == "tv"


@pytest.mark.parametrize("word", ["", "podcast", "game", "movies and shows", "42", "电影"])
def test_other_words_are_no_type(word: str) -> None:
    assert parse_type(word) is None


@STEADY
@given(st.text(max_size=20))
def test_a_type_is_always_one_of_the_schema(word: str) -> None:
    assert parse_type(word) in (None, *TITLE_TYPES)


@STEADY
@given(numberish)
def test_numbers_are_finite_or_none(value: str) -> None:
    number = parse_number(value)
    assert number is None or math.isfinite(number)


@STEADY
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back_exactly(number: float) -> None:
    assert parse_number(repr(number)) == number


@pytest.mark.parametrize("value", ["", "nan", "inf", "-Infinity", "1e999", "74 min", "PG-13", "7,5", "TV-MA"])
def test_what_is_no_finite_number_is_none(value: str) -> None:
    assert parse_number(value) is None


@STEADY
@given(numberish)
def test_years_lie_between_the_first_film_and_the_near_future(value: str) -> None:
    year = parse_year(value)
    assert year is None or FIRST_YEAR <= year <= dt.datetime.now(dt.UTC).year + 2


@pytest.mark.parametrize(("value", "year"), [("1874", 1874), ("1999", 1999), ("1999.0", 1999), ("1873", None), ("1999.5", None), ("2999", None), ("99", None)])
def test_years(value: str, year: int | None) -> None:
    assert parse_year(value) == year


@pytest.mark.parametrize(
    "value", ["2021-09-05", "September 5, 2021", "5-Sep-21", "5 September 2021", "Sep 5, 2021", "2021-09-05 00:00:00", "2021-09-05T12:30:00"]
)
def test_dates_as_public_exports_write_them(value: str) -> None:
    assert parse_date(value) == dt.date(2021, 9, 5)


@pytest.mark.parametrize("value", ["", "2021", "2021-02-30", "2021-13-01", "soon", "2021-09-05 or so"])
def test_what_is_no_full_date_is_none(value: str) -> None:
    assert parse_date(value) is None


@STEADY
@given(st.dates())
def test_iso_dates_are_read_back(date: dt.date) -> None:
    assert parse_date(date.isoformat()) == date


@STEADY
@given(st.text(max_size=30))
def test_dates_of_any_text_are_dates_or_none(value: str) -> None:
    assert isinstance(parse_date(value), dt.date | None)


@pytest.mark.parametrize(("value", "found"), [("tt0113277", "tt0113277"), ("tt12345678", "tt12345678"), ("113277", None), ("tt12", None), ("xtt0113277", None)])
def test_imdb_ids(value: str, found: str | None) -> None:
    assert parse_imdb_id(value) == found
