"""From cleaned rows and the version before to the tables of a new one: merged, matched, grouped, linked; each row in is accounted for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from trending.datasets.tables import table_files, write_table
from trending.errors import QualityError
from trending.ingestion.clean import FRESH_SCHEMAS, FRESH_TITLE_SCHEMA, fresh_file
from trending.ingestion.database import create_table, create_view, open_database
from trending.ingestion.merge import choose_fresh, merge_quarantine, merge_signals
from trending.ingestion.reviews import merge_reviews
from trending.ingestion.titles import add_keys, merge_titles, write_titles
from trending.matching import MatchReport, MatchSettings, assign_groups, match_titles
from trending.tables import IDENTIFIER_SCHEMA, MATCH_SCHEMA, QUARANTINE_SCHEMA, REVIEW_SCHEMA, SIGNAL_SCHEMA, SORT_KEYS, TITLE_SCHEMA
from trending.titles import TITLE_COLUMNS


@dataclass
class AssemblyReport:
    """How fresh rows found their place; counts are per `source/kind`."""

    merged: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    plots_shared: int = 0
    matching: dict[str, Any] = field(default_factory=dict)

    def add_refused(self, counts: Mapping[str, int], reason: str) -> None:
        """Add rows that were put aside before anything was put together."""
        for where, number in counts.items():
            self.quarantined[where] = self.quarantined.get(where, 0) + number
            self.reasons[reason] = self.reasons.get(reason, 0) + number

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


def assemble_tables(
    fresh: Path,
    parent: Path | None,
    out: Path,
    *,
    replayed: bool = False,
    settings: MatchSettings | None = None,
    memory: str = "1GB",
    threads: int = 2,
) -> AssemblyReport:
    """Write the tables of a new version (all but `trends`) into `out`.

    Args:
        fresh: Folder of cleaned rows (`trending.ingestion.clean`).
        parent: Folder of the version to build on; None begins anew.
        out: An existing, empty folder.
        replayed: True if the fresh rows come from the parent's quarantine, all of which was tried again.
        settings: When rows of several sources are the same title.
        memory: What DuckDB may hold in memory.
        threads: Threads of DuckDB.
    """
    report = AssemblyReport()
    scratch = Path(tempfile.mkdtemp(prefix="assemble-", dir=out))
    try:
        titles = _assemble_titles(fresh, parent, scratch, replayed, report, memory, threads)
        matches, groups = scratch / "matches.parquet", scratch / "groups.parquet"
        identifiers = scratch / "identifiers.parquet"
        found: MatchReport = match_titles([titles], [identifiers], matches, settings=settings or MatchSettings(), memory=memory, threads=threads)
        assign_groups([titles], matches, groups, memory=memory, threads=threads)
        report.matching = found.as_dict()
        with open_database(scratch, memory=memory, threads=threads) as database:
            _open_views(database, fresh, parent, replayed)
            create_view(database, "titles", [titles], TITLE_SCHEMA)
            create_view(database, "matches", [matches], MATCH_SCHEMA)
            create_view(database, "groups", [groups], pa.schema([("title_id", pa.string()), ("group_id", pa.string())]))
            create_view(database, "identifiers", [identifiers], IDENTIFIER_SCHEMA)
            _write_all(database, out, replayed, report)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return report


def _open_views(database: duckdb.DuckDBPyConnection, fresh: Path, parent: Path | None, replayed: bool) -> None:
    keys = {"reviews": ("review_id",), "signals": ("source", *SORT_KEYS["signals"]), "quarantine": ("quarantine_id",)}
    for name, schema in (("reviews", REVIEW_SCHEMA), ("signals", SIGNAL_SCHEMA), ("quarantine", QUARANTINE_SCHEMA)):
        create_view(database, f"came_{name}", [fresh_file(fresh, name)], FRESH_SCHEMAS[name])
        create_view(database, f"parent_{name}", table_files(parent, name) if parent else [], schema)
        choose_fresh(database, name, keys[name], replayed and name != "quarantine")
    create_view(database, "fresh_titles", [fresh_file(fresh, "titles")], FRESH_TITLE_SCHEMA)


def _assemble_titles(fresh: Path, parent: Path | None, scratch: Path, replayed: bool, report: AssemblyReport, memory: str, threads: int) -> Path:
    before = add_keys(table_files(parent, "titles") if parent else [], scratch / "parent_titles.parquet")
    titles = scratch / "titles.parquet"
    with open_database(scratch, memory=memory, threads=threads) as database:
        create_view(database, "came_titles", [fresh_file(fresh, "titles")], FRESH_TITLE_SCHEMA)
        create_view(database, "parent_titles", [before], FRESH_TITLE_SCHEMA)
        choose_fresh(database, "titles", ("title_id",), replayed)
        merge_titles(database)
        report.plots_shared = write_titles(database, titles)
        if not pq.read_metadata(titles).num_rows:
            raise QualityError(
                "not one title was kept, and none was there before", where="ingestion", mend="look at the source: what it gave was refused, or nothing"
            )
        create_view(database, "fresh_identifiers", [fresh_file(fresh, "identifiers")], IDENTIFIER_SCHEMA)
        create_view(database, "parent_identifiers", table_files(parent, "identifiers") if parent else [], IDENTIFIER_SCHEMA)
        database.sql(
            """
            SELECT DISTINCT * FROM fresh_identifiers SEMI JOIN titles_fresh USING (title_id, source)
            UNION SELECT * FROM parent_identifiers WHERE title_id NOT IN (SELECT title_id FROM fresh_titles)
            """
        ).write_parquet(str(scratch / "identifiers.parquet"))
        _count(database, report.kept, "SELECT source, 'title', count(*) FROM titles_fresh GROUP BY source")
        _count(
            database,
            report.merged,
            """
            SELECT source, 'title', f.rows - coalesce(k.rows, 0) FROM (SELECT source, count(*) AS rows FROM came_titles GROUP BY source) f
            LEFT JOIN (SELECT source, count(*) AS rows FROM titles_fresh GROUP BY source) k USING (source)
            """,
        )
    return titles


def _write_all(database: duckdb.DuckDBPyConnection, out: Path, replayed: bool, report: AssemblyReport) -> None:
    columns = ", ".join("g.group_id" if name == "group_id" else f"t.{name}" for name in TITLE_COLUMNS)
    write_table(database.sql(f"SELECT {columns} FROM titles t JOIN groups g USING (title_id)"), "titles", out)
    write_table(database.sql("FROM identifiers"), "identifiers", out)
    write_table(database.sql("FROM matches"), "matches", out)
    create_table(database, "late_quarantine", QUARANTINE_SCHEMA)
    merge_reviews(database)
    write_table(database.sql("FROM linked_reviews"), "reviews", out)
    _count(database, report.kept, "SELECT source, 'review', kept FROM review_account")
    _count(database, report.merged, "SELECT source, 'review', merged FROM review_account")
    merge_signals(database)
    write_table(database.sql("FROM signals"), "signals", out)
    _count(database, report.kept, "SELECT source, 'signal', count(*) FROM signals_fresh GROUP BY source")
    _count(database, report.merged, "SELECT source, 'signal', merged FROM signals_merged")
    merge_quarantine(database, replayed)
    write_table(database.sql("FROM quarantine"), "quarantine", out)
    _count(database, report.quarantined, "SELECT source, kind, count(*) FROM late_quarantine GROUP BY ALL")
    report.reasons |= dict(database.execute("SELECT reason, count(*) FROM late_quarantine GROUP BY reason").fetchall())


def _count(database: duckdb.DuckDBPyConnection, counts: dict[str, int], query: str) -> None:
    for source, kind, number in database.execute(query).fetchall():
        if number:
            counts[f"{source}/{kind}"] = counts.get(f"{source}/{kind}", 0) + int(number)
