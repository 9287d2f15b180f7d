"""Filters as words of the index: every title carries a token per fact one can filter by, so that the engine can intersect filters and words in one pass.

A token starts with a sign no query word can hold, so nobody can ask for one by typing it. Where few titles match the words, or most titles pass a filter,
looking the facts up per row is quicker than merging long lists: all but tags are kept in memory as a number per row too.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from trending.catalogue.languages import LANGUAGE_INDEX, LANGUAGES, find_language
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

    genre: list[str] = Field(default_factory=list, description="Canonical genres; each must be listed, or predicted for a title that lists none.")
    type: str | None = Field(None, description="movie or tv.")
    year_from: int | None = Field(None, description="First year of release.")
    year_to: int | None = Field(None, description="Last year of release.")
    min_score: int | None = Field(None, ge=0, le=100, description="Least insights score, 0 to 100; titles without one don't pass.")
    language: str | None = Field(None, description="ISO 639-1 code or English name.")
    tag: str | None = Field(None, description="A vibe.")


def make_facets(genres: Iterable[str], kind: str, year: int | None, language: str | None, score: int | None, tags: Iterable[int]) -> list[str]:
    """Return the tokens of a title: its genres, type, year and decade, language, score and its tens, numbers of tags."""
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
    """A number per row: year and score (-1: none), place of the type and of the language in their lists (-1: none), a bit per genre."""

    years: array[int]
    scores: array[int]
    types: array[int]
    languages: array[int]
    genres: array[int]


@dataclass(frozen=True)
class Check:
    """One thing a title must fulfil: it has one of the tokens, which is to say its number, under the mask, lies between two others."""

    tokens: list[str]
    numbers: array[int] | None  # None: only the tokens tell
    first: int = 0
    last: int = 0
    mask: int = -1

    def sift(self, rows: Iterable[int]) -> list[int]:
        """Return the rows that fulfil it, looked up one by one."""
        numbers, first, last, mask = self.numbers, self.first, self.last, self.mask
        return list(rows) if numbers is None else [row for row in rows if first <= numbers[row] & mask <= last]


@dataclass(frozen=True)
class Sieve:
    """Compiled filters."""

    checks: list[Check]

    def passes(self, facets: str) -> bool:
        """Return whether a title with these tokens, separated by spaces, fulfils all of them."""
        held = set(facets.split(" ")) if self.checks else set()
        return all(not held.isdisjoint(check.tokens) for check in self.checks)


OPEN = Sieve([])


def compile_filters(filters: Filters, tags: Mapping[str, int], languages: Mapping[str, int], numbers: Numbers) -> Sieve:
    """Return what a title must fulfil.

    Args:
        filters: What was asked for.
        tags: Number of every tag of the catalogue.
        languages: How many titles each language of the catalogue has.
        numbers: Facts of every row.

    Raises:
        UsageError: On a genre, type, tag or language that no title can have; it lists those there are.
    """
    checks = []
    for genre in dict.fromkeys(filters.genre):
        number = GENRE_INDEX[_choose("genre", genre, GENRES)]
        checks.append(Check([f"{SIGN}g{number}"], numbers.genres, 1 << number, 1 << number, 1 << number))
    if filters.type is not None:
        kind = _choose("type", filters.type, TITLE_TYPES)
        checks.append(Check([f"{SIGN}t{kind}"], numbers.types, TITLE_TYPES.index(kind), TITLE_TYPES.index(kind)))
    if filters.language is not None:
        code = _choose_language(filters.language, languages)
        checks.append(Check([f"{SIGN}l{code}"], numbers.languages, LANGUAGE_INDEX[code], LANGUAGE_INDEX[code]))
    if filters.tag is not None:
        checks.append(Check([f"{SIGN}v{tags[_choose('tag', filters.tag, list(tags))]}"], None))
    if filters.year_from is not None or filters.year_to is not None:
        first = max(FIRST_YEAR, filters.year_from or FIRST_YEAR)
        last = min(LAST_YEAR, LAST_YEAR if filters.year_to is None else filters.year_to)
        checks.append(Check(_cover_range(first, last, "y", "d"), numbers.years, first, last))
    if filters.min_score is not None:
        checks.append(Check(_cover_range(filters.min_score, 109, "s", "c"), numbers.scores, filters.min_score, 109))
    return Sieve(checks)


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
