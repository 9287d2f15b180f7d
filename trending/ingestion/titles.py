"""Putting titles together: what this run brought over what was there, one row per `title_id`, and no plot that several titles share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from trending.cleaning.clean import SHARED_PLOT
from trending.ingestion.clean import FRESH_TITLE_SCHEMA, title_keys
from trending.tables import TITLE_SCHEMA
from trending.titles import TITLE_COLUMNS

_LISTS = ("genres",)
_RIGHTS = ("rights_class", "data_licence")


def add_keys(files: Sequence[Path], out: Path) -> Path:
    """Write the titles of a version with the keys that fresh titles carry."""
    with pq.ParquetWriter(out, FRESH_TITLE_SCHEMA, compression="zstd") as writer:
        for file in files:
            for batch in pq.ParquetFile(file).iter_batches(columns=list(TITLE_COLUMNS)):
                keys = [title_keys(title, plot) for title, plot in zip(batch["title"].to_pylist(), batch["plot"].to_pylist(), strict=True)]
                columns = {name: batch[name] for name in TITLE_COLUMNS} | {
                    "seq": pa.nulls(len(batch), pa.int64()),
                    "title_key": pa.array([title for title, _ in keys], pa.int64()),
                    "plot_key": pa.array([plot for _, plot in keys], pa.int64()),
                }
                writer.write_table(pa.table(columns, schema=FRESH_TITLE_SCHEMA))
    return out


def merge_titles(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `titles_fresh` of `fresh_titles`, and `titles_now` of that and `parent_titles`, all with the columns of `FRESH_TITLE_SCHEMA`.

    Of fresh rows with one id the first wins, and a later one fills what it lacks if it comes with the same rights: a restricted plot in an open
    row would be laundered. What this run brought then replaces the row that was there, as it is what the source says today.
    """
    repeated = "SELECT title_id FROM fresh_titles GROUP BY title_id HAVING count(*) > 1"
    connection.execute(f"CREATE TEMP TABLE repeated AS {repeated}")
    same = " AND ".join(f"f.{name} IS NOT DISTINCT FROM first.{name}" for name in _RIGHTS)
    first = ", ".join(f"arg_min_null({name}, seq) AS {name}" for name in _RIGHTS)
    columns = ", ".join(_pick(name) for name in FRESH_TITLE_SCHEMA.names if name not in ("title_id", "seq", "plot_key"))
    connection.execute(
        f"""
        CREATE TEMP TABLE united AS
        WITH rows AS (SELECT * FROM fresh_titles WHERE title_id IN (FROM repeated)),
             first AS (SELECT title_id, {first} FROM rows GROUP BY title_id)
        SELECT f.title_id, {columns}, min(f.seq) AS seq, arg_min(f.plot_key, f.seq) FILTER (f.plot IS NOT NULL) AS plot_key
        FROM rows f JOIN first ON f.title_id = first.title_id AND {same} GROUP BY f.title_id
        """
    )
    names = ", ".join(FRESH_TITLE_SCHEMA.names)
    connection.execute(
        f"""
        CREATE VIEW titles_fresh AS
        SELECT {names} FROM fresh_titles WHERE title_id NOT IN (FROM repeated) UNION ALL SELECT {names} FROM united;
        CREATE VIEW titles_now AS
        FROM titles_fresh UNION ALL SELECT {names} FROM parent_titles WHERE title_id NOT IN (SELECT title_id FROM fresh_titles)
        """
    )


def _pick(name: str) -> str:
    given = f"len(f.{name}) > 0" if name in _LISTS else f"f.{name} IS NOT NULL"
    empty = f"coalesce(arg_min(f.{name}, f.seq) FILTER ({given}), [])" if name in _LISTS else f"arg_min(f.{name}, f.seq) FILTER ({given})"
    return f"{empty} AS {name}"


def write_titles(connection: duckdb.DuckDBPyConnection, out: Path) -> int:
    """Write `titles_now` to a file of `TITLE_SCHEMA`, without plots that stand under several titles, and return how many plots that were.

    Such a plot describes none of them: it is a redirect's target or a placeholder.
    """
    connection.execute(
        f"""
        CREATE TEMP TABLE shared AS
        SELECT plot_key FROM titles_now WHERE plot_key IS NOT NULL GROUP BY plot_key HAVING count(DISTINCT title_key) >= {SHARED_PLOT}
        """
    )
    columns = ", ".join("CASE WHEN plot_key IN (FROM shared) THEN NULL ELSE plot END AS plot" if name == "plot" else name for name in TITLE_COLUMNS)
    relation = connection.sql(f"SELECT {columns} FROM titles_now")
    with pq.ParquetWriter(out, TITLE_SCHEMA, compression="zstd") as writer:
        for batch in relation.to_arrow_reader(65_536):
            writer.write_batch(batch.cast(TITLE_SCHEMA))
    ((plots,),) = connection.execute("SELECT count(*) FROM titles_now WHERE plot_key IN (FROM shared)").fetchall()
    return int(plots)
