"""Signals that can't be true are refused in one line that names the row; what isn't known yet is never looked at."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from trending.errors import InputError
from trending.trends import Signal, frame_signals, score_titles
from trending.trends.signals import COLUMNS, select_known

AS_OF = dt.date(2024, 6, 3)
GOOD: dict[str, Any] = {"title_key": "a", "source": "netflix", "kind": "views", "value": 10.0, "period_start": dt.date(2024, 5, 27)}


def frame(**changes: Any) -> pd.DataFrame:
    """One good row with other values, as a loader that skips the model could build it."""
    row = frame_signals([Signal(**GOOD)])
    for column, value in changes.items():
        row[column] = [value]
    return row


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"value": math.nan}, "value is no number"),
        ({"value": -1.0}, "value is no number, or outside"),
        ({"value": math.inf}, "value is no number"),
        ({"value": "many"}, "value is no number"),
        ({"kind": "rank", "value": 0.0}, "outside its range"),
        ({"kind": "rating", "value": 11.0}, "outside its range"),
        ({"kind": "rating", "weight": 0.0}, "weight is no number above 0"),
        ({"kind": "likes"}, "kind is none of views"),
        ({"kind": None}, "kind is none of views"),
        ({"days": 0}, "days is below 1"),
        ({"title_key": ""}, "title_key or source is empty"),
        ({"source": None}, "title_key or source is empty"),
        ({"period_start": "2024-05-27"}, "period_start is"),
        ({"period_start": pd.Timestamp("2024-05-27", tz="UTC")}, "period_start is"),
        ({"period_start": pd.NaT}, "no period_start"),
        ({"days": 7.5}, "days is float64"),
    ],
)
def test_a_row_that_cannot_be_true_is_refused_in_one_line(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        score_titles(frame(**changes), AS_OF)
    assert "\n" not in str(caught.value)


def test_a_row_that_stands_twice_is_refused() -> None:
    with pytest.raises(InputError, match="stands twice"):
        score_titles(pd.concat([frame(), frame(value=11.0)]), AS_OF)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="no column kind, weight"):
        score_titles(frame().drop(columns=["kind", "weight"]), AS_OF)


@pytest.mark.parametrize("changes", [{"value": -1}, {"value": math.nan}, {"kind": "likes"}, {"kind": "rank", "value": math.inf}, {"days": 0}, {"weight": 0}])
def test_the_model_refuses_what_the_frame_refuses(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Signal(**GOOD | changes)


@pytest.mark.parametrize(("as_of", "age"), [(dt.date(2024, 6, 2), None), (AS_OF, 0), (dt.date(2024, 6, 9), 0), (dt.date(2024, 6, 10), 1)])
def test_a_week_is_known_once_it_is_over(as_of: dt.date, age: int | None) -> None:
    assert select_known(frame(), as_of)["age"].tolist() == ([] if age is None else [age])


def test_a_broken_row_from_the_future_is_not_even_refused() -> None:
    assert select_known(frame(value=-1.0, days=-400, period_start=pd.Timestamp("2025-01-01")), AS_OF).empty


def test_a_frame_of_no_signals_has_the_columns() -> None:
    assert tuple(frame_signals([]).columns) == COLUMNS
    assert score_titles(frame_signals([]), AS_OF) == []
