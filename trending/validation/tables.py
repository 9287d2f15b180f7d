"""The gate for the tables of a data version, however large: every value in batches, whole tables (unique keys, references) in DuckDB.

Memory is bounded by one batch and by DuckDB's own limit. What a column may hold is in `trending.validation.schema`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trending.errors import InputError, QualityError, UsageError
from trending.ingestion.database import create_view, open_database
from trending.tables import PARTITIONED, TABLES
from trending.trends.signals import VALUE_RANGES
from trending.validation.schema import TABLE_SCHEMAS, count_checks, find_failures

BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Rule:
    """A check of a whole table: given the table and the titles, `find` returns its offences as rows of `example` and `times`."""

    column: str
    name: str
    find: Callable[[duckdb.DuckDBPyRelation, duckdb.DuckDBPyRelation], duckdb.DuckDBPyRelation]


def _unique(*columns: str) -> Rule:
    key = ", ".join(columns)
    return Rule(
        columns[0],
        f"unique({key})",
        lambda table, _: table.aggregate(f"concat_ws(' ', {key}) AS example, count(*) - 1 AS times", key).filter("times > 0"),
    )


def _none(column: str, name: str, offence: str) -> Rule:
    return Rule(column, name, lambda table, _: table.filter(offence).project(f"concat_ws(' ', title_id, {column}) AS example, 1 AS times"))


_ONE = "title_id AS example, 1 AS times"
_KNOWN_TITLE = Rule("title_id", "is_in_titles", lambda table, titles: table.join(titles, "title_id", how="anti").project(_ONE))
_ALL_TITLES = Rule("title_id", "has_every_title", lambda table, titles: titles.join(table, "title_id", how="anti").project(_ONE))
_OUTSIDE = " OR ".join(f"(kind = '{kind}' AND NOT value BETWEEN {low} AND '{high}'::DOUBLE)" for kind, (low, high) in VALUE_RANGES.items())
RULES: dict[str, tuple[Rule, ...]] = {
    "titles": (_unique("title_id"),),
    "identifiers": (_unique("title_id", "scheme", "value"), _KNOWN_TITLE),
    "reviews": (_unique("review_id"), _KNOWN_TITLE),
    "signals": (
        _unique("title_id", "source", "kind", "market", "period_start", "days"),
        _KNOWN_TITLE,
        _none("value", "within_range_of_kind", _OUTSIDE),
    ),
    "quarantine": (_unique("quarantine_id"),),
    "matches": (_unique("title_id"), _KNOWN_TITLE, _ALL_TITLES),
    "trends": (_unique("as_of", "type", "rank"), _unique("as_of", "work_id"), _KNOWN_TITLE),
}


def validate_table(name: str, files: Sequence[Path], titles: Sequence[Path] = (), *, memory: str = "1GB", threads: int = 2) -> int:
    """Check one table of a data version, however large.

    Args:
        name: A key of `TABLES`.
        files: The table's Parquet files; none means a table without rows.
        titles: The files of the version's titles, which every other table but quarantine refers to.
        memory: The most DuckDB holds in memory.
        threads: How many threads DuckDB uses.

    Returns:
        How many checks ran.

    Raises:
        QualityError: Naming table, file, column, check and example of the first failure, and how many there are.
        InputError: If a file can't be read.
        UsageError: If there is no such table.
    """
    if name not in TABLES:
        raise UsageError(f"{name!r} is no table", where="validation", mend=f"choose from: {', '.join(TABLES)}")
    _check_values(name, files)
    with tempfile.TemporaryDirectory(prefix="trending-validate-") as scratch, open_database(Path(scratch), memory=memory, threads=threads) as database:
        create_view(database, "checked", files, TABLES[name])
        create_view(database, "titles", files if name == "titles" else titles, TABLES["titles"])
        for rule in RULES[name]:
            _check_rule(database, name, rule)
    return count_checks(TABLE_SCHEMAS[name]) + len(RULES[name])


def validate_tables(files: Mapping[str, Sequence[Path]], *, memory: str = "1GB", threads: int = 2) -> dict[str, int]:
    """Check the tables of one version, titles first.

    Args:
        files: The files of each table that is there.
        memory: The most DuckDB holds in memory.
        threads: How many threads DuckDB uses.

    Returns:
        How many checks ran, per table.

    Raises:
        QualityError: As `validate_table`, at the first table that fails.
    """
    return {name: validate_table(name, files[name], files.get("titles", ()), memory=memory, threads=threads) for name in TABLES if name in files}


def _check_values(name: str, files: Sequence[Path]) -> None:
    failures, rows, first = 0, 0, ""
    for file in sorted(files):
        for frame in _read_frames(name, file):
            count, what = find_failures(TABLE_SCHEMAS[name], frame)
            if not count and name in PARTITIONED:
                count, what = _find_strangers(file, frame)
            first = first or (what and f"{what} in {_show(file)}")
            failures += count
            rows += len(frame)
    if failures:
        raise QualityError(f"{failures:,} failures in {rows:,} rows, first: {first}", where=f"table {name}")


def _read_frames(name: str, file: Path) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file in batches, with numbers as float and flags as objects, which may both be missing."""
    schema = TABLES[name]
    try:
        with pq.ParquetFile(file) as parquet:
            found = parquet.schema_arrow
            if found.names != schema.names:
                odd = [column for column in (*schema.names, *found.names) if (column in schema.names) != (column in found.names)]
                what = f"column {odd[0]!r} is {'missing' if odd[0] in schema.names else 'unknown'}" if odd else "columns are in another order"
                raise QualityError(f"{what} in {_show(file)}", where=f"table {name}")
            for field in schema:
                if not _same_type(found.field(field.name).type, field.type):
                    raise QualityError(f"column {field.name!r} is {found.field(field.name).type}, not {field.type}, in {_show(file)}", where=f"table {name}")
            for batch in parquet.iter_batches(batch_size=BATCH_ROWS):
                yield _to_frame(batch, schema)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"not readable as Parquet ({error})", where=f"table {name}, {_show(file)}") from error


