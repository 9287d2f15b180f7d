"""Questions put to the full-text tables. Words are quoted and hold letters and digits only, so no query can use the engine's own syntax."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from trending.catalogue.facets import Check, Sieve

Table = Literal["names", "texts", "keys"]

_BATCH = 1_000
_SCANNED = 10_000  # rows looked up for more than the `least` that is needed
_LOOK_UP = 40  # fetching a row and looking it up costs as much as so many entries of a list the engine merges (measured at a million titles)


class Matcher:
    """Asks one connection; rows come best known first, and fulfil the filters."""

    def __init__(self, connection: sqlite3.Connection, sieve: Sieve, works: int) -> None:
        """Take what every row found must fulfil beside the words, and how many works there are."""
        self._connection = connection
        self._works = works
        self._counts: dict[str, tuple[int, int]] = {}
        self.count_words(token for check in sieve.checks for token in check.tokens)
        self._checks = sorted(sieve.checks, key=lambda check: self._count(check.tokens))

    def count_words(self, words: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Return in how many works' names and in how many works' texts each word stands."""
        wanted = list(dict.fromkeys(words))
        new = [word for word in wanted if word not in self._counts]
        if new:
            self._counts |= dict.fromkeys(new, (0, 0))
            found = self._connection.execute(f"SELECT word, names, texts FROM words WHERE word IN ({', '.join('?' * len(new))})", new)
            self._counts |= {word: (names, texts) for word, names, texts in found}
        return {word: self._counts[word] for word in wanted}

    def find(
        self, table: Table, words: Sequence[str], limit: int, *, prefix: str = "", any_of: Sequence[str] = (), after: int = -1, least: int = 0
    ) -> list[int]:
        """Return rows in which all words stand; see `scan`."""
        return self.scan(table, words, limit, prefix=prefix, any_of=any_of, after=after, least=least)[0]

    def scan(
        self, table: Table, words: Sequence[str], limit: int, *, prefix: str = "", any_of: Sequence[str] = (), after: int = -1, least: int = 0
    ) -> tuple[list[int], bool]:
        """Return rows in which all words stand, and whether that is all of them.

        Args:
            table: Where to look.
            words: May be none.
            limit: How many rows at most.
            prefix: Beginning of one more word, if any.
            any_of: Words of which one must stand there too, if any.
            after: Only rows beyond this one.
            least: So many are looked for however long it takes; more, up to `limit`, only as far as it is cheap.
        """
        expression, unmerged = self._express(table, words, prefix, any_of)
        found: list[int] = []
        scanned = 0
        for batch in self._fetch(table, expression, after, limit if not unmerged else None):
            rows = batch
            for check in unmerged:
                rows = check.sift(rows)
            found += rows
            scanned += len(batch)
            if len(found) >= limit or (len(found) >= least and scanned >= _SCANNED):
                return found[:limit], False
        return found, True

    def begins_word(self, prefix: str) -> bool:
        """Return whether any word of the catalogue begins so."""
        found = self._connection.execute("SELECT word FROM words WHERE word >= ? ORDER BY word LIMIT 1", (prefix,)).fetchone()
        return found is not None and found[0].startswith(prefix)

    def _express(self, table: Table, words: Sequence[str], prefix: str, any_of: Sequence[str]) -> tuple[str, list[Check]]:
        """Return the expression to match, and the filters that aren't in it as looking them up costs less."""
        column = 0 if table == "names" else 1
        terms = [(self.count_words([word])[word][column], f'"{word}"') for word in words]
        if prefix:
            terms.append((self._works >> 2 * len(prefix), f'"{prefix}" *'))
        if any_of:
            terms.append((0, _join_any(any_of)))
        expected = float(min((count for count, _ in terms), default=self._works))
        unmerged = []
        for check in self._checks:
            count = self._count(check.tokens)
            share = min(count / max(self._works, 1), 1.0)
            if check.numbers is not None and count > _LOOK_UP * expected * (1 - share):
                unmerged.append(check)
            else:
                terms.append((count, _join_any(check.tokens)))
                expected *= share
        # The engine steps through the first list and looks its rows up in the others: the shortest goes first.
        return " AND ".join(term for _, term in sorted(terms)), unmerged

    def _fetch(self, table: Table, expression: str, after: int, limit: int | None) -> Iterator[list[int]]:
        if not expression:  # works come first, without a gap
            last = self._works if limit is None else min(self._works, after + 1 + limit)
            yield from ([*range(start, min(start + _BATCH, last))] for start in range(after + 1, last, _BATCH))
            return
        query = f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND rowid > ? ORDER BY rowid" + ("" if limit is None else f" LIMIT {limit}")
        cursor = self._connection.execute(query, (expression, after))
        while rows := cursor.fetchmany(_BATCH):
            yield [row for (row,) in rows]

    def _count(self, tokens: Sequence[str]) -> int:
        return sum(texts for _, texts in self.count_words(tokens).values())


def _join_any(words: Sequence[str]) -> str:
    return "(" + " OR ".join(f'"{word}"' for word in words) + ")"
