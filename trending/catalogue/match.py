"""Questions put to the full-text tables. Words are quoted and hold letters and digits only, so no query can use the engine's own syntax."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from trending.catalogue.facets import Sieve

_BATCH = 1_000
_DENSE = 0.05  # a range that more than this share of all works passes is looked up per row
_SCANNED = 10_000  # rows looked up for more than the `least` that is needed


class Matcher:
    """Asks one connection; rows come best known first, and fulfil the filters."""

    def __init__(self, connection: sqlite3.Connection, sieve: Sieve, works: int) -> None:
        """Take what every row found must fulfil beside the words, and how many works there are."""
        self._connection = connection
        self._works = works
        self._counts: dict[str, tuple[int, int]] = {}
        self.count_words(token for group in [*sieve.groups, *(one.tokens for one in sieve.ranges)] for token in group)
        sparse = [one for one in sieve.ranges if self._count(one.tokens) <= _DENSE * works]
        self._groups = [*sieve.groups, *(one.tokens for one in sparse)]
        self._ranges = [one for one in sieve.ranges if one not in sparse]

    def count_words(self, words: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Return in how many works' names and in how many works' texts each word stands."""
        wanted = list(dict.fromkeys(words))
        new = [word for word in wanted if word not in self._counts]
        if new:
            self._counts |= dict.fromkeys(new, (0, 0))
            found = self._connection.execute(f"SELECT word, names, texts FROM words WHERE word IN ({', '.join('?' * len(new))})", new)
            self._counts |= {word: (names, texts) for word, names, texts in found}
        return {word: self._counts[word] for word in wanted}

    def find(self, table: str, words: Sequence[str], limit: int, *, prefix: str = "", any_of: Sequence[str] = (), after: int = -1, least: int = 0) -> list[int]:
        """Return rows in which all words stand; see `scan`."""
        return self.scan(table, words, limit, prefix=prefix, any_of=any_of, after=after, least=least)[0]

    def scan(
        self, table: str, words: Sequence[str], limit: int, *, prefix: str = "", any_of: Sequence[str] = (), after: int = -1, least: int = 0
    ) -> tuple[list[int], bool]:
        """Return rows in which all words stand, and whether that is all of them.

        Args:
            table: `names`, `texts` or `keys`.
            words: May be none.
            limit: How many rows at most.
            prefix: Beginning of one more word, if any.
            any_of: Words of which one must stand there too, if any.
            after: Only rows beyond this one.
            least: So many are looked for however long it takes; more, up to `limit`, only as far as it is cheap.
        """
        expression = self._express(words, prefix, any_of)
        size = max(_BATCH, limit) if self._ranges else limit
        found: list[int] = []
        scanned = 0
        while len(found) < limit and (len(found) < least or scanned < _SCANNED):
            rows = self._fetch(table, expression, after, size)
            found += [row for row in rows if all(one.holds(row) for one in self._ranges)]
            if len(rows) < size:
                return found[:limit], len(found) <= limit
            after, scanned = rows[-1], scanned + size
        return found[:limit], False

    def begins_word(self, prefix: str) -> bool:
        """Return whether any word of the catalogue begins so."""
        found = self._connection.execute("SELECT word FROM words WHERE word >= ? ORDER BY word LIMIT 1", (prefix,)).fetchone()
        return found is not None and found[0].startswith(prefix)

    def _express(self, words: Sequence[str], prefix: str, any_of: Sequence[str]) -> str:
        terms = [(self._count([word]), f'"{word}"') for word in words]
        terms += [(self._count(group), _join_any(group)) for group in self._groups]
        if prefix:
            terms.append((self._works >> 2 * len(prefix), f'"{prefix}" *'))
        if any_of:
            terms.append((0, _join_any(any_of)))
        # The engine steps through the first list and looks its rows up in the others: the shortest goes first.
        return " AND ".join(term for _, term in sorted(terms))

    def _fetch(self, table: str, expression: str, after: int, limit: int) -> list[int]:
        if not expression:
            return list(range(after + 1, min(self._works, after + 1 + limit)))  # works come first, without a gap
        query = f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND rowid > ? ORDER BY rowid LIMIT ?"
        return [row for (row,) in self._connection.execute(query, (expression, after, limit))]

    def _count(self, tokens: Sequence[str]) -> int:
        return sum(texts for _, texts in self.count_words(tokens).values())


def _join_any(words: Sequence[str]) -> str:
    return "(" + " OR ".join(f'"{word}"' for word in words) + ")"
