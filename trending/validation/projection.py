"""Titles as the checks see them: plain columns of names, numbers and texts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from trending.errors import InputError

NAMES = ("type", "source", "rights_class", "language")
NUMBERS = ("year", "plot_chars", "genre_count")


def project_titles(titles: pd.DataFrame) -> pd.DataFrame:
    """Return titles with `genres` as one text and the numbers of `NUMBERS`; missing names and texts are None."""
    names = {name: titles[name].map(lambda value: value if isinstance(value, str) else None).astype(object) for name in ("title", "plot", "country", *NAMES)}
    frame = pd.DataFrame(names).assign(
        year=titles["year"].astype(float),
        plot_chars=titles["plot"].map(lambda plot: float(len(plot)) if isinstance(plot, str) else float("nan")).astype(float),
        genre_count=titles["genres"].map(len).astype(float),
        genres=titles["genres"].map(lambda row: ", ".join(sorted(row)) or None).astype(object),
    )
    return frame.reset_index(drop=True)


def keep_filled(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return those of `names` that have a value at all: there is nothing to check in the others."""
    return [name for name in names if frame[name].notna().any()]


def need_rows(frame: pd.DataFrame, what: str) -> None:
    """Refuse an empty frame.

    Raises:
        InputError: If there are no rows.
    """
    if frame.empty:
        raise InputError("there are no rows to check", where=what)
