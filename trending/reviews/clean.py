"""Cleaning of one review: what a source wrote goes in; a row of the schema and what links it to a title come out, or a reason to refuse it."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pyarrow as pa

from trending.cleaning import fields
from trending.cleaning.record import Notes, Refusal
from trending.cleaning.rights import is_rights_class
from trending.cleaning.text import repair_text
from trending.reviews.language import PLACEHOLDER, detect_language, parse_language
from trending.reviews.names import list_names
from trending.reviews.privacy import mask_text, pseudonymise_raw
from trending.reviews.ratings import parse_rating
from trending.tables import REVIEW_SCHEMA

MIN_LETTERS = 3
MAX_TEXT_CHARS = 50_000
_MAX_FIELD_CHARS = 300
_MISSING = frozenset(("", "nan", "none", "null"))
_TRUE = frozenset(("true", "1", "1.0", "yes", "y"))
_FALSE = frozenset(("false", "0", "0.0", "no", "n"))
_NO_SPOILERS = re.compile(
    r"(?i)\bspoilers?[ -]?free\b|\b(?:no|without(?: any)?|non|free of|zero|avoid(?:ing)?)[ -](?:real |major |big |actual )?spoilers?\b"
    r"|\b(?:does not|doesn'?t|do not|don'?t|will not|won'?t) (?:contain|include|have) (?:any )?spoilers?\b"
)
# What a reviewer writes to warn; "the trailer spoils" and "it was spoilt for me" warn of nothing.
_SPOILERS = re.compile(
    r"(?i)\bspoilers?\b[\s:!*.-]{0,4}(?:alert|warning|ahead|below|follow|abound|galore|coming|inside|within|included)\w*"
    r"|\b(?:contains?|containing|includes?|has|have|with|major|minor|mild|some|possible|potential|heavy|few|slight|big|huge|massive|warning|beware)\b[\s:!,*-]{1,3}"
    r"(?:of |a |an )?(?:some |major |minor |mild |possible |slight |heavy |big |the )?spoilers?\b"
    r"|[*(\[]{1,3}\s*spoilers?\b[^\n)\]*]{0,20}[*)\]]|^\W*spoilers?\s*[:!.*-]|\bSPOILERS\b"
)

# A cleaned review before it is linked: the schema's columns, with `title_id` as far as the source gives it, and what else may name the title.
CLEAN_REVIEW_SCHEMA = pa.schema(
    [*REVIEW_SCHEMA, ("link_imdb_id", pa.string()), ("link_title", pa.string()), ("link_year", pa.int32()), ("link_type", pa.string())]
)
_Value = TypeVar("_Value")


def clean_review(raw: Mapping[str, Any], notes: Notes, salt: bytes) -> dict[str, Any] | Refusal:
    """Turn one raw review into a row of `CLEAN_REVIEW_SCHEMA`.

    Safe whether or not the review was pseudonymised before: its author ends as a hash, and its texts are masked again once they are repaired.

    Args:
        raw: A raw review: text, source, rights_class; title_source_id, imdb_id or title to link it by; the rest where the source has it.
        notes: Where repairs are counted.
        salt: Key of the pseudonyms, from `load_salt`.

    Returns:
        The row, or the reason it is refused.
    """
    size = len(str(raw.get("text") or ""))
    # Before anything reads it through, as a text of megabytes would take its time.
    if size > MAX_TEXT_CHARS:
        return Refusal("text_too_long", f"{size:,} characters, at most {MAX_TEXT_CHARS:,}")
    known = list_names(raw)
    safe = pseudonymise_raw(raw, salt)
    text = _body(safe, known, notes)
    if isinstance(text, Refusal):
        return text
    rights = _field(safe, "rights_class") or "unclear"
    if not is_rights_class(rights):
        return Refusal("rights_unknown", f"rights_class {rights!r} is not open_*, unclear, *_restricted or *_derived")
    source = _field(safe, "source") or "file"
    title_source_id = _field(safe, "title_source_id")
    title_id = f"{source}:{title_source_id}" if title_source_id else None
    link = {
        "title_id": title_id,
        "link_imdb_id": _parsed(safe, "imdb_id", notes, fields.parse_imdb_id),
        "link_title": _field(safe, "title") or None,
        "link_year": _parsed(safe, "year", notes, fields.parse_year),
        "link_type": _parsed(safe, "type", notes, fields.parse_type),
    }
    if not (title_id or link["link_imdb_id"] or link["link_title"]):
        return Refusal("title_missing", "nothing says which title it is about: no title_source_id, imdb_id or title")
    headline = mask_text(_field(safe, "headline"), known) or None
    about = title_id or link["link_imdb_id"] or f"{link['link_title']}|{link['link_year']}|{link['link_type']}"
    return {
        "review_id": f"{source}:{_field(safe, 'source_review_id') or _derive_id(str(about), safe['author_hash'], text)}",
        "source": source,
        "author_hash": safe["author_hash"],
        "rating": _rating(safe, notes),
        "headline": headline,
        "text": text,
        "language": _parsed(safe, "language", notes, parse_language) or detect_language(text),
        "review_date": _parsed(safe, "review_date", notes, _parse_past_date),
        "spoiler": _spoiler(safe, f"{headline or ''}\n{text}"),
        "url": _parsed(safe, "url", notes, fields.parse_url),
        "data_licence": _field(safe, "data_licence") or None,
        "rights_class": rights,
        **link,
    }


def _body(safe: Mapping[str, Any], known: list[str], notes: Notes) -> str | Refusal:
    before = "" if fields.is_missing(safe.get("text")) else str(safe["text"])
    # Repair may lengthen a text, and bring out an address that was broken by tags.
    text = mask_text(repair_text(before), known)
    if text != " ".join(before.split()):
        notes.repairs["text_text"] += 1
    if len(text) > MAX_TEXT_CHARS:
        return Refusal("text_too_long", f"{len(text):,} characters, at most {MAX_TEXT_CHARS:,}")
    letters = sum(map(str.isalpha, PLACEHOLDER.sub("", text)))
    if letters < MIN_LETTERS:
        return Refusal("text_too_short" if letters else "text_missing", f"{letters} letters, at least {MIN_LETTERS}")
    return text


def _field(safe: Mapping[str, Any], name: str) -> str:
    value = safe.get(name)
    if fields.is_missing(value) or len(str(value)) > _MAX_FIELD_CHARS:
        return ""
    text = repair_text(str(value))
    return "" if text.casefold() in _MISSING else text


def _parsed(safe: Mapping[str, Any], name: str, notes: Notes, parse: Callable[[str], _Value | None]) -> _Value | None:
    text = _field(safe, name)
    value = parse(text) if text else None
    if value is None and not fields.is_missing(safe.get(name)) and str(safe[name]).strip().casefold() not in _MISSING:
        notes.repairs[f"{name}_dropped"] += 1
    return value


def _rating(safe: Mapping[str, Any], notes: Notes) -> float | None:
    best, worst = _field(safe, "best_rating") or None, _field(safe, "worst_rating") or None
    return _parsed(safe, "rating", notes, lambda text: parse_rating(text, best, worst))


def _parse_past_date(text: str) -> dt.date | None:
    date = fields.parse_date(text)
    # A day ahead is today somewhere.
    return date if date is not None and date <= dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1) else None


def _spoiler(safe: Mapping[str, Any], text: str) -> bool | None:
    """Return the flag: True where the text warns or the source says so, False where either denies it, else unknown."""
    given = _field(safe, "spoiler").casefold()
    if "spoiler" in text.casefold():
        if _SPOILERS.search(_NO_SPOILERS.sub(" ", text)):
            return True
        if given not in _TRUE and _NO_SPOILERS.search(text):
            return False
    return True if given in _TRUE else False if given in _FALSE else None


def _derive_id(about: str, author_hash: str | None, text: str) -> str:
    return hashlib.sha256("\x1f".join((about, author_hash or "", text)).encode()).hexdigest()[:16]
