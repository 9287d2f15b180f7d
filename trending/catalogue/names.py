"""Search in titles: which match the words typed, how well, and which are only a mistake or two away."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from trending.catalogue.match import Matcher
from trending.catalogue.schema import KEY_SIGN, NAME_SEPARATOR
from trending.catalogue.spelling import is_near, probe_title
from trending.catalogue.words import join_key

MAX_WORDS = 12  # more select nothing that the first didn't
_WHOLE, _TITLED, _BEGUN, _NEARLY = 40, 100, 60, 300  # candidates of each kind, best known first
_ENOUGH = 20  # titles with all the words: the last one seems to be finished
# What a kind of match is worth; likeness and fame add up to half a point each.
_WORTH_WHOLE, _WORTH_TITLED, _WORTH_BEGUN, _WORTH_NEARLY = 2.0, 1.0, 0.7, 0.6


@dataclass
class NameMatches:
    """Rows by how their titles match: whole, with all the words, with the last word going on, or nearly (with the words of that title)."""

    whole: list[int]
    all_words: list[int]
    begun: list[int] = field(default_factory=list)
    nearly: dict[int, list[str]] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether a title has all that was typed."""
        return bool(self.whole or self.all_words)

    @property
    def is_any(self) -> bool:
        """Whether any title matches in some way."""
        return bool(self.is_plain or self.begun or self.nearly)

    @property
    def is_bounded(self) -> bool:
        """Whether there may be more."""
        return len(self.whole) >= _WHOLE or len(self.all_words) >= _TITLED or len(self.begun) >= _BEGUN


class NameSearch:
    """Asks for titles over one connection."""

    def __init__(self, connection: sqlite3.Connection, matcher: Matcher, works: int) -> None:
        """Bind what stays the same for all questions."""
        self._connection = connection
        self._matcher = matcher
        self._works = works

    def find(self, words: Sequence[str], open_ended: bool) -> NameMatches:
        """Return candidates; the last word may go on if `open_ended`."""
        find, key = self._matcher.find, join_key(words)
        words = words[:MAX_WORDS]
        found = NameMatches(whole=find("names", [KEY_SIGN + key], _WHOLE), all_words=find("names", words, _TITLED))
        if open_ended:
            found.begun = find("names", [], _BEGUN, prefix=KEY_SIGN + key)
            if len(found.all_words) < _ENOUGH:
                found.begun += find("names", words[:-1], _BEGUN, prefix=words[-1])
        if not found.is_plain:
            found.nearly = self._find_nearly(words)
        return found

    def rank(self, matches: NameMatches, words: Sequence[str]) -> tuple[list[int], list[int]]:
        """Return rows whose titles have all that was typed, and those that would if the last word went on or was misspelt; best first."""
        worth = dict.fromkeys(matches.nearly, _WORTH_NEARLY) | dict.fromkeys(matches.begun, _WORTH_BEGUN)
        worth |= dict.fromkeys(matches.all_words, _WORTH_TITLED) | dict.fromkeys(matches.whole, _WORTH_WHOLE)
        asked = " ".join(words)
        scored = []
        for row, names in self._read_names(list(worth)):
            similar = max(fuzz.ratio(asked, " ".join(name)) for name in names) / 100
            known = 1 - math.log1p(row) / math.log1p(self._works)
            scored.append((-(worth[row] + 0.5 * similar + 0.5 * known), row))
        ranked = [row for _, row in sorted(scored)]
        plain = {*matches.whole, *matches.all_words}
        return [row for row in ranked if row in plain], [row for row in ranked if row not in plain]

    def complete(self, words: Sequence[str], limit: int) -> list[int]:
        """Return rows whose title begins so, then those that have all the words, the last of which may go on; best known first."""
        rows = self._matcher.find("names", [], max(limit, _BEGUN), prefix=KEY_SIGN + join_key(words))
        # Keys have no leading article; who typed one means titles that have it.
        typed = " ".join(words)
        literal = {row for row, names in self._read_names(rows) if any(" ".join(name).startswith(typed) for name in names)}
        rows.sort(key=lambda row: row not in literal)
        if len(rows) < limit:
            rows += self._matcher.find("names", words[:MAX_WORDS][:-1], limit, prefix=words[:MAX_WORDS][-1])
        return list(dict.fromkeys(rows))[:limit]

    def _find_nearly(self, asked: Sequence[str]) -> dict[int, list[str]]:
        probes = sorted(probe_title(asked))
        rows = self._matcher.find("keys", [], _NEARLY, any_of=probes) if probes else []
        return {row: words for row, names in self._read_names(rows) for words in names if is_near(asked, words)}

    def _read_names(self, rows: Sequence[int]) -> list[tuple[int, list[list[str]]]]:
        """Return the words of every title each work goes by."""
        found = self._connection.execute(f"SELECT row, named FROM titles WHERE row IN ({', '.join('?' * len(rows))})", list(rows))
        return [(row, [name.split() for name in named.split(NAME_SEPARATOR)]) for row, named in found]
