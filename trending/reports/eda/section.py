"""What a part of the report is made of, before it is a page or Markdown; and the wording of figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

MOST_NAMES = 20  # names on one chart: more can't be read; tables have them all


@dataclass(frozen=True)
class Chart:
    """A chart to be drawn on demand; `alt` says what it shows to those who don't see it."""

    name: str
    draw: Callable[[], str]
    alt: str


@dataclass(frozen=True)
class Table:
    """Figures in rows; `caption` says what they are, and `repeats` that a chart already shows each of them."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    repeats: bool = False


@dataclass(frozen=True)
class Section:
    """A heading, what to take from it, and the charts and tables that show it."""

    key: str
    heading: str
    take: str
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


def say_share(part: float, whole: float) -> str:
    """Return a percentage; what is neither nothing nor all isn't rounded to either."""
    if not whole or not part:
        return "0%"
    share = part / whole
    if share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def count_of(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, in the singular or plural."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def list_names(names: Sequence[str], most: int = 3) -> str:
    """Return names as a phrase; those beyond `most` are counted."""
    shown = list(names[:most]) + ([f"{len(names) - most} more"] if len(names) > most else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "none"
