"""What is trending, as the catalogue holds it: entries of a ranking with the reasons and the history of each.

A rank is the title's place among all films and TV, whatever filters are applied. How rankings are made: `trending.catalogue.rankings`.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Sequence

from trending.answers import TrendEntry, TrendPart, TrendPoint, Window
from trending.catalogue.cards import read_cards
from trending.catalogue.facets import Sieve

Place = tuple[int, int, float]  # rank, row, score


def list_places(connection: sqlite3.Connection, window: Window, sieve: Sieve) -> list[Place]:
    """Return the places of a ranking whose titles pass, best first."""
    ranked = connection.execute("SELECT rank, row, rankings.score, facets FROM rankings JOIN titles USING (row) WHERE span = ? ORDER BY rank", (window,))
    return [(rank, row, score) for rank, row, score, facets in ranked if sieve.passes(facets)]


def find_place(connection: sqlite3.Connection, row: int) -> Place | None:
    """Return a title's place in the latest week, if it has one."""
    found = connection.execute("SELECT rank, row, score FROM rankings WHERE row = ? AND span = 'week'", (row,)).fetchone()
    return tuple(found) if found else None


def read_entries(connection: sqlite3.Connection, places: Sequence[Place]) -> list[TrendEntry]:
    """Return the entries of places: parts are of the latest day, the history is oldest first."""
    cards = read_cards(connection, [row for _, row, _ in places])
    return [
        TrendEntry(rank=rank, score=score, title=card, parts=_read_parts(connection, row), history=_read_history(connection, row))
        for (rank, row, score), card in zip(places, cards, strict=True)
    ]


def _read_parts(connection: sqlite3.Connection, row: int) -> list[TrendPart]:
    found = connection.execute("SELECT parts FROM trend_parts WHERE row = ?", (row,)).fetchone()
    return [TrendPart(**part) for part in json.loads(found[0])] if found else []


def _read_history(connection: sqlite3.Connection, row: int) -> list[TrendPoint]:
    found = connection.execute("SELECT as_of, score FROM trend_points WHERE row = ? ORDER BY as_of", (row,))
    return [TrendPoint(as_of=dt.date.fromisoformat(day), score=score) for day, score in found]
