"""Sentences of plots and reviews, cut without changing a character, and the folding by which a quote is found again."""

from __future__ import annotations

import re
import unicodedata

_END = re.compile(r"(?<=[.!?\u2026])[\"'\u201d\u2019)\]]*\s+(?=[\"'\u201c\u2018(\[]?[A-Z\u00c0-\u00de0-9])|(?<=[\u3002\uff01\uff1f])|\n+")
# What a full stop follows without ending anything.
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|Prof|Capt|Col|Gen|Lt|Sgt|Rev|Mt|vs|No|Vol|Ep|approx|etc)|\b[A-Z](?:\.[A-Z])*)\.$")
_MAX_ABBREVIATION = 12
_QUOTES = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00ab": '"', "\u00bb": '"', "\u2013": "-", "\u2014": "-", "`": "'", "\u00b4": "'"}
)
_SPACE = re.compile(r"\s+")


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text in order, each as it stands there."""
    found, start = [], 0
    for match in _END.finditer(text):
        if text[match.start() - 1 : match.start()] == "." and _ABBREVIATION.search(text[max(start, match.start() - _MAX_ABBREVIATION) : match.start()]):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def fold_quote(text: str) -> str:
    """Return what two writings of the same quote share: NFKC, straight quotes and dashes, single spaces, one case, no dots at its ends.

    An ellipsis within stays, as three dots: what it leaves out may be a "not".
    """
    plain = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    return _SPACE.sub(" ", plain).strip(" .").casefold()
