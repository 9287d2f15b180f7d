"""What became of requests, added up in memory per hour, unit and variant, until it is written. It never grows beyond a bound, and nobody waits for it."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

MOST_UNITS = 10_000  # that are told apart in an hour
MOST_HOURS = 12  # that are kept while they can't be written
VARIANTS = {False: "control", True: "treatment"}
HOUR_FORMAT = "%Y%m%dT%H"


@dataclass(slots=True)
class Totals:
    """Sums over requests."""

    requests: int = 0
    errors: int = 0
    slow: int = 0
    complaints: int = 0
    seconds: float = 0.0
    seconds_squared: float = 0.0
    compared: int = 0
    agreement: float = 0.0
    difference: float = 0.0

    def add(self, other: Totals) -> None:
        """Add another's sums."""
        for name in TOTALS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def to_dict(self) -> dict[str, Any]:
        """Return the sums that aren't zero."""
        return {name: round(value, 9) for name in TOTALS if (value := getattr(self, name))}


TOTALS = tuple(field.name for field in fields(Totals))
_Key = tuple[str | None, bool]


class Tallies:
    """The sums of one experiment in one process; safe to add to from several threads."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.unlogged = 0
        self._lock = threading.Lock()
        self._hours: dict[str, dict[_Key, Totals]] = {}
        self._changed: set[str] = set()
        self._sums = {False: Totals(), True: Totals()}

    def add(self, unit: str | None, treated: bool, totals: Totals) -> None:
        """Add what became of a request; requests that named no unit are added up together, as none comes again."""
        with self._lock:
            hour = f"{dt.datetime.now(dt.UTC):{HOUR_FORMAT}}"
            self._sums[treated].add(totals)
            units = self._hours.setdefault(hour, {})
            if (kept := units.get((unit, treated))) is None:
                if len(units) >= MOST_UNITS and unit is not None:
                    self.unlogged += 1
                    return
                kept = units[unit, treated] = Totals()
            kept.add(totals)
            self._changed.add(hour)

    def sums(self) -> tuple[Totals, Totals]:
        """Return the sums of control and treatment over all hours."""
        copies = Totals(), Totals()
        with self._lock:
            for treated, copy in enumerate(copies):
                copy.add(self._sums[bool(treated)])
        return copies

    def drain(self) -> dict[str, list[dict[str, Any]]]:
        """Return the lines of every hour that something was added to since the last time; hours that are over and were written are forgotten."""
        with self._lock:
            hour = f"{dt.datetime.now(dt.UTC):{HOUR_FORMAT}}"
            for past in [one for one in self._hours if one != hour and one not in self._changed]:
                del self._hours[past]
            for past in sorted(self._hours)[:-MOST_HOURS]:
                self.unlogged += len(self._hours.pop(past))
                self._changed.discard(past)
            lines = {
                changed: [{"unit": unit, "variant": VARIANTS[treated], **totals.to_dict()} for (unit, treated), totals in self._hours[changed].items()]
                for changed in self._changed
            }
            self._changed.clear()
        return lines

    def give_back(self, hours: Iterable[str]) -> None:
        """Take back hours that were drained and could not be written: the next drain returns them again."""
        with self._lock:
            self._changed |= {hour for hour in hours if hour in self._hours}
