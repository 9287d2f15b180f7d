"""The rows to be matched, in a DuckDB file on disk: sorted by title_id, so that a row's number doesn't depend on the order of the input.

Only this module speaks SQL; the rest sees batches of columns and numpy arrays indexed by row number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trending.errors import InputError

if TYPE_CHECKING:
    import duckdb

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

BATCH_ROWS = 50_000
_LOAD = """
    CREATE TABLE rows AS SELECT title_id, title, type, year, plot, source, imdb_id, group_id
    FROM read_parquet(?, union_by_name = true) ORDER BY title_id"""
_REPEATED = "SELECT title_id FROM rows GROUP BY title_id HAVING count(*) > 1 ORDER BY title_id LIMIT 1"
_IDENTIFIERS = """
    SELECT rows.rowid AS row, scheme, string_agg(DISTINCT value, ' ' ORDER BY value) AS value
    FROM given JOIN rows USING (title_id) WHERE value IS NOT NULL GROUP BY ALL ORDER BY scheme, row"""
NO_YEAR = -9_999


def hash_texts(texts: Sequence[str | None]) -> Hashes:
    """Return a 64-bit hash per text, the same in every run and on every machine; 0 stands for None."""
    values = np.array([text or "" for text in texts], dtype=object)
    hashed: Hashes = pd.util.hash_array(values, categorize=False) if len(values) else np.zeros(0, dtype=np.uint64)
    hashed[[text is None for text in texts]] = 0
    return hashed


class TitleStore:
    """Rows 0 to n-1 in the order of their title_id."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Wrap a connection that has the table `rows`; use `open_store`."""
        self._connection = connection
        self._rows = connection.table("rows")  # scanned in the order it was written in: DuckDB preserves insertion order
        self.size = len(self._rows)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield `columns` of all rows in order, at most `BATCH_ROWS` at a time."""
        yield from self._rows.project(", ".join(columns)).to_arrow_reader(BATCH_ROWS)

    def column(self, name: str) -> pa.Array:
        """Return one narrow column of all rows."""
        return self._rows.project(name).to_arrow_table().column(0).combine_chunks()

    def years(self) -> Ints:
        """Return the year of every row, `NO_YEAR` where unknown."""
        return np.asarray(self.column(f"coalesce(year, {NO_YEAR})::BIGINT"))

    def sources(self) -> Ints:
        """Return a number per row, the same for rows of one source."""
        return np.asarray(self.column("source").dictionary_encode().indices, dtype=np.int64)

    def identifiers(self, files: Sequence[Path]) -> pa.Table:
        """Return (row, scheme, value), one per row and scheme.

        A title that has several values of one scheme contradicts itself: its value is all of them, which equals only the same contradiction.
        """
        self._connection.execute("CREATE OR REPLACE TEMP TABLE given AS SELECT title_id, 'imdb' AS scheme, imdb_id AS value FROM rows")
        if files:
            self._connection.execute("INSERT INTO given SELECT title_id, scheme, value FROM read_parquet(?, union_by_name = true)", [_names(files)])
        return self._connection.sql(_IDENTIFIERS).to_arrow_table()

    def works(self, matches: Path) -> pa.Array:
        """Return the work_id of every row, null where `matches` doesn't have it."""
        query = "SELECT work_id FROM rows LEFT JOIN read_parquet(?) USING (title_id) ORDER BY rows.rowid"
        return self._connection.sql(query, params=[str(matches)]).to_arrow_table().column(0).combine_chunks()


@contextmanager
def open_store(titles: Sequence[Path], memory: str, threads: int) -> Iterator[TitleStore]:
    """Load clean titles into a temporary DuckDB file, which is deleted afterwards.

    Args:
        titles: Parquet files of `TITLE_SCHEMA`.
        memory: What DuckDB may hold in memory, e.g. "1GB"; what is more goes to disk.
        threads: DuckDB's threads.

    Raises:
        InputError: If there is no file or no title, a file can't be read, or a title_id comes twice.
    """
    import duckdb

    if not titles:
        raise InputError("no files of titles", where="matching")
    with TemporaryDirectory(prefix="matching-") as folder, duckdb.connect(str(Path(folder) / "rows.duckdb")) as connection:
        connection.execute("SET memory_limit = ?", [memory])
        connection.execute("SET threads = ?", [threads])
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET temp_directory = ?", [folder])
        try:
            connection.execute(_LOAD, [_names(titles)])
        except (duckdb.IOException, duckdb.InvalidInputException, duckdb.BinderException) as error:
            raise InputError(f"can't read the titles: {str(error).splitlines()[0]}", where="matching", mend="give Parquet files of clean titles") from error
        repeated = connection.execute(_REPEATED).fetchone()
        if repeated:
            raise InputError(f"{repeated[0]!r} comes twice", where="matching", mend="clean the titles first: it merges rows with one title_id")
        store = TitleStore(connection)
        if not store.size:
            raise InputError("no titles", where="matching")
        yield store


def write_table(table: pa.Table, out: Path) -> None:
    """Write `table` as Parquet, zstd."""
    out.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, out, compression="zstd")


def _names(files: Sequence[Path]) -> list[str]:
    return [str(file) for file in files]
