"""What models cost and how often they are called: counted in SQLite, shared by every process of a machine, kept within a day's budget and a minute's limit.

A call is booked at the most it can cost before it is made, and corrected when it is known, so that calls under way at once can't exceed the budget together.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trending.errors import TrendingError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, day TEXT NOT NULL, model TEXT NOT NULL, tokens INTEGER NOT NULL, cost REAL NOT NULL, priced INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_by_time ON calls (at);
CREATE INDEX IF NOT EXISTS calls_by_day ON calls (day);
"""
_MINUTE = 60.0
_KEPT_SECONDS = 90 * 86_400
_LOCK_SECONDS = 2.0


class SpendingRefused(TrendingError):  # noqa: N818
    """A call isn't made: the budget or the rate limit is used up, or what it costs can't be counted."""

    status = 503


class MinuteFull(SpendingRefused):
    """The minute has no room for a call; a later one has."""


@dataclass(frozen=True)
class Spent:
    """What models took in a day (UTC). `unpriced` calls are of models whose price isn't known: their tokens count, their cost doesn't."""

    calls: int
    tokens: int
    cost_usd: float
    unpriced: int


class Spending:
    """The account of model calls in one SQLite file."""

    def __init__(self, path: Path, budget_usd: float, calls_per_minute: int) -> None:
        self.path = path
        self.budget_usd = budget_usd
        self.calls_per_minute = calls_per_minute

    def book(self, model: str, tokens: int, cost_usd: float | None) -> int:
        """Book a call at the most it can take, and return its number for `settle`; a cost of None is unknown.

        Raises:
            MinuteFull: If it doesn't fit in the minute.
            SpendingRefused: If it doesn't fit in the budget, or can't be counted.
        """
        now = time.time()
        day = _name_day(now)
        with self._open() as db:
            if db.execute("SELECT count(*) FROM calls WHERE at > ?", (now - _MINUTE,)).fetchone()[0] >= self.calls_per_minute:
                raise MinuteFull(f"the limit of {self.calls_per_minute} calls a minute is reached", mend="wait, or raise TRENDING_LLM_REQUESTS_PER_MINUTE")
            spent = db.execute("SELECT coalesce(sum(cost), 0) FROM calls WHERE day = ?", (day,)).fetchone()[0]
            if spent + (cost_usd or 0.0) > self.budget_usd:
                raise SpendingRefused(
                    f"the day's budget of {self.budget_usd:.2f} USD is used up", mend="wait for tomorrow (UTC), or raise TRENDING_LLM_BUDGET_USD"
                )
            db.execute("DELETE FROM calls WHERE at < ?", (now - _KEPT_SECONDS,))
            row = (now, day, model, tokens, cost_usd or 0.0, cost_usd is not None)
            return int(db.execute("INSERT INTO calls (at, day, model, tokens, cost, priced) VALUES (?, ?, ?, ?, ?, ?)", row).lastrowid or 0)

    def settle(self, call: int, tokens: int, cost_usd: float) -> None:
        """Correct a booked call to what it took. One that broke off unanswered stays at the most it can have cost."""
        with self._open() as db:
            db.execute("UPDATE calls SET tokens = ?, cost = ? WHERE id = ?", (tokens, cost_usd, call))

    def today(self) -> Spent:
        """Return what was spent since midnight (UTC)."""
        with self._open() as db:
            sums = "SELECT count(*), coalesce(sum(tokens), 0), coalesce(sum(cost), 0), coalesce(sum(NOT priced), 0) FROM calls WHERE day = ?"
            calls, tokens, cost, unpriced = db.execute(sums, (_name_day(time.time()),)).fetchone()
        return Spent(calls, tokens, cost, unpriced)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Yield the database within a transaction that no other process writes in."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self.path, timeout=_LOCK_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise _refuse_uncounted(self.path) from error
        try:
            db.executescript(_SCHEMA)
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except sqlite3.Error as error:
            raise _refuse_uncounted(self.path) from error
        finally:
            db.close()


def _refuse_uncounted(path: Path) -> SpendingRefused:
    return SpendingRefused(
        "what models cost can't be counted, so none is called", where=str(path), mend="make the file writable, or delete it if it is damaged"
    )


def _name_day(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date().isoformat()
