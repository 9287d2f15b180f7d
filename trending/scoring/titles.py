"""The titles of a source as a file to score: clean, in row groups small enough to be read one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trending.cleaning.clean import clean_titles, titles_frame
from trending.cleaning.rights import may_train, select_allowed
from trending.errors import InputError
from trending.folders import staged_directory
from trending.scoring import TITLES_FILE
from trending.sources import Source
from trending.sources.catalogue import CatalogueSource
from trending.tables import TITLE_SCHEMA
from trending.validation.schema import validate_titles

_GROUP_ROWS = 4_096


@dataclass(frozen=True)
class StagedTitles:
    """How many titles there are, how many of them have a plot and can be scored, and how many may be shown."""

    titles: int
    with_plot: int
    shown: int

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        return asdict(self)


def stage_titles(source: Source, folder: Path, rights: Sequence[str]) -> StagedTitles:
    """Write the clean titles of a source to `titles.parquet` in `folder`, which appears when all of them are there.

    An ingested version is clean, and streamed; what else there is is cleaned here, as it is for training, which takes all of it at once.

    Args:
        source: Checked.
        folder: Doesn't exist yet, or is empty.
        rights: Patterns of the rights classes that may be shown.

    Raises:
        InputError: If there is nothing to score, or nothing of it may be shown.
    """
    titles = with_plot = 0
    classes: Counter[str] = Counter()
    with staged_directory(folder) as staging:
        with pq.ParquetWriter(staging / TITLES_FILE, TITLE_SCHEMA, compression="zstd") as writer:
            for table in _read_clean(source):
                writer.write_table(table, row_group_size=_GROUP_ROWS)
                titles += len(table)
                with_plot += len(table) - table["plot"].null_count
                classes.update(table["rights_class"].to_pylist())
        shown = sum(number for name, number in classes.items() if may_train(name, rights))
        _check(titles, with_plot, shown, source.name, rights)
    return StagedTitles(titles, with_plot, shown)


def _read_clean(source: Source) -> Iterator[pa.Table]:
    if isinstance(source, CatalogueSource):
        records = source.records()
        while rows := list(islice(records, _GROUP_ROWS)):
            yield pa.Table.from_pylist(rows, schema=TITLE_SCHEMA)
        return
    titles = clean_titles(source.records()).titles
    if len(titles):
        validate_titles(titles)
        yield pa.Table.from_pandas(titles, schema=TITLE_SCHEMA, preserve_index=False)


def _check(titles: int, with_plot: int, shown: int, where: str, rights: Sequence[str]) -> None:
    if not with_plot:
        found = f"none of its {titles:,} titles has a plot" if titles else "it holds not one title"
        raise InputError(f"nothing to score: {found}", where=where, mend="check path and columns, or the version")
    if not shown:
        raise InputError(f"none of its {titles:,} titles may be shown", where=where, mend=f"their rights are none of {', '.join(rights)}: see rights")


def read_shown(folder: Path, rights: Sequence[str]) -> pd.DataFrame:
    """Return the staged titles that may be shown, as `clean_titles` would, numbered from 0."""
    batches = pq.ParquetFile(folder / TITLES_FILE).iter_batches(batch_size=_GROUP_ROWS)
    return pd.concat([select_allowed(titles_frame(batch.to_pylist()), rights) for batch in batches], ignore_index=True)


def count_titles(folder: Path) -> int:
    """Return how many titles are staged."""
    return int(pq.read_metadata(folder / TITLES_FILE).num_rows)
