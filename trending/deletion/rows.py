"""Rows that must go: found in and taken out of the tables of a version, and of the cleaned rows a run brings, by the hashes of the requests."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb

from trending.datasets.tables import table_files, write_table
from trending.deletion.requests import Kind, Marks
from trending.ingestion.clean import FRESH_SCHEMAS, fresh_file
from trending.ingestion.database import create_view, open_database
from trending.tables import DELETED_RECORD, TABLES

REASON = "deleted_on_request"
_KIND_OF = {"titles": "title", "reviews": "review", "signals": "signal"}
_KEY_OF = {"titles": "title_id", "reviews": "review_id", "signals": "concat_ws(':', title_id, kind, market, period_start, days)"}
_RECORD = "CASE WHEN json_valid(record) THEN json_extract_string(record, '$.{}') END"


@dataclass(frozen=True)
class DeletedRows:
    """What of a version must go.

    Attributes:
        counts: Table -> rows; tables without any aren't named.
        title_ids: Of the titles.
        review_ids: Of the reviews.
    """

    counts: dict[str, int]
    title_ids: frozenset[str]
    review_ids: frozenset[str]


def find_rows(tables: Path, marks: Marks) -> DeletedRows:
    """Return what of the version in `tables` must go."""
    with tempfile.TemporaryDirectory(prefix="deletion-") as scratch, open_database(Path(scratch)) as database:
        return _find(database, tables, marks)


def filter_tables(tables: Path, out: Path, marks: Marks) -> DeletedRows:
    """Write the tables of a version into `out`, an empty folder, without what must go; tables without any of it stay byte for byte."""
    with tempfile.TemporaryDirectory(prefix="deletion-") as scratch, open_database(Path(scratch)) as database:
        found = _find(database, tables, marks)
        for name in TABLES:
            if name in found.counts:
                kept = database.view(name).filter(f"NOT {_condition(name, marks)}")
                if name == "trends":
                    kept = kept.project("* REPLACE (row_number() OVER (PARTITION BY type ORDER BY rank)::INTEGER AS rank)")
                write_table(kept, name, out)
            elif (tables / name).is_dir():
                shutil.copytree(tables / name, out / name, copy_function=shutil.copyfile)
    return found


def drop_fresh(fresh: Path, out: Path, marks: Marks) -> Counter[str]:
    """Write cleaned rows into `out`, an empty folder, without what must go; each that went leaves an empty row in the quarantine, so that it is accounted for.

    Returns:
        How many went, per `source/kind`.
    """
    dropped: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="deletion-") as scratch, open_database(Path(scratch)) as database:
        for name, schema in FRESH_SCHEMAS.items():
            create_view(database, name, [fresh_file(fresh, name)], schema)
        refused = database.view("quarantine")
        blank = f"'{REASON}' AS reason, '' AS detail, source, '{DELETED_RECORD}' AS record"
        left = refused.filter(_condition("quarantine", marks)).project(f"quarantine_id, kind, {blank}")
        for name, kind in _KIND_OF.items():
            gone = database.view(name).filter(_condition(name, marks))
            for source, rows in gone.aggregate("source, count(*)").fetchall():
                dropped[f"{source}/{kind}"] += rows
            left = left.union(gone.project(f"left(sha256('{marks.salt}:{kind}:' || seq::VARCHAR || ':' || {_KEY_OF[name]}), 24), '{kind}', {blank}"))
        for name in FRESH_SCHEMAS:
            kept = database.view(name).filter(f"NOT {_condition(name, marks)}")
            (kept.union(left) if name == "quarantine" else kept).write_parquet(str(fresh_file(out, name)))
    return dropped


def _find(database: duckdb.DuckDBPyConnection, tables: Path, marks: Marks) -> DeletedRows:
    counts: dict[str, int] = {}
    ids: dict[str, frozenset[str]] = {"titles": frozenset(), "reviews": frozenset()}
    for name, schema in TABLES.items():
        create_view(database, name, table_files(tables, name), schema)
        gone = database.view(name).filter(_condition(name, marks)) if table_files(tables, name) else None
        if gone is not None and (rows := len(found := gone.project(_KEY_OF[name] if name in ids else "1").fetchall())):
            counts[name] = rows
            if name in ids:
                ids[name] = frozenset(key for (key,) in found)
    return DeletedRows(counts, ids["titles"], ids["reviews"])


def _condition(table: str, marks: Marks) -> str:
    """Return the SQL that is true of a table's rows that must go; hashes and salt are hexadecimal, so nothing in it needs quoting."""

    def marked(kind: Kind, value: str) -> str:
        digests = ", ".join(f"'{digest}'" for digest in sorted(marks.digests[kind]))
        return f"coalesce(sha256('{marks.salt}:{kind}:' || {value}) IN ({digests}), false)" if digests else "false"

    if table == "quarantine":
        author, title_id, source_id = (_RECORD.format(name) for name in ("author_hash", "title_id", "source_id"))
        about, review = (f"source || ':' || {_RECORD.format(name)}" for name in ("title_source_id", "source_review_id"))
        titles = [marked("title", value) for value in (title_id, f"source || ':' || {source_id}", about)]
        return f"({' OR '.join([marked('author', author), *titles, marked('review', review)])})"
    if table == "reviews":
        return f"({marked('author', 'author_hash')} OR {marked('title', 'title_id')} OR {marked('review', 'review_id')})"
    return marked("title", "title_id")
