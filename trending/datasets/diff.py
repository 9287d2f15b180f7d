"""What changed between two data versions, row by row: DuckDB joins their files by key and spills, so that neither has to fit in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from pydantic import BaseModel, Field

from trending.datasets.build import partition_source
from trending.datasets.manifest import DataManifest
from trending.ingestion.database import open_database
from trending.tables import SORT_KEYS, TABLES

SAMPLE_KEYS = 5
# What tells rows apart, where that isn't what they are sorted by: a work whose rank changed is the same work.
_KEYS: dict[str, tuple[str, ...]] = {**SORT_KEYS, "trends": ("type", "work_id")}


class RowDiff(BaseModel):
    """Changes of the rows of one file, or the sum over a table's files."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    unchanged: int = 0
    columns: dict[str, int] = Field(default_factory=dict, description="Column -> rows in which it changed.")
    sample: dict[str, list[dict[str, Any]]] = Field(default_factory=dict, description="added, removed, changed -> the first few keys.")

    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        return not (self.added or self.removed or self.changed)


class TableDiff(RowDiff):
    """Changes of one table."""

    sources: dict[str, RowDiff] = Field(default_factory=dict, description="The same per source, for tables that are partitioned; unchanged sources too.")


class DataDiff(BaseModel):
    """Changes from version `a` to version `b`."""

    a: str
    b: str
    tables: dict[str, TableDiff]

    @property
    def same(self) -> bool:
        """Whether nothing changed in any table."""
        return all(table.same for table in self.tables.values())


def diff_versions(a: DataManifest, directory_a: Path, b: DataManifest, directory_b: Path) -> DataDiff:
    """Compare two versions that lie in local folders.

    Files with the same hash are not read.
    """
    with tempfile.TemporaryDirectory(prefix="trending-diff-") as scratch, open_database(Path(scratch)) as database:
        tables: dict[str, TableDiff] = {}
        for name in TABLES:
            old, new = (version.tables[name].files if name in version.tables else {} for version in (a, b))
            parts: dict[str, RowDiff] = {}
            for path in sorted(set(old) | set(new)):
                if path in old and path in new and old[path].sha256 == new[path].sha256:
                    parts[path] = RowDiff(unchanged=old[path].rows)
                else:
                    parts[path] = _diff_files(database, name, directory_a / path if path in old else None, directory_b / path if path in new else None)
            tables[name] = _sum_up(parts)
    return DataDiff(a=a.version, b=b.version, tables=tables)


def _sum_up(parts: Mapping[str, RowDiff]) -> TableDiff:
    total = TableDiff()
    for path, part in parts.items():
        total.added, total.removed = total.added + part.added, total.removed + part.removed
        total.changed, total.unchanged = total.changed + part.changed, total.unchanged + part.unchanged
        for column, count in part.columns.items():
            total.columns[column] = total.columns.get(column, 0) + count
        for change, keys in part.sample.items():
            total.sample[change] = (total.sample.get(change, []) + keys)[:SAMPLE_KEYS]
        source = partition_source(path)
        if source is not None:
            total.sources[source] = part
    return total


def _diff_files(database: duckdb.DuckDBPyConnection, name: str, old: Path | None, new: Path | None) -> RowDiff:
    keys = _KEYS[name]
    values = [column for column in TABLES[name].names if column not in keys]
    same_key = " AND ".join(f'a."{key}" IS NOT DISTINCT FROM b."{key}"' for key in keys)
    differs = {column: f'a."{column}" IS DISTINCT FROM b."{column}"' for column in values}
    is_kind = {"added": "a.here IS NULL", "removed": "b.here IS NULL", "changed": f"a.here AND b.here AND ({' OR '.join(differs.values())})"}
    key = ", ".join(f'"{key}" := coalesce(a."{key}", b."{key}")' for key in keys)
    found = [f"count(*) FILTER ({kind})" for kind in is_kind.values()]
    found += ["count(*) FILTER (a.here AND b.here)"]
    found += [f"count(*) FILTER (a.here AND b.here AND {one})" for one in differs.values()]
    found += [f"min(struct_pack({key}), {SAMPLE_KEYS}) FILTER ({kind})" for kind in is_kind.values()]
    query = f"SELECT {', '.join(found)} FROM ({_read(name, old)}) a FULL JOIN ({_read(name, new)}) b ON {same_key}"  # noqa: S608 - our own names
    row = database.execute(query).fetchone() or ()
    added, removed, changed, both = row[:4]
    columns = {column: count for column, count in zip(values, row[4 : 4 + len(values)], strict=True) if count}
    sample = {kind: [_as_plain(one) for one in keys_of_kind] for kind, keys_of_kind in zip(is_kind, row[4 + len(values) :], strict=True) if keys_of_kind}
    return RowDiff(added=added, removed=removed, changed=changed, unchanged=both - changed, columns=columns, sample=sample)


def _read(name: str, file: Path | None) -> str:
    """Return a query for a file's rows; columns it doesn't have, as those of an older version may not, are null, and without a file there are no rows."""
    present = set(pq.read_schema(file).names) if file is not None else set()
    columns = ", ".join(f'"{column}"' if column in present else f'NULL AS "{column}"' for column in TABLES[name].names)
    if file is None:
        return f"SELECT {columns}, true AS here WHERE false"
    path = str(file).replace("'", "''")
    return f"SELECT {columns}, true AS here FROM read_parquet('{path}', hive_partitioning = false)"  # noqa: S608 - a quoted path


def _as_plain(key: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, (str, int, float)) or value is None else str(value) for name, value in key.items()}
