"""Tables of a data version as Parquet files whose bytes depend on the rows alone: not on their order, the time or the machine's load.

Rows are sorted by DuckDB, which spills to disk, and written a row group at a time: a million titles need no more memory than ten thousand.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from trending.errors import InputError, QualityError, TrendingError
from trending.ingestion.database import open_database
from trending.tables import PARTITIONED, SORT_KEYS, TABLES

ROW_GROUP_ROWS = 65_536
PART_FILE = "part-0.parquet"


def table_path(name: str, source: str | None = None) -> str:
    """Return the relative path of a table's file; `source` names the partition of a partitioned one."""
    return f"{name}/{PART_FILE}" if source is None else f"{name}/source={quote(source, safe='')}/{PART_FILE}"


def table_files(directory: Path, name: str) -> list[Path]:
    """Return the files of one table of the version in `directory`, in the order of their partitions; none if it has no rows."""
    _schema(name)
    return sorted((directory / name).glob(f"source=*/{PART_FILE}" if name in PARTITIONED else PART_FILE))


def scan_table(directory: Path, name: str) -> ds.Dataset:
    """Return one table of the version in `directory` as a dataset to stream from.

    Columns a table of an older version doesn't have are null.
    """
    files = [str(path) for path in table_files(directory, name)]
    return ds.dataset(files, schema=TABLES[name], format="parquet") if files else ds.dataset(TABLES[name].empty_table())


def read_table(directory: Path, name: str, columns: list[str] | None = None) -> pa.Table:
    """Return one table of the version in `directory`, all columns or some."""
    return scan_table(directory, name).to_table(columns=columns)


def write_table(rows: duckdb.DuckDBPyRelation | Iterable[pa.RecordBatch], name: str, directory: Path) -> int:
    """Write one table of a version, in place of what `directory` holds of it.

    Args:
        rows: In any order; columns are matched by name and cast to the table's schema. A relation is sorted by its own connection
            (see `open_database` for one that spills), which runs nothing else meanwhile.
        name: A table of `trending.tables`.
        directory: The version's folder.

    Returns:
        How many rows were written.

    Raises:
        InputError: If columns are missing or unknown, a value doesn't fit its column, or a row of a partitioned table has no source.
        QualityError: If two rows share the table's key.
    """
    schema = _schema(name)
    shutil.rmtree(directory / name, ignore_errors=True)
    with _sorted_batches(rows, name, schema) as batches, _TableWriter(name, directory) as writer:
        for batch in batches:
            writer.write(_conform(batch, name))
        return writer.rows


def _schema(name: str) -> pa.Schema:
    if name not in TABLES:
        raise InputError(f"there is no table {name!r}", where="a data version", mend=f"tables are {', '.join(TABLES)}")
    return TABLES[name]


@contextmanager
def _sorted_batches(rows: duckdb.DuckDBPyRelation | Iterable[pa.RecordBatch], name: str, schema: pa.Schema) -> Iterator[Iterable[pa.RecordBatch]]:
    keys = (("source",) if name in PARTITIONED else ()) + SORT_KEYS[name]
    order = ", ".join(f'"{key}" ASC NULLS FIRST' for key in keys)
    if isinstance(rows, duckdb.DuckDBPyRelation):
        _check_columns(rows.columns, name)
        yield rows.order(order).to_arrow_reader(ROW_GROUP_ROWS)
        return
    incoming = _Incoming(rows, name)
    with tempfile.TemporaryDirectory(prefix="trending-sort-") as scratch, open_database(Path(scratch)) as database:
        database.register("incoming", pa.RecordBatchReader.from_batches(schema, incoming))
        try:
            yield database.sql(f"SELECT * FROM incoming ORDER BY {order}").to_arrow_reader(ROW_GROUP_ROWS)  # noqa: S608 - our own column names
        except (duckdb.Error, pa.ArrowInvalid):
            if incoming.failure is not None:
                raise incoming.failure from None
            raise


class _Incoming:
    """Batches on their way through DuckDB, which would turn what goes wrong in them into an error of its own: here it is kept."""

    def __init__(self, batches: Iterable[pa.RecordBatch], name: str) -> None:
        self.batches, self.name = batches, name
        self.failure: Exception | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self.batches:
                yield _conform(batch, self.name)
        except Exception as error:
            self.failure = error
            raise


