"""How the catalogue reads text: words without case and accents, one key per title, and bounds on what is stored.

Titles and queries go through the same functions, so the full-text index only ever sees words made here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

MAX_TITLE_CHARS = 300
MAX_PLOT_CHARS = 20_000
MAX_REVIEW_CHARS = 10_000
MAX_FIELD_CHARS = 300  # any other text: languages, countries, licences
MAX_URL_CHARS = 2_000
BLURB_CHARS = 280
MAX_WORD_CHARS = 40
MAX_KEY_CHARS = 80
ELLIPSIS = "…"

# Letters that Unicode doesn't take apart, as people type them on a keyboard that lacks them.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "ħ": "h", "ŧ": "t"})
_DROPPED = str.maketrans("", "", "'\u2019\u02bc`")
# Chinese and Japanese are written without spaces: each character is a word.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_ARTICLES = ("the", "a", "an")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")


def fold_text(text: str) -> str:
    """Return text without case, accents and apostrophes; "&" is "and"."""
    text = text.translate(_DROPPED).replace("&", " and ").casefold()
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in apart if not unicodedata.combining(char)).casefold().translate(_PLAIN)


def split_words(text: str) -> list[str]:
    """Return the words of a text in order, folded; each is letters and digits only."""
    return [word[:MAX_WORD_CHARS] for word in _WORD.findall(fold_text(text))]


def join_key(words: Sequence[str]) -> str:
    """Return what two spellings of a title share, made of its words: "Spider-Man", "spider man" and "The Spiderman" agree."""
    return "".join(words[1:] if len(words) > 1 and words[0] in _ARTICLES else words)[:MAX_KEY_CHARS]


def clean_text(text: str, limit: int) -> str:
    """Return one line without control characters, at most `limit` long; an ellipsis says that it was cut."""
    return cut_text(_CONTROL.sub(" ", text).strip(), limit)


def cut_text(text: str, limit: int) -> str:
    """Return at most `limit` characters, cut between words if that costs little."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    space = kept.rfind(" ")
    return (kept[:space] if space > limit * 0.8 else kept).rstrip(" ,;:") + ELLIPSIS
