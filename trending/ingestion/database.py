"""The one way DuckDB is opened here: bounded memory, spilling beside the work, Parquet files as views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa


@contextmanager
def open_database(scratch: Path, *, memory: str = "1GB", threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database that lives as long as the block.

    Args:
        scratch: An existing folder for its file and for what spills out of memory.
        memory: The most it holds in memory.
        threads: How many threads it uses.
    """
    file = scratch / "scratch.duckdb"
    connection = duckdb.connect(str(file), config={"memory_limit": memory, "threads": threads, "temp_directory": str(scratch / "spill")})
    try:
        # Whatever order is needed is asked for; keeping the rest in order would keep it in memory.
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET enable_progress_bar = false")
        yield connection
    finally:
        connection.close()
        for left in scratch.glob(f"{file.name}*"):
            left.unlink()


def create_view(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[Path], schema: pa.Schema) -> None:
    """Make Parquet files readable under a name; without any, an empty table of the same columns is."""
    if files:
        connection.read_parquet([str(file) for file in files], union_by_name=True, hive_partitioning=False).create_view(name)
    else:
        create_table(connection, name, schema)


def create_table(connection: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema) -> None:
    """Make an empty table with the columns of a schema."""
    connection.from_arrow(schema.empty_table()).create(name)
