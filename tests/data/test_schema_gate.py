"""The gate between cleaning and everything after it refuses a table with anything wrong in any column, and says which."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trending.cleaning.clean import CleaningResult, clean_titles
from trending.errors import QualityError
from trending.titles import TITLE_COLUMNS
from trending.validation.schema import validate_titles

WRONG: dict[str, list[Any]] = {
    "title_id": ["a copy", None, 7],
    "title": ["", None, 7, "x" * 501],
    "type": ["show", None, "Movie"],
    "year": [1999.5, 1500.0, 2101.0, "1999"],
    "plot": ["", 7, "x" * 20_001],
    "genres": [["Noir"], ["Drama", "Drama"], ["drama"], "Drama", None, 7, ["Drama", None]],
    "rating": [10.1, -0.1, float("inf"), "8"],
    "votes": [-1.0, 1.5, float("inf"), "8"],
    "popularity": [-0.1, "8"],
    "language": [7, ["en"]],
    "country": [7, ["US"]],
    "release_date": ["yesterday", 7],
    "source": [None, 7],
    "source_id": [None, 7],
    "imdb_id": ["nm0000001", "tt123", "tt1234567 ", 7],
    "group_id": [None, 7],
    "data_licence": [7],
    "rights_class": ["free", "", None, 7],
    "url": ["www.example.org/1", "ftp://example.org/1", "https://example.org/a b", 7],
}
CASES = [(column, value) for column, values in WRONG.items() for value in values]


@pytest.fixture(scope="module")
def table(starter: CleaningResult) -> pd.DataFrame:
    """Fifty clean titles, some with values in the columns that the starter leaves empty."""
    head = starter.titles.head(50).reset_index(drop=True)
    head["release_date"] = [dt.date(1999, 3, day % 28 + 1) if day % 2 else None for day in range(50)]
    head["imdb_id"] = [f"tt{row:07d}" if row % 2 else None for row in range(50)]
    return head.assign(rating=7.5, votes=100.0, popularity=1.25)


def corrupt(table: pd.DataFrame, column: str, value: Any) -> pd.DataFrame:
    values = table[column].astype(object).tolist()
    values[3] = values[4] if value == "a copy" else value
    mixed = pd.Series(values, dtype=object) if not isinstance(value, float) else pd.Series(values, dtype=table[column].dtype)
    return table.assign(**{column: mixed})


def test_every_column_is_corrupted_here() -> None:
    assert tuple(WRONG) == TITLE_COLUMNS


def test_a_clean_table_passes(table: pd.DataFrame) -> None:
    assert validate_titles(table) >= len(TITLE_COLUMNS)


def test_columns_that_may_be_empty_may_all_be_empty() -> None:
    bare = clean_titles([{"title": f"Bees {number}", "type": "movie"} for number in range(3)]).titles
    assert validate_titles(bare) >= len(TITLE_COLUMNS)


@pytest.mark.parametrize(("column", "value"), CASES, ids=[f"{column}={str(value)[:20]!r}" for column, value in CASES])
def test_one_wrong_value_is_refused_in_one_line_naming_the_column(table: pd.DataFrame, column: str, value: Any) -> None:
    with pytest.raises(QualityError) as caught:
        validate_titles(corrupt(table, column, value))
    line = str(caught.value)
    assert f"column {column!r}" in line
    assert "\n" not in line
    assert len(line) < 300


@pytest.mark.parametrize("column", TITLE_COLUMNS)
def test_a_missing_column_is_named(table: pd.DataFrame, column: str) -> None:
    with pytest.raises(QualityError) as caught:
        validate_titles(table.drop(columns=column))
    assert f"'{column}'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_column_too_many_is_named(table: pd.DataFrame) -> None:
    with pytest.raises(QualityError, match="'stars'"):
        validate_titles(table.assign(stars=5))


def test_columns_in_another_order_are_refused(table: pd.DataFrame) -> None:
    with pytest.raises(QualityError, match="column_ordered"):
        validate_titles(table[list(reversed(TITLE_COLUMNS))])


def test_every_failure_is_counted(table: pd.DataFrame) -> None:
    with pytest.raises(QualityError, match=r"^clean titles: 50 schema failures"):
        validate_titles(table.assign(rating=np.full(50, 11.0)))


def test_a_value_with_line_breaks_still_makes_one_line(table: pd.DataFrame) -> None:
    with pytest.raises(QualityError) as caught:
        validate_titles(corrupt(table, "type", "film\nnoir\r\n" * 50))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300
