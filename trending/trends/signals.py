"""Popularity signals: what a source counted for a title over a period, one row each, whatever the source.

Loaders elsewhere turn what a source says into these rows. Nothing here fetches, matches titles or scores them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Literal, get_args

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from trending.errors import InputError

Kind = Literal["views", "hours", "rank", "reviews", "rating"]
Name = Annotated[str, Field(min_length=1)]
_KEY = ["title_key", "source", "kind", "period_start"]
# The least and the greatest value of a kind: a chart begins at 1, ratings are brought to 0-10 by their loader.
VALUE_RANGES = {"rank": (1.0, np.inf), "rating": (0.0, 10.0)}


class Signal(BaseModel):
    """One figure of one source about one title over one period."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title_key: Name
    source: Name
    kind: Kind
    value: float = Field(ge=0, allow_inf_nan=False, description="views, hours or reviews over the period; rank from 1; mean rating from 0 to 10")
    period_start: dt.date
    days: int = Field(default=7, ge=1, description="length of the period; a signal is known only once its period has ended")
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False, description="how many ratings a mean rating stands for")


COLUMNS = tuple(Signal.model_fields)


def frame_signals(signals: Iterable[Signal]) -> pd.DataFrame:
    """Return signals as a frame, one row each: `COLUMNS`, with `period_start` as datetime64 without a time zone."""
    frame = pd.DataFrame([signal.model_dump() for signal in signals], columns=list(COLUMNS))
    frame["period_start"] = pd.to_datetime(frame["period_start"])
    return frame.astype({"value": "float64", "days": "int64", "weight": "float64"})


def select_known(signals: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Return the checked rows whose period had ended by `as_of`, with `age`: whole weeks between that end and `as_of`.

    Rows that end later aren't looked at, not even to refuse them, so that a replay of the past can't learn from them.

    Args:
        signals: Rows with `COLUMNS`, in any order.
        as_of: The day whose morning it is: a week that began seven days ago is over.

    Raises:
        InputError: A column is missing, or a known row can't be true.
    """
    missing = [column for column in COLUMNS if column not in signals]
    if missing:
        raise InputError(f"no column {', '.join(missing)}", where="signals", mend="build the frame with frame_signals")
    for column, is_right in (("period_start", pd.api.types.is_datetime64_dtype), ("days", pd.api.types.is_integer_dtype)):
        if len(signals) and not is_right(signals[column]):
            raise InputError(f"{column} is {signals[column].dtype}", where="signals", mend="build the frame with frame_signals")
    if signals["period_start"].isna().any():
        raise InputError("a row has no period_start", where="signals", mend="drop it or give it a date")
    if signals.empty:
        return signals.assign(age=pd.Series(dtype="int64"))
    left = (pd.Timestamp(as_of) - signals["period_start"]).dt.days - signals["days"]
    # Both, as a negative length would let a row from the future in.
    known: pd.DataFrame = signals.assign(age=left // 7)[(left >= 0) & (signals["period_start"] < pd.Timestamp(as_of))]
    _check(known)
    return known


def _check(known: pd.DataFrame) -> None:
    value, weight = (pd.to_numeric(known[column], errors="coerce") for column in ("value", "weight"))
    low = known["kind"].map({kind: bounds[0] for kind, bounds in VALUE_RANGES.items()}).fillna(0.0).astype(float)
    high = known["kind"].map({kind: bounds[1] for kind, bounds in VALUE_RANGES.items()}).fillna(np.inf).astype(float)
    rules = {
        "title_key or source is empty": known[["title_key", "source"]].isin([None, ""]).any(axis=1),
        f"kind is none of {', '.join(get_args(Kind))}": ~known["kind"].isin(get_args(Kind)),
        "days is below 1": known["days"] < 1,
        "value is no number, or outside its range": ~(np.isfinite(value) & (value >= low) & (value <= high)),
        "weight is no number above 0": ~(np.isfinite(weight) & (weight > 0)),
        "the same title, source, kind and period stands twice": known.duplicated(_KEY, keep=False),
    }
    for what, broken in rules.items():
        if broken.any():
            row = known[broken].iloc[0]
            where = f"signals, {row['title_key']!r}, {row['source']} {row['kind']} of {row['period_start']:%Y-%m-%d}"
            raise InputError(f"{what} ({int(broken.sum())} rows)", where=where, mend="mend or quarantine such rows in the loader")
