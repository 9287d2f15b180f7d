"""Raw records as a table: text as the source wrote it, one column per Title column, so that it can be stored and cleaned again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from trending.cleaning.fields import is_missing, parse_labels
from trending.titles import TITLE_COLUMNS


def raw_titles_frame(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a frame of text columns (None where missing), with `genres` as lists of labels."""
    columns: dict[str, list[Any]] = {name: [] for name in TITLE_COLUMNS}
    for record in records:
        for name, values in columns.items():
            value = record.get(name)
            values.append(parse_labels(value) if name == "genres" else None if is_missing(value) else str(value))
    return pd.DataFrame(columns)


def raw_records(titles: pd.DataFrame) -> Iterable[dict[str, Any]]:
    """Yield the rows of a raw frame as records."""
    names = list(titles.columns)
    for row in titles.itertuples(index=False, name=None):
        yield dict(zip(names, row, strict=True))
