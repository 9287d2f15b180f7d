"""Titles like a title: near in meaning where there are vectors, else by shared genres, tags and rare words of the plot. Never the same work."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from trending.answers import Similar, TitleCard
from trending.catalogue.cards import read_cards
from trending.catalogue.facets import SIGN, Sieve
from trending.catalogue.match import Matcher
from trending.catalogue.words import split_words

if TYPE_CHECKING:
    from trending.embeddings import VectorIndex
    from trending.embeddings.encoder import Vectors

_NEAR = 200  # neighbours of a query
# Every query has neighbours. Nonsense typed at the starter catalogue has none beyond a cosine of 0.32, what describes a title has its best at 0.37 to 0.56.
_LEAST_COSINE = 0.3
_LEAST_SHARE = 0.7  # of the best one's cosine
_NEIGHBOURS = 500  # of a title; four times as many are looked at while filters leave too few
_MOST_NEIGHBOURS = 32_000  # beyond it a question takes too long, and has more parameters than SQLite allows
_RARE_WORDS = 10
_CANDIDATES = 100
_COMMON = 0.02  # words of more than this share of all texts say little about a plot


def find_near(connection: sqlite3.Connection, index: VectorIndex, vector: Vectors, sieve: Sieve) -> list[int]:
    """Return works whose title and plot are near in meaning and which fulfil the filters, nearest first."""
    near = _search_index(connection, index, vector, sieve, _NEAR)
    least = max(_LEAST_COSINE, _LEAST_SHARE * max(near.values(), default=0.0))
    return [row for row, cosine in near.items() if cosine >= least]


def find_similar(connection: sqlite3.Connection, index: VectorIndex | None, row: int, sieve: Sieve, limit: int, works: int) -> list[Similar]:
    """Return works like the title in `row` that fulfil the filters, most similar first."""
    record = connection.execute("SELECT work, plot, facets FROM titles WHERE row = ?", (row,)).fetchone()
    shared_words: dict[int, list[str]] = {}
    if index is None:
        scores, shared_words = _score_by_words(connection, record, sieve, works)
    else:
        scores = _search_wider(connection, index, row, sieve, limit)
    scores.pop(record["work"], None)
    best = sorted(scores, key=lambda one: (-scores[one], one))[:limit]
    own, *cards = read_cards(connection, [row, *best])
    return [
        Similar(title=card, similarity=round(min(max(scores[one], 0.0), 1.0), 4), why=_explain(own, card, shared_words.get(one, [])))
        for one, card in zip(best, cards, strict=True)
    ]


def _search_wider(connection: sqlite3.Connection, index: VectorIndex, row: int, sieve: Sieve, limit: int) -> dict[int, float]:
    count = _NEIGHBOURS
    while True:
        found = _search_index(connection, index, index.vector(row), sieve, count)
        if len(found) > limit or count >= min(len(index), _MOST_NEIGHBOURS):
            return found
        count *= 4


def _search_index(connection: sqlite3.Connection, index: VectorIndex, vector: Vectors, sieve: Sieve, count: int) -> dict[int, float]:
    """Return the nearest works with their cosines, nearest first; a work is as near as its nearest row."""
    rows, cosines = index.search(vector, count)
    known = _read_facets(connection, rows.tolist())
    near: dict[int, float] = {}
    for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True):
        work, facets = known[row]
        if work not in near and sieve.passes(facets):
            near[work] = cosine
    return near


def _score_by_words(connection: sqlite3.Connection, record: sqlite3.Row, sieve: Sieve, works: int) -> tuple[dict[int, float], dict[int, list[str]]]:
    """Score by the weight of shared rare words (inverse document frequency) and by shared genres and tags, half each."""
    matcher = Matcher(connection, sieve, works)
    counts = matcher.count_words(split_words(record["plot"] or ""))
    telling = (word for word, (_, texts) in counts.items() if 1 < texts <= max(2, _COMMON * works))
    weight = {word: math.log(works / counts[word][1]) for word in sorted(telling, key=lambda word: (counts[word][1], word))[:_RARE_WORDS]}
    shared: dict[int, list[str]] = {}
    for word in weight:
        for row in matcher.find("texts", [word], _CANDIDATES):
            shared.setdefault(row, []).append(word)
    traits = _list_traits(record["facets"])
    alike = [sorted(traits), *([trait] for trait in sorted(traits))] if traits else []
    candidates = {*shared, *(row for wanted in alike for row in matcher.find("names", wanted, _CANDIDATES))}
    most = sum(weight.values()) or 1.0
    scores = {}
    for row, (work, facets) in _read_facets(connection, candidates).items():
        either = _list_traits(facets) | traits
        overlap = len(_list_traits(facets) & traits) / len(either) if either else 0.0
        scores[work] = 0.5 * overlap + 0.5 * sum(weight[word] for word in shared.get(row, [])) / most
    return scores, shared


def _list_traits(facets: str) -> set[str]:
    """Return the tokens of genres and tags."""
    return {token for token in facets.split(" ") if token[len(SIGN)] in "gv"}


def _read_facets(connection: sqlite3.Connection, rows: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Return each row's work and the facets of the row that speaks for it."""
    wanted = list(rows)
    found = connection.execute(
        "SELECT titles.row, titles.work, speaker.facets FROM titles JOIN titles AS speaker ON speaker.row = titles.work "
        f"WHERE titles.row IN ({', '.join('?' * len(wanted))})",
        wanted,
    )
    return {row: (work, facets) for row, work, facets in found}


def _explain(own: TitleCard, other: TitleCard, words: list[str]) -> str:
    parts = []
    if both := [genre for genre in own.known_genres() if genre in other.known_genres()]:
        parts.append(f"Both are {_join(both)}.")
    if vibes := [tag for tag in own.tags if tag in other.tags]:
        parts.append(f"Both feel {_join(vibes)}.")
    if words:
        parts.append(f"Both speak of {_join(words[:4])}.")
    return " ".join(parts) or "Their plots are near in meaning."


def _join(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
