"""Filters as words of the index: every title carries a token per fact one can filter by, so that the engine intersects filters and words in one pass.

A token starts with a sign no query word can hold, so nobody can ask for one by typing it. Ranges that most titles pass (from 1990 on) would be long lists
to merge: those are looked up per row, in one number per title that is kept in memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from trending.catalogue.languages import LANGUAGES, find_language
from trending.catalogue.words import fold_text
from trending.errors import UsageError
from trending.genres import GENRE_INDEX, GENRES
from trending.titles import FIRST_YEAR, TITLE_TYPES

SIGN = "\u00a4"
LAST_YEAR = 2_109  # no title has a later one
_SHOWN = 40


class Filters(BaseModel):
    """What titles must fulfil, all of it; nothing given, all titles do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    genre: list[str] = Field(default_factory=list, description="Canonical genres; each must be listed or predicted.")
    type: str | None = Field(None, description="movie or tv.")
    year_from: int | None = Field(None, description="First year of release.")
    year_to: int | None = Field(None, description="Last year of release.")
    min_score: int | None = Field(None, ge=0, le=100, description="Least insights score, 0 to 100; titles without one don't pass.")
    language: str | None = Field(None, description="ISO 639-1 code or English name.")
    tag: str | None = Field(None, description="A vibe.")


def make_facets(genres: Iterable[str], kind: str, year: int | None, language: str | None, score: int | None, tags: Iterable[int]) -> list[str]:
    """Return the tokens of a title: genres (listed or predicted), type, year and decade, language, score and its tens, numbers of tags."""
    facets = [f"{SIGN}g{GENRE_INDEX[genre]}" for genre in genres]
    facets.append(f"{SIGN}t{kind}")
    if year is not None:
        facets += [f"{SIGN}y{year}", f"{SIGN}d{year // 10}"]
    if language is not None:
        facets.append(f"{SIGN}l{language}")
    if score is not None:
        facets += [f"{SIGN}s{score}", f"{SIGN}c{score // 10}"]
    return facets + [f"{SIGN}v{tag}" for tag in tags]


@dataclass(frozen=True)
class Numbers:
    """One number per row; -1 where there is none."""

    years: array[int]
    scores: array[int]


@dataclass(frozen=True)
class Range:
    """Numbers from `first` to `last`: as tokens, and as what to compare."""

    tokens: list[str]
    numbers: array[int]
    first: int
    last: int

    def holds(self, row: int) -> bool:
        """Return whether a row's number lies in it."""
        return self.first <= self.numbers[row] <= self.last


@dataclass(frozen=True)
class Sieve:
    """Compiled filters: a title has one token of each group, and its numbers lie in the ranges."""

    groups: list[list[str]]
    ranges: list[Range]

    def passes(self, row: int, facets: str) -> bool:
        """Return whether a title fulfils all: by its row and its tokens, separated by spaces."""
        if not all(one.holds(row) for one in self.ranges):
            return False
        held = set(facets.split(" ")) if self.groups else set()
        return all(not held.isdisjoint(group) for group in self.groups)


OPEN = Sieve([], [])


def compile_filters(filters: Filters, tags: Mapping[str, int], languages: Mapping[str, int], numbers: Numbers) -> Sieve:
    """Return what a title must fulfil.

    Args:
        filters: What was asked for.
        tags: Number of every tag of the catalogue.
        languages: How many titles each language of the catalogue has.
        numbers: Year and score of every row.

    Raises:
        UsageError: On a genre, type, tag or language that no title can have; it lists those there are.
    """
    groups = [[f"{SIGN}g{GENRE_INDEX[_choose('genre', one, GENRES)]}"] for one in dict.fromkeys(filters.genre)]
    if filters.type is not None:
        groups.append([f"{SIGN}t{_choose('type', filters.type, TITLE_TYPES)}"])
    if filters.language is not None:
        groups.append([f"{SIGN}l{_choose_language(filters.language, languages)}"])
    if filters.tag is not None:
        groups.append([f"{SIGN}v{tags[_choose('tag', filters.tag, list(tags))]}"])
    ranges = []
    if filters.year_from is not None or filters.year_to is not None:
        first = max(FIRST_YEAR, filters.year_from or FIRST_YEAR)
        last = min(LAST_YEAR, LAST_YEAR if filters.year_to is None else filters.year_to)
        ranges.append(Range(_cover_range(first, last, "y", "d"), numbers.years, first, last))
    if filters.min_score is not None:
        ranges.append(Range(_cover_range(filters.min_score, 109, "s", "c"), numbers.scores, filters.min_score, 109))
    return Sieve(groups, ranges)


def _cover_range(first: int, last: int, one: str, ten: str) -> list[str]:
    """Return tokens of whole tens where they fit and of single numbers at the ends; a range that is empty gives one that nothing has."""
    tokens, number = [], first
    while number <= last:
        if number % 10 == 0 and number + 9 <= last:
            tokens.append(f"{SIGN}{ten}{number // 10}")
            number += 10
        else:
            tokens.append(f"{SIGN}{one}{number}")
            number += 1
    return tokens or [f"{SIGN}none"]


def _choose(name: str, value: str, allowed: Sequence[str]) -> str:
    folded = fold_text(value.strip())
    for one in allowed:
        if fold_text(one) == folded:
            return one
    raise _refuse(name, value, allowed)


def _choose_language(value: str, languages: Mapping[str, int]) -> str:
    code = find_language(value)
    if code is None or code not in languages:
        raise _refuse("language", value, [f"{one} ({LANGUAGES[one]})" for one in languages])
    return code


def _refuse(name: str, value: str, allowed: Sequence[str]) -> UsageError:
    shown = ", ".join(allowed[:_SHOWN]) + (f" and {len(allowed) - _SHOWN} more" if len(allowed) > _SHOWN else "")
    return UsageError(
        f"{value[:100]!r} is no {name} of this catalogue", where=name, mend=f"use one of: {shown}" if allowed else f"leave it out: it has no {name}"
    )
