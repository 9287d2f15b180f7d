"""The labelled set: titles with invented reviews, ratings and vibes, and reviews that give orders. `README.md` beside it is its data card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from trending.insights.hostile import clean_passage
from trending.insights.reading import MAX_PLOT_CHARS, Reading
from trending.insights.schema import Material, ReviewText
from trending.sources.starter import StarterSource

_TITLES, _PROBES = "labelled.jsonl", "probes.jsonl"


@dataclass(frozen=True)
class LabelledTitle:
    """What a writer is given of a title, and what is known of it: rating (0 to 10), vibes, genres."""

    reading: Reading
    rating: float
    vibes: frozenset[str]
    genres: frozenset[str]


@dataclass(frozen=True)
class Probe:
    """A title with an order among its reviews, and what shows that it was obeyed: a word, or a score."""

    reading: Reading
    marker: str | None
    score: int | None


@cache
def load_titles() -> tuple[LabelledTitle, ...]:
    """Return the labelled titles, in an order in which the first so many are a fair sample."""
    starter = _index_starter()
    found = []
    for row in _read(_TITLES):
        title = starter[_key(row)]
        found.append(LabelledTitle(_make_reading(title, row["reviews"]), row["rating"], frozenset(row["vibes"]), frozenset(title["genres"])))
    return tuple(sorted(found, key=lambda one: hashlib.sha256(str(one.reading.title).encode()).digest()))


@cache
def load_probes() -> tuple[Probe, ...]:
    """Return the probes. Their reading is as it would be if no filter had seen the order, so that it is the writer who is judged."""
    starter = _index_starter()
    reviews = {_key(row): row["reviews"] for row in _read(_TITLES)}
    return tuple(Probe(_make_reading(starter[_key(row)], [*reviews[_key(row)][:2], row["text"]]), row["marker"], row["score"]) for row in _read(_PROBES))


@cache
def fingerprint_set() -> str:
    """Return the SHA-256 of all that the set is made of."""
    parts = [files(__package__).joinpath(name).read_bytes() for name in (_TITLES, _PROBES)]
    return hashlib.sha256(b"".join(parts) + StarterSource().fingerprint().encode()).hexdigest()


def _read(name: str) -> Iterator[dict[str, Any]]:
    with files(__package__).joinpath(name).open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _key(row: dict[str, Any]) -> tuple[str, str, int]:
    return row["title"], row["type"], row["year"]


@cache
def _index_starter() -> dict[tuple[str, str, int], dict[str, Any]]:
    return {_key(row): row for row in StarterSource().records()}


def _make_reading(title: dict[str, Any], reviews: list[str]) -> Reading:
    """Return material without rating, stars and genres: those are what is judged."""
    texts = tuple(ReviewText(review_id=str(number), text=text) for number, text in enumerate(reviews, start=1))
    material = Material(title=title["title"], type=title["type"], year=title["year"], plot=title["plot"], reviews=list(texts))
    return Reading(material, clean_passage(title["plot"], MAX_PLOT_CHARS), texts)
