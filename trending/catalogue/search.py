"""Search: what a query finds, in what order.

Candidates come from the full-text tables best known first, a bounded number of each kind, and are ranked here: the whole title, titles with all the words,
titles that begin so or differ by a mistake or two, then plots with all the words; a plain title match stays on top. Where the meaning of the query is known,
what matches by words and what is near in meaning are fused by reciprocal ranks (Cormack, Clarke and Buettcher, SIGIR 2009). This bounded part is the *head*;
after it follow all other rows whose text has the words, best known first, as far as anybody pages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from trending.catalogue.facets import Sieve
from trending.catalogue.match import Matcher
from trending.catalogue.names import MAX_WORDS, NameMatches, NameSearch
from trending.catalogue.spelling import correct_word
from trending.catalogue.words import split_words

COUNTED = 500  # what fits is counted so far
_TOLD = 200  # rows of the head that match by their texts
_COMMON = 0.2  # words of more than this share of all texts select nothing there
_FUSED = 60  # k of the paper


@dataclass(frozen=True)
class Found:
    """What a query finds.

    Attributes:
        head: Rows in order.
        words: What the tail matches: all rows beyond `last` in whose text these stand; None if there is no tail.
        last: Row after which the tail begins.
        counted: How many rows there are at least.
        exact: Whether there are no more.
        corrected: The words that were looked for instead of those typed.
    """

    head: list[int]
    words: list[str] | None
    last: int
    counted: int
    exact: bool
    corrected: list[str] | None


class Search:
    """Searches over one connection and under the same filters."""

    def __init__(self, connection: sqlite3.Connection, sieve: Sieve, works: int) -> None:
        """Bind what stays the same for all steps."""
        self._connection = connection
        self._works = works
        self._matcher = Matcher(connection, sieve, works)
        self._names = NameSearch(connection, self._matcher, works)

    def run(self, query: str, near: Sequence[int]) -> Found:
        """Find rows.

        Args:
            query: As it was typed; at least one word.
            near: Rows that are near in meaning and fulfil the filters, nearest first.
        """
        words, open_ended = split_words(query), query[-1:].isalnum()
        names, (told, complete) = self._names.find(words, open_ended), self._find_told(words)
        corrected = None
        if not (names.is_plain or names.begun or told):
            corrected = self._correct(words, names, open_ended, may_doubt=not near)
            if corrected:
                better, (told, complete) = self._names.find(corrected, open_ended), self._find_told(corrected)
                better.nearly = names.nearly | better.nearly
                if near and not (better.is_any or told):
                    corrected = None  # what is near in meaning answers as it was typed
                else:
                    words, names = corrected, better
        has_tail = len(told) > _TOLD
        if not (names.is_any or told or near):
            told, complete = self._relax(words), False
        head = _merge(*self._names.rank(names, words), told[:_TOLD], near)
        return Found(
            head=head,
            words=self._select(words) if has_tail else None,
            last=told[_TOLD - 1] if has_tail else -1,
            counted=len({*head, *told}),
            exact=complete and not names.is_bounded and not near,
            corrected=corrected,
        )

    def turn_to(self, found: Found, place: tuple[int, int], limit: int) -> tuple[list[int], tuple[int, int] | None]:
        """Return the rows of one page, and where the next begins: so far into the head, and after which row of the tail (one more than its number)."""
        offset, after = place
        rows = found.head[offset : offset + limit + 1]
        last, head, more = max(after - 1, found.last), set(found.head), found.words is not None
        while found.words is not None and more and len(rows) <= limit:
            fetched = self._matcher.find("texts", found.words, limit + 1, after=last, least=limit + 1)
            rows += [row for row in fetched if row not in head]
            more, last = len(fetched) > limit, fetched[-1] if fetched else last
        if len(rows) <= limit:
            return rows, None
        in_tail = offset + limit > len(found.head)
        return rows[:limit], (offset + limit, rows[limit - 1] + 1 if in_tail else 0)

    def complete(self, prefix: str, limit: int) -> list[int]:
        """Return rows of titles that what was typed may become; at least one word."""
        return self._names.complete(split_words(prefix), limit)

    def _find_told(self, words: Sequence[str]) -> tuple[list[int], bool]:
        return self._matcher.scan("texts", self._select(words), COUNTED, least=_TOLD + 1)

    def _select(self, words: Sequence[str]) -> list[str]:
        """Return the words that tell texts apart."""
        distinct = list(dict.fromkeys(words))[:MAX_WORDS]
        counts = self._matcher.count_words(distinct)
        return [word for word in distinct if counts[word][1] <= _COMMON * self._works] or distinct

    def _correct(self, words: list[str], names: NameMatches, open_ended: bool, *, may_doubt: bool) -> list[str] | None:
        """Return what was meant: the title that is nearly what was typed, or its unknown words corrected; a known one only if `may_doubt`."""
        if names.nearly:
            _, ranked = self._names.rank(names, words)
            return names.nearly[ranked[0]]
        words = words[:MAX_WORDS]
        counts = self._matcher.count_words(words)
        known = [counts[word][1] > 0 for word in words]
        known[-1] = known[-1] or (open_ended and self._matcher.begins_word(words[-1]))
        better = [word if sure else correct_word(self._connection, word) or word for word, sure in zip(words, known, strict=True)]
        if better != words:
            return better
        return self._correct_known(words) if may_doubt else None

    def _correct_known(self, words: list[str]) -> list[str] | None:
        """Return the words with one of them, the rarest that helps, taken for its neighbour."""
        counts = self._matcher.count_words(words)
        for word in sorted(set(words), key=lambda one: (counts[one][1], one)) if len(words) > 1 else []:
            other = correct_word(self._connection, word)
            better = [other if other and one == word else one for one in words]
            if other and self._matcher.find("texts", self._select(better), 1, least=1):
                return better
        return None

    def _relax(self, words: list[str]) -> list[int]:
        """Return rows that have the rarest words of the query, as many of them as any row has."""
        counts = self._matcher.count_words(words[:MAX_WORDS])
        rare = sorted((word for word in counts if counts[word][1]), key=lambda word: (counts[word][1], word))
        for kept in range(len(rare), 0, -1):
            rows = self._matcher.find("texts", rare[:kept], _TOLD)
            if rows:
                return rows
        return []


def _merge(plain: list[int], other_names: list[int], told: Sequence[int], near: Sequence[int]) -> list[int]:
    scores: dict[int, float] = {}
    on_top = set(plain)
    by_words = [row for row in dict.fromkeys([*other_names, *told]) if row not in on_top]
    for rows in (by_words, near):
        for place, row in enumerate(rows, 1):
            scores[row] = scores.get(row, 0.0) + 1 / (_FUSED + place)
    return list(dict.fromkeys([*plain, *sorted(scores, key=lambda row: (-scores[row], row))]))