def _same_type(found: Any, wanted: Any) -> bool:
    # Names of list items differ between writers ("item", "element").
    return bool(found.equals(wanted)) or (pa.types.is_list(found) and pa.types.is_list(wanted) and _same_type(found.value_type, wanted.value_type))


def _to_frame(batch: Any, schema: Any) -> pd.DataFrame:
    frame: pd.DataFrame = batch.to_pandas(integer_object_nulls=False)
    for field in schema:
        if pa.types.is_integer(field.type):
            frame[field.name] = frame[field.name].astype(float)
        elif pa.types.is_boolean(field.type):
            frame[field.name] = frame[field.name].astype(object)
    return frame


def _find_strangers(file: Path, frame: pd.DataFrame) -> tuple[int, str]:
    """Find rows that lie in another source's partition."""
    folder = file.parent.name
    if not folder.startswith("source="):
        return 0, ""
    strangers = frame.loc[frame["source"] != unquote(folder.removeprefix("source=")), "source"]
    return len(strangers), f"column 'source' fails partition with {strangers.iloc[0][:80]!r}" if len(strangers) else ""


def _check_rule(database: duckdb.DuckDBPyConnection, name: str, rule: Rule) -> None:
    offences = rule.find(database.view("checked"), database.view("titles"))
    [(count, example)] = offences.aggregate("coalesce(sum(times), 0)::BIGINT AS count, min(example) AS example").fetchall()
    if count:
        raise QualityError(f"{count:,} failures, first: column {rule.column!r} fails {rule.name} with {str(example)[:80]!r}", where=f"table {name}")


def _show(file: Path) -> str:
    return "/".join(file.parts[-2:])
