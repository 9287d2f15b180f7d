"""Repair of text: broken encodings, HTML, invisible characters, white space; and the keys titles are compared by."""

from __future__ import annotations

import re
import unicodedata

import ftfy
from w3lib.html import remove_tags, remove_tags_with_content, replace_entities

# Controls, soft hyphen, zero-width and directional marks, byte-order mark, lone surrogates; white space among them is kept as such.
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ud800-\udfff]")
# Joiners carry meaning within words (Persian) and emoji, none at their edges.
_LOOSE_JOINERS = re.compile(r"(?<!\S)[\u200c\u200d]+|[\u200c\u200d]+(?!\S)")
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"</?[a-zA-Z!][^<>]{0,500}>")
_PLAIN = re.compile(r"[ -%'-;=-~]*")  # printable ASCII without & and <: nothing to repair
_MAX_ROUNDS = 8
_ARTICLE = re.compile(r"^(the|a|an) (?=\S)")
_NOT_WORD = re.compile(r"[^\w]+")


def repair_text(value: str) -> str:
    """Return plain, NFC-normalised, single-spaced text: encodings mended, tags and invisible characters gone; idempotent."""
    if _PLAIN.fullmatch(value):
        return _SPACE.sub(" ", value).strip()
    text = value
    # What was escaped twice comes out once per round; a text that never settles is taken as it stands.
    for _ in range(_MAX_ROUNDS):
        repaired = _repair_once(text)
        if repaired == text:
            break
        text = repaired
    return text


def _repair_once(text: str) -> str:
    text = _INVISIBLE.sub("", text)
    if "&" in text:
        text = replace_entities(text)
    if "<" in text and _TAG.search(text):
        text = remove_tags(remove_tags_with_content(text, ("script", "style")))
    text = ftfy.fix_text(text, uncurl_quotes=False, unescape_html=False)
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return _LOOSE_JOINERS.sub("", _SPACE.sub(" ", text)).strip()


def normalise_title(title: str) -> str:
    """Return the key two spellings of one title share: no accents, case, punctuation or leading article.

    Titles in scripts without an ASCII form keep their own letters, so that they don't all become one empty key.
    """
    folded = unicodedata.normalize("NFKD", title.replace("&", " and ").replace("'", "").replace("\u2019", ""))
    stripped = "".join(char for char in folded if not unicodedata.combining(char)).casefold()
    words = _SPACE.sub(" ", _NOT_WORD.sub(" ", stripped).replace("_", " ")).strip()
    return _ARTICLE.sub("", words) or stripped.strip() or title


def plot_key(plot: str) -> str:
    """Return the key near-identical copies of a plot share: letters and digits only, the first 240 of them."""
    return _NOT_WORD.sub("", plot.casefold())[:240]