def _check_columns(found: Iterable[str], name: str) -> None:
    wrong = set(found) ^ set(TABLES[name].names)
    if wrong:
        raise InputError(f"columns are missing or unknown: {', '.join(sorted(wrong))}", where=f"table {name}")


def _conform(batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """Bring columns into the table's order and types."""
    schema = TABLES[name]
    if batch.schema.equals(schema):
        return batch
    _check_columns(batch.schema.names, name)
    try:
        return batch.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(f"a value doesn't fit its column: {error}", where=f"table {name}") from error


class _TableWriter:
    """Writes sorted rows: one file per source if the table is partitioned, row groups of equal size however the rows arrive."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name, self.directory = name, directory
        self.rows = 0
        self._writer: pq.ParquetWriter | None = None
        self._source: str | None = None
        self._pending: list[pa.RecordBatch] = []
        self._last: pa.RecordBatch | None = None

    def __enter__(self) -> _TableWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None and self._writer is None and self.name not in PARTITIONED:
            self._open(None)  # an empty table is a file without rows
        self._close()
        if error is not None:
            shutil.rmtree(self.directory / self.name, ignore_errors=True)

    def write(self, batch: pa.RecordBatch) -> None:
        """Take sorted rows that follow the ones before."""
        if batch.num_rows == 0:
            return
        self._check_keys(batch)
        self.rows += batch.num_rows
        if self.name not in PARTITIONED:
            self._append(batch, None)
            return
        if batch.column("source").null_count:
            raise InputError("a row has no source", where=f"table {self.name}")
        runs = pc.run_end_encode(batch.column("source"))
        start = 0
        for source, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            self._append(batch.slice(start, end - start), source)
            start = end

    def _check_keys(self, batch: pa.RecordBatch) -> None:
        """Refuse rows that can't be told apart: sorted, they stand side by side."""
        # Two sources may say the same of one title.
        keys = pa.Table.from_batches([batch]).select([*(("source",) if self.name in PARTITIONED else ()), *SORT_KEYS[self.name]])
        if self._last is not None:
            keys = pa.concat_tables([self._last, keys])
        self._last = keys.slice(keys.num_rows - 1)
        before, after = keys.slice(0, keys.num_rows - 1), keys.slice(1)
        same = None
        for column in keys.column_names:
            one, other = before[column], after[column]
            equal = pc.or_(pc.fill_null(pc.equal(one, other), fill_value=False), pc.and_(pc.is_null(one), pc.is_null(other)))
            same = equal if same is None else pc.and_(same, equal)
        where = pc.index(same, value=True).as_py()
        if where >= 0:
            key = ", ".join(str(value) for value in after.slice(where, 1).to_pylist()[0].values())
            raise QualityError(f"two rows share the key ({key})", where=f"table {self.name}")

    def _append(self, batch: pa.RecordBatch, source: str | None) -> None:
        if self._writer is None or source != self._source:
            self._close()
            self._open(source)
        self._pending.append(batch)
        while sum(one.num_rows for one in self._pending) >= ROW_GROUP_ROWS:
            self._write_group()

    def _open(self, source: str | None) -> None:
        path = self.directory / table_path(self.name, source)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._source = source
        self._writer = pq.ParquetWriter(path, TABLES[self.name], compression="zstd")

    def _write_group(self) -> None:
        # One chunk a column: where pages are cut would depend on how the rows arrived otherwise.
        pending = pa.Table.from_batches(self._pending, TABLES[self.name])
        group = pending.slice(0, ROW_GROUP_ROWS).combine_chunks()
        rest = pending.slice(ROW_GROUP_ROWS)
        self._pending = rest.to_batches() if rest.num_rows else []
        if self._writer is None:
            raise TrendingError("rows were written to a closed table", where=f"table {self.name}")
        self._writer.write_table(group, row_group_size=ROW_GROUP_ROWS)

    def _close(self) -> None:
        if self._writer is None:
            return
        if self._pending:
            self._write_group()
        self._writer.close()
        self._writer = None
