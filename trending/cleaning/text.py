"""Repair of text: broken encodings, HTML, invisible characters, white space; and the keys titles are compared by."""

from __future__ import annotations

import re
import unicodedata

import ftfy
from w3lib.html import remove_tags, remove_tags_with_content, replace_entities

# C0/C1 controls (tab and newlines become spaces first), zero-width marks, byte-order mark, soft hyphen, lone surrogates.
# Directional marks (U+200E, U+200F) go too: right-to-left text reads the same without them.
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"</?[a-zA-Z!][^<>]{0,500}>")
_PLAIN = re.compile(r"[ -%'-;=-~]*")  # printable ASCII without & and <: nothing to repair
_ARTICLE = re.compile(r"^(the|a|an) (?=\S)")
_NOT_WORD = re.compile(r"[^\w]+")


def repair_text(value: str) -> str:
    """Return plain, NFC-normalised, single-spaced text: encodings mended, tags and invisible characters gone."""
    if _PLAIN.fullmatch(value):
        return _SPACE.sub(" ", value).strip()
    text = _INVISIBLE.sub("", value.replace("\r", " ").replace("\n", " ").replace("\t", " "))
    if "&" in text:
        text = replace_entities(text)
    if "<" in text and _TAG.search(text):
        text = remove_tags(remove_tags_with_content(text, ("script", "style")))
    text = ftfy.fix_text(text, uncurl_quotes=False, unescape_html=False, normalization="NFC")
    return _SPACE.sub(" ", _INVISIBLE.sub("", text)).strip()


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
