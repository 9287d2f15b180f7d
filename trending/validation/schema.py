"""What every table of a data version must keep, column by column, as pandera checks: the gate between cleaning and everything after it.

What concerns whole tables (unique keys, references) is in `trending.validation.tables`.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from typing import Any, get_args

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from trending.cleaning.rights import is_rights_class
from trending.errors import QualityError
from trending.genres import GENRES
from trending.tables import KINDS, TABLES
from trending.titles import FIRST_YEAR, TITLE_TYPES
from trending.trends.signals import Kind

_KNOWN = frozenset(GENRES)
_WHOLE = pa.Check(lambda column: column % 1 == 0, name="whole_number")
_TEXT = pa.Column(str, nullable=True, required=True)
_NAME = pa.Column(str, pa.Check.str_length(min_value=1))
_URL = pa.Column(str, pa.Check.str_matches(r"^https?://\S+$"), nullable=True)
_RIGHTS = pa.Column(str, pa.Check(lambda column: column.map(is_rights_class), name="rights_class"))
_DATES = pa.Check(lambda column: column.map(lambda value: isinstance(value, dt.date)), name="date")
_DATE = pa.Column(object, _DATES, nullable=True)

CLEAN_TITLES = pa.DataFrameSchema(
    {
        "title_id": pa.Column(str, unique=True),
        "title": pa.Column(str, pa.Check.str_length(1, 500)),
        "type": pa.Column(str, pa.Check.isin(TITLE_TYPES)),
        "year": pa.Column(float, [pa.Check.in_range(FIRST_YEAR, 2100), _WHOLE], nullable=True),
        "plot": pa.Column(str, pa.Check.str_length(1, 20_000), nullable=True),
        "genres": pa.Column(
            object, pa.Check(lambda column: column.map(lambda row: len(set(row)) == len(row) and _KNOWN.issuperset(row)), name="canonical_genres")
        ),
        "rating": pa.Column(float, pa.Check.in_range(0, 10), nullable=True),
        "votes": pa.Column(float, [pa.Check.ge(0), _WHOLE], nullable=True),
        "popularity": pa.Column(float, pa.Check.ge(0), nullable=True),
        "language": _TEXT,
        "country": _TEXT,
        "release_date": _DATE,
        "source": pa.Column(str),
        "source_id": pa.Column(str),
        "imdb_id": pa.Column(str, pa.Check.str_matches(r"^tt\d{7,10}$"), nullable=True),
        "group_id": pa.Column(str),
        "data_licence": _TEXT,
        "rights_class": _RIGHTS,
        "url": _URL,
    },
    strict=True,
    ordered=True,
    name="clean_titles",
)


def _table(name: str, columns: dict[str, pa.Column]) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(columns, strict=True, ordered=True, name=name)


def _is_record(text: str) -> bool:
    return text.startswith("{") and text.endswith("}")


def _are_parts(parts: Iterable[Mapping[str, Any]]) -> bool:
    return all(part["name"] and part["sentence"] and math.isfinite(part["value"]) for part in parts)


TABLE_SCHEMAS: dict[str, pa.DataFrameSchema] = {
    "titles": CLEAN_TITLES,
    "identifiers": _table(
        "identifiers", {"title_id": _NAME, "scheme": pa.Column(str, pa.Check.str_matches(r"^[a-z][a-z0-9_]*$")), "value": _NAME, "source": _NAME}
    ),
    "reviews": _table(
        "reviews",
        {
            "review_id": _NAME,
            "title_id": _NAME,
            "source": _NAME,
            "author_hash": pa.Column(str, pa.Check.str_matches(r"^[0-9a-f]{8,64}$"), nullable=True),
            "rating": pa.Column(float, pa.Check.in_range(0, 10), nullable=True),
            "headline": _TEXT,
            "text": pa.Column(str, pa.Check.str_length(min_value=1)),
            "language": pa.Column(str, pa.Check.str_matches(r"^[a-z]{2}$"), nullable=True),
            "review_date": _DATE,
            "spoiler": pa.Column(object, pa.Check(lambda column: column.isin([True, False]), name="true_or_false"), nullable=True),
            "url": _URL,
            "data_licence": _TEXT,
            "rights_class": _RIGHTS,
        },
    ),
    "signals": _table(
        "signals",
        {
            "title_id": _NAME,
            "source": _NAME,
            "kind": pa.Column(str, pa.Check.isin(get_args(Kind))),
            "market": _NAME,
            "value": pa.Column(float, pa.Check.in_range(0, float("inf"), include_max=False)),
            "period_start": pa.Column(object, _DATES),
            "days": pa.Column(float, [pa.Check.ge(1), _WHOLE]),
            "weight": pa.Column(float, pa.Check.in_range(0, float("inf"), include_min=False, include_max=False), nullable=True),
            "data_licence": _TEXT,
            "rights_class": _RIGHTS,
        },
    ),
    "quarantine": _table(
        "quarantine",
        {
            "quarantine_id": _NAME,
            "kind": pa.Column(str, pa.Check.isin(KINDS)),
            "reason": pa.Column(str, pa.Check.str_matches(r"^[a-z][a-z0-9_]*$")),
            "detail": _TEXT,
            "source": _NAME,
            "record": pa.Column(str, pa.Check(lambda column: column.map(_is_record), name="json_object")),
        },
    ),
    "matches": _table("matches", {"title_id": _NAME, "work_id": _NAME, "how": _NAME, "score": pa.Column(float, pa.Check.in_range(0, 1))}),
    "trends": _table(
        "trends",
        {
            "work_id": _NAME,
            "title_id": _NAME,
            "title": _NAME,
            "type": pa.Column(str, pa.Check.isin(TITLE_TYPES)),
            "as_of": pa.Column(object, _DATES),
            "rank": pa.Column(float, [pa.Check.ge(1), _WHOLE]),
            "score": pa.Column(float, pa.Check.in_range(float("-inf"), float("inf"), include_min=False, include_max=False)),
            "parts": pa.Column(object, pa.Check(lambda column: column.map(_are_parts), name="parts_with_sentences")),
        },
    ),
}
for _name, _arrow in TABLES.items():  # the two must not drift apart
    if list(TABLE_SCHEMAS[_name].columns) != _arrow.names:
        raise ImportError(f"the checks and the columns of {_name} disagree")


def count_checks(schema: pa.DataFrameSchema) -> int:
    """Return how many checks a schema makes: one of each column's type and presence, and those written out."""
    return sum(1 + len(column.checks) for column in schema.columns.values())


def find_failures(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> tuple[int, str]:
    """Check a frame against a schema.

    Returns:
        How many values (or columns) fail, and the first of them in words: column, check, example. (0, "") if none does.
    """
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        first = cases.iloc[0]
        return len(cases), f"column {first['column']!r} fails {first['check']} with {str(first['failure_case'])[:80]!r}"
    return 0, ""


def validate_titles(titles: pd.DataFrame) -> int:
    """Check a table of clean titles that fits into memory.

    Returns:
        How many checks ran.

    Raises:
        QualityError: Naming the first failing column, check and example, and how many there are.
    """
    count, first = find_failures(CLEAN_TITLES, titles)
    if count:
        raise QualityError(f"{count} schema failures, first: {first}", where="clean titles")
    return count_checks(CLEAN_TITLES)
