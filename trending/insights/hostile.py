"""Cleans passages before anything reads them: hidden characters, contact details, and sentences that give orders to a machine go."""

from __future__ import annotations

import re

from trending.cleaning.text import repair_text
from trending.insights.orders import is_order
from trending.insights.sentences import split_sentences
from trending.reviews.privacy import mask_text

# Tag characters (a hidden alphabet), variation selectors, joiners, fillers, directional marks, private use.
_HIDDEN = re.compile(
    "[\U000e0000-\U000e0fff\ufe00-\ufe0f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u115f\u1160\u3164\uffa0\u00ad\ufeff\u180e\ue000-\uf8ff\U000f0000-\U0010ffff]"
)
_ESCAPE = re.compile(r"[\x1b\x9b][\[\]]?[0-9;?]*[A-Za-z]?")  # what moves a terminal's cursor or hides its text
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MARKUP = re.compile(
    r"(?i)\w://|www\.|javascript:|data:\w+/|mailto:|\]\(|!\[|<[a-z/!?]|&(?:lt|gt|#\w+);|`|\[(?:link|email|phone|handle|address)\]|\*\*|\|\s*-{3}|^\s*[=+@]"
)
# Printable ASCII without what markup and entities begin with, and the typography of books: nothing to repair, which is slow to find out.
_PLAIN = re.compile(r"(?:[\n\t -%'-;=-~\u2013\u2014\u2018\u2019\u201c\u201d\u2026]|& )*")


def strip_hidden(text: str) -> str:
    """Return text without characters nobody sees: controls, zero-width and directional marks, tag characters, private use."""
    if text.isascii():
        return text if text.isprintable() else _CONTROL.sub(" ", _ESCAPE.sub("", text))
    return _CONTROL.sub(" ", _ESCAPE.sub("", _HIDDEN.sub("", text)))


def has_markup(text: str) -> bool:
    """Return whether a text holds links, markup, masks of contact details, or the beginning of a spreadsheet formula."""
    return bool(_MARKUP.search(text))


def clean_passage(text: str, most: int) -> str:
    """Return at most `most` characters of a passage: repaired, hidden characters and contact details gone, sentences that give orders left out."""
    plain = _repair(text, most)
    if not is_order(plain):  # one look at the whole is five times as fast as one at each sentence
        return plain
    return " ".join(sentence for sentence in split_sentences(plain) if not is_order(sentence))


def clean_opinion(text: str, most: int) -> str:
    """Clean a review likewise; of one that gives an order anywhere nothing is left, as its other sentences serve the order."""
    plain = _repair(text, most)
    given = " ".join(strip_hidden(text[:most]).split())
    # Some orders look like markup and are gone after repair.
    return "" if is_order(plain) or (given != plain and is_order(given)) else plain


def _repair(text: str, most: int) -> str:
    seen = strip_hidden(text[:most])
    return mask_text(" ".join(seen.split()) if _PLAIN.fullmatch(seen) else repair_text(seen))
