"""Cleaning of one record: what a source wrote goes in, a row of the schema or a reason to refuse it comes out."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trending.cleaning import fields
from trending.cleaning.rights import is_rights_class
from trending.cleaning.text import normalise_title, plot_key, repair_text
from trending.genres import map_genres

MAX_TITLE_CHARS = 500
MAX_PLOT_CHARS = 20_000
_LONG = {"title": MAX_TITLE_CHARS, "plot": MAX_PLOT_CHARS}  # a row beyond these is refused
_MAX_FIELD_CHARS = 300  # any other value beyond this is dropped
_JUNK_PLOT = re.compile(
    r"(no|without) (overview|plot|description|synopsis)( yet| available| found)*\.?|n/?a|none|null|tbd|tba|coming soon\.?|[\W\d_]*", re.IGNORECASE
)
_TEST_TITLE = re.compile(r"sslmreg\w*|test (title|record|movie|show) ?\d*", re.IGNORECASE)


@dataclass(frozen=True)
class Refusal:
    """Why a record can't be kept."""

    reason: str
    detail: str


@dataclass
class Notes:
    """What was mended along the way, counted over all records."""

    repairs: Counter[str] = field(default_factory=Counter)
    unknown_genres: Counter[str] = field(default_factory=Counter)


def _text(raw: Mapping[str, Any], name: str, notes: Notes) -> str:
    value = raw.get(name)
    if fields.is_missing(value):
        return ""
    before = str(value)
    if name not in _LONG and len(before) > _MAX_FIELD_CHARS:
        notes.repairs[f"{name}_dropped"] += 1
        return ""
    after = repair_text(before)
    if name in _LONG and after != before.strip():
        notes.repairs[f"{name}_text"] += 1
    return after


def _checked(raw: Mapping[str, Any], name: str, notes: Notes, parse: Any) -> Any:
    text = _text(raw, name, notes)
    value = parse(text) if text else None
    if text and value is None and text.casefold() not in ("nan", "none", "null"):
        notes.repairs[f"{name}_dropped"] += 1
    return value


def _within(low: float, high: float) -> Any:
    def parse(text: str) -> float | None:
        number = fields.parse_number(text)
        return number if number is not None and low <= number <= high else None

    return parse


def _plot(raw: Mapping[str, Any], notes: Notes) -> str | None:
    plot = _text(raw, "plot", notes)
    if plot and _JUNK_PLOT.fullmatch(plot):
        notes.repairs["plot_junk"] += 1
        return None
    return plot or None


def clean_record(raw: Mapping[str, Any], notes: Notes) -> dict[str, Any] | Refusal:
    """Turn one raw record into a row of `TITLE_SCHEMA` (with `group_id` as the source gave it, or None).

    Args:
        raw: Values by Title column; any may be missing or None. `genres` is text or a list of labels.
        notes: Where repairs are counted.

    Returns:
        The row, or the reason it is refused.
    """
    # Before repair, which would take its time over megabytes; and after it, which may lengthen a text.
    too_long = _find_too_long(raw)
    if too_long is not None:
        return too_long
    title, plot = _text(raw, "title", notes), _plot(raw, notes)
    too_long = _find_too_long({"title": title, "plot": plot})
    if too_long is not None:
        return too_long
    if not title:
        return Refusal("title_missing", "no title")
    if _TEST_TITLE.fullmatch(title):
        return Refusal("test_record", f"{title!r} is a test entry, not a title")
    kind = fields.parse_type(_text(raw, "type", notes))
    if kind is None:
        return Refusal("type_unknown", f"type {raw.get('type')!r} is neither a film nor a TV show")
    rights = _text(raw, "rights_class", notes) or "unclear"
    if not is_rights_class(rights):
        return Refusal("rights_unknown", f"rights_class {rights!r} is not open_*, unclear, *_restricted or *_derived")
    genres, unknown = map_genres(fields.parse_labels(raw.get("genres")))
    notes.unknown_genres.update(unknown)
    year = _checked(raw, "year", notes, fields.parse_year)
    votes = _checked(raw, "votes", notes, _within(0, 1e12))
    source = _text(raw, "source", notes) or "file"
    source_id = _text(raw, "source_id", notes) or derive_source_id(title, kind, year, plot)
    return {
        "title_id": _text(raw, "title_id", notes) or f"{source}:{source_id}",
        "title": title,
        "type": kind,
        "year": year,
        "plot": plot,
        "genres": genres,
        "rating": _checked(raw, "rating", notes, _within(0, 10)),
        "votes": None if votes is None else int(votes),
        "popularity": _checked(raw, "popularity", notes, _within(0, 1e12)),
        "language": _text(raw, "language", notes) or None,
        "country": _text(raw, "country", notes) or None,
        "release_date": _checked(raw, "release_date", notes, fields.parse_date),
        "source": source,
        "source_id": source_id,
        "imdb_id": _checked(raw, "imdb_id", notes, fields.parse_imdb_id),
        "group_id": _text(raw, "group_id", notes) or None,
        "data_licence": _text(raw, "data_licence", notes) or None,
        "rights_class": rights,
        "url": _checked(raw, "url", notes, fields.parse_url),
    }


def derive_source_id(title: str, kind: str, year: int | None, plot: str | None) -> str:
    """Return a stable id for a record whose source gives none; where the year is missing too, the plot tells remakes apart."""
    when = year if year is not None else plot_key(plot or "")
    return hashlib.sha256(f"{normalise_title(title)}|{kind}|{when}".encode()).hexdigest()[:12]


def _find_too_long(raw: Mapping[str, Any]) -> Refusal | None:
    for name, limit in _LONG.items():
        size = len(str(raw.get(name) or ""))
        if size > limit:
            return Refusal(f"{name}_too_long", f"{size:,} characters, at most {limit:,}")
    return None
