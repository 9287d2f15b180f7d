"""The schema of clean titles as pandera checks: the gate between cleaning and everything after it."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from trending.cleaning.rights import is_rights_class
from trending.errors import QualityError
from trending.genres import GENRES
from trending.titles import FIRST_YEAR, TITLE_COLUMNS, TITLE_TYPES

_KNOWN = frozenset(GENRES)
_WHOLE = pa.Check(lambda column: column % 1 == 0, name="whole_number")
_TEXT = pa.Column(str, nullable=True, required=True)

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
        "release_date": pa.Column(object, pa.Check(lambda column: column.map(lambda value: isinstance(value, dt.date)), name="date"), nullable=True),
        "source": pa.Column(str),
        "source_id": pa.Column(str),
        "imdb_id": pa.Column(str, pa.Check.str_matches(r"^tt\d{7,10}$"), nullable=True),
        "group_id": pa.Column(str),
        "data_licence": _TEXT,
        "rights_class": pa.Column(str, pa.Check(lambda column: column.map(is_rights_class), name="rights_class")),
    },
    strict=True,
    ordered=True,
    name="clean_titles",
)
if tuple(CLEAN_TITLES.columns) != TITLE_COLUMNS:  # the two must not drift apart
    raise ImportError("CLEAN_TITLES and Title disagree on columns")


def validate_titles(titles: pd.DataFrame) -> int:
    """Check a table of clean titles.

    Returns:
        How many checks ran.

    Raises:
        QualityError: Naming the first failing column, check and example, and how many there are.
    """
    try:
        CLEAN_TITLES.validate(titles, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        first = cases.iloc[0]
        raise QualityError(
            f"{len(cases)} schema failures, first: column {first['column']!r} fails {first['check']} with {str(first['failure_case'])[:80]!r}",
            where="clean titles",
        ) from error
    return sum(1 + len(column.checks) for column in CLEAN_TITLES.columns.values())
