"""Cleaning of one popularity signal: what a source counted goes in, a row of `SIGNAL_SCHEMA` or a reason to refuse it comes out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, get_args

from trending.cleaning import fields
from trending.cleaning.record import Refusal
from trending.cleaning.rights import is_rights_class
from trending.cleaning.text import repair_text
from trending.trends.signals import VALUE_RANGES, Kind

_KINDS = frozenset(get_args(Kind))
_MAX_DAYS = 366


def clean_signal(raw: Mapping[str, Any]) -> dict[str, Any] | Refusal:
    """Turn one raw signal into a row of `trending.tables.SIGNAL_SCHEMA`, or say why it can't be kept.

    Args:
        raw: See `docs/sources.md` for the keys; the title is named by `title_id`, or by `source` and `title_source_id`.
    """
    source = _text(raw.get("source"))
    title_id = _text(raw.get("title_id")) or (f"{source}:{_text(raw.get('title_source_id'))}" if raw.get("title_source_id") else "")
    kind, start = _text(raw.get("kind")), fields.parse_date(_text(raw.get("period_start")))
    value, days = fields.parse_number(_text(raw.get("value"))), fields.parse_number(_text(raw.get("days", 7)))
    weight, rights = fields.parse_number(_text(raw.get("weight", 1))), _text(raw.get("rights_class")) or "unclear"
    refusal = _find_fault(source, title_id, kind, start, rights) or _find_wrong_number(kind, value, days, weight)
    if refusal is not None:
        return refusal
    return {
        "title_id": title_id,
        "source": source,
        "kind": kind,
        "market": _text(raw.get("market")) or "global",
        "value": value,
        "period_start": start,
        "days": int(days or 0),
        "weight": weight,
        "data_licence": _text(raw.get("data_licence")) or None,
        "rights_class": rights,
    }


def _text(value: Any) -> str:
    # As titles' ids are read, or a signal would miss its own title.
    return "" if fields.is_missing(value) else repair_text(str(value))


def _find_fault(source: str, title_id: str, kind: str, start: dt.date | None, rights: str) -> Refusal | None:
    if not source or not title_id:
        return Refusal("signal_unnamed", "no source or no title")
    if kind not in _KINDS:
        return Refusal("signal_kind", f"kind {kind!r} is none of {', '.join(sorted(_KINDS))}")
    if start is None:
        return Refusal("signal_period", "period_start is no date")
    if not is_rights_class(rights):
        return Refusal("rights_unknown", f"rights_class {rights!r} is not open_*, unclear, *_restricted or *_derived")
    return None


def _find_wrong_number(kind: str, value: float | None, days: float | None, weight: float | None) -> Refusal | None:
    low, high = VALUE_RANGES.get(kind, (0.0, float("inf")))
    if value is None or not low <= value <= high:
        return Refusal("signal_value", f"{kind} of {value} is outside {low:g} to {high:g}")
    if days is None or days != int(days) or not 1 <= days <= _MAX_DAYS:
        return Refusal("signal_period", f"a period of {days} days is not a whole number from 1 to {_MAX_DAYS}")
    if weight is None or weight <= 0:
        return Refusal("signal_value", f"weight {weight} is not above 0")
    return None
