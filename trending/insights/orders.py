"""How text speaks to a machine instead of about a film: orders, roles, score-fixing, the syntax of chats and tools, encoded text.

A list of what is known and no proof of innocence: the barriers that hold whatever gets through are in `trending.insights.verify`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

_DATA = "orders.toml"


class _Family(NamedTuple):
    """A pattern for lower-case text, tried only where one of its plain words occurs: most sentences hold none."""

    gates: tuple[str, ...]
    pattern: re.Pattern[str]


class _Orders(NamedTuple):
    """All that is looked for."""

    families: tuple[_Family, ...]
    foreign: _Family


@cache
def _load() -> _Orders:
    found = tomllib.loads(files("trending.insights").joinpath(_DATA).read_text(encoding="utf-8"))
    return _Orders(tuple(_compile(family, found["words"]) for family in found["family"]), _compile(found["foreign"], found["words"]))


def _compile(family: dict[str, Any], words: dict[str, str]) -> _Family:
    pattern = "|".join(family["patterns"])
    for name, alternatives in words.items():
        pattern = pattern.replace(f"<{name}>", f"(?:{alternatives})")
    return _Family(tuple(family["gates"]), re.compile(pattern))


# Letters beyond ASCII, as against the punctuation of books.
_LETTERS = re.compile(r"[^\x00-\x7f\u00a0-\u00bf\u2010-\u2027\u2030-\u203a]")
# Letters of other alphabets that look like Latin ones.
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u03bf\u03b1\u03b5\u03b9\u03bd\u03c1\u0131\u0261\u0442\u043c\u043a\u0432\u043d",
    "aeopcyxijsdhoaeivpigtmkbh"
)  # fmt: skip
# A long run of letters and digits is no word of any language.
_ENCODED = re.compile(
    r"(?=\S*\d)(?=\S*[A-Z])(?=\S*[a-z])[A-Za-z0-9+/_=-]{24,}|(?:\b[0-9a-fA-F]{2}[ ,:]){8,}|\b[0-9a-f]{32,}\b"
    r"|(?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|%[0-9A-Fa-f]{2}){4,}"
    r"|(?:\b[01]{8}\b\s*){4,}|\b[A-Za-z+/]{40,}={0,2}|(?:[.-]{1,5} ){12,}"
)  # fmt: skip
_LONG_RUN = re.compile(r"\S{24}|\b[0-9a-fA-F]{2}[ ,:]\s?[0-9a-fA-F]{2}[ ,:]|[01]{8}\s+[01]{8}|[.-] [.-]")
_SPACED = re.compile(r"\b(?:\w[ ._*-]{1,2}){4,}\w\b")
_SPELT = ("ignor", "disregard", "instruct", "system", "prompt", "score", "output", "override")
_LEET = re.compile(r"[i1!|]gn[o0]r[e3]|d[i1!|][s5$]r[e3]g[a4@]rd|[i1!|]n[s5$]tr[u\u00fc]ct|[s5$]y[s5$]t[e3]m|pr[o0]mpt|[o0]v[e3]rr[i1!|]d[e3]|[o0]utput")


def is_order(text: str) -> bool:
    """Return whether a text speaks to a machine, in whatever disguise this module knows."""
    folded, foreign = text.lower(), _load().foreign
    if _LETTERS.search(folded):
        composed = unicodedata.normalize("NFKC", folded)
        folded = "".join(char for char in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(char))
        latin = folded.translate(_LOOKALIKES)
        if foreign.pattern.search(composed) or foreign.pattern.search(folded) or (latin != folded and _matches(latin)):
            return True
    elif any(gate in folded for gate in foreign.gates) and foreign.pattern.search(folded):
        return True
    return _matches(folded) or (bool(_LONG_RUN.search(text)) and bool(_ENCODED.search(text))) or _is_spelt_out(folded) or _is_leet(folded)


def _matches(folded: str) -> bool:
    return any(family.pattern.search(folded) for family in _load().families if any(gate in folded for gate in family.gates))


def _is_spelt_out(folded: str) -> bool:
    return any(any(word in re.sub(r"[\W_]", "", run) for word in _SPELT) for run in _SPACED.findall(folded))


def _is_leet(folded: str) -> bool:
    return any(not match.group().isalpha() for match in _LEET.finditer(folded))
