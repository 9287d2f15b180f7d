"""Writing of rows to Parquet as they come, so that a table never has to fit in memory."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

_BATCH_ROWS = 16_384


class ParquetSink:
    """Collects rows and writes them in batches; an empty sink leaves an empty table."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Open `path` for writing."""
        self.schema = schema
        self.rows = 0
        self._pending: list[dict[str, Any]] = []
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")

    def add(self, row: dict[str, Any]) -> None:
        """Add one row; keys outside the schema are left out."""
        self._pending.append(row)
        self.rows += 1
        if len(self._pending) == _BATCH_ROWS:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._pending, schema=self.schema))
        self._pending.clear()

    def __enter__(self) -> Self:
        """Return the sink."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Write what is pending and close the file."""
        if error is None:
            self._flush()
        self._writer.close()
