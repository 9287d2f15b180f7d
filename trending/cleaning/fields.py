"""Parsers of single fields: each takes what a source wrote and returns a value that fits the schema, or None."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from trending.cleaning.text import repair_text
from trending.genres import split_labels
from trending.titles import FIRST_YEAR

_TYPES = {
    "movie": "movie",
    "film": "movie",
    "feature": "movie",
    "tvmovie": "movie",
    "tv": "tv",
    "tvshow": "tv",
    "show": "tv",
    "series": "tv",
    "tvseries": "tv",
    "miniseries": "tv",
    "tvminiseries": "tv",
}
_DATE_FORMATS = ("%Y-%m-%d", "%B %d, %Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_IMDB = re.compile(r"tt\d{7,10}")
_URL = re.compile(r"https?://[^\s<>\"]{3,}")


def is_missing(value: Any) -> bool:
    """Say whether a raw value stands for nothing: None, or a number that isn't one."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def parse_labels(value: Any) -> list[str]:
    """Read a genre cell: text in any of the ways exports write lists, or a list of labels, or a single value."""
    if is_missing(value):
        return []
    if isinstance(value, str):
        return split_labels(repair_text(value))
    parts = value if isinstance(value, Iterable) and not isinstance(value, bytes | Mapping) else [value]
    labels = (repair_text(str(part)) for part in parts if not is_missing(part))
    return [label for label in labels if label]


def parse_type(value: str) -> str | None:
    """Map a source's word for the kind of title onto `movie` or `tv`."""
    return _TYPES.get(re.sub(r"[^a-z]", "", value.casefold()))


def parse_number(value: str) -> float | None:
    """Read a finite number; anything else ("74 min", "nan", "") is None."""
    if _NUMBER.fullmatch(value.strip()) is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def parse_year(value: str) -> int | None:
    """Read a four-digit year between the first moving picture and the year after next."""
    number = parse_number(value)
    if number is None or number != int(number):
        return None
    return int(number) if FIRST_YEAR <= number <= dt.datetime.now(dt.UTC).year + 2 else None


def parse_date(value: str) -> dt.date | None:
    """Read a full date in the formats public exports use; a bare year is no date."""
    for form in _DATE_FORMATS:
        try:
            return dt.datetime.strptime(value, form).replace(tzinfo=dt.UTC).date()
        except ValueError:
            continue
    try:
        return dt.datetime.fromisoformat(value).date() if len(value) > len("2020-01-01") else None
    except ValueError:
        return None


def parse_imdb_id(value: str) -> str | None:
    """Return the `tt` identifier in `value`, if it is one."""
    return value if _IMDB.fullmatch(value) else None


def parse_url(value: str) -> str | None:
    """Return the web address in `value`, if it is one."""
    return value if _URL.fullmatch(value) else None
