"""All that must hold before a version may be published, in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from trending.datasets.manifest import DataAccount
from trending.datasets.tables import table_files
from trending.ingestion.account import count_records
from trending.ingestion.clean import fresh_file
from trending.ingestion.snapshots import QUARANTINE_SOURCE
from trending.sources.crawl.config import LIVE_SOURCES
from trending.sources.crawl.snapshot import Snapshot
from trending.tables import TABLES
from trending.validation.gates import GateReport, SourceRows, run_gates
from trending.validation.settings import GateSettings
from trending.validation.tables import validate_tables


def gate_version(
    fresh: Path,
    tables: Path,
    parent: Path | None,
    snapshots: Sequence[Snapshot],
    cleaning: Mapping[str, Any],
    assembly: Mapping[str, Any],
    settings: GateSettings,
    *,
    memory: str = "1GB",
    threads: int = 2,
) -> tuple[int, GateReport]:
    """Check the tables of a new version, and judge what each source brought.

    Args:
        fresh: Folder of this run's clean rows.
        tables: Folder of the new version's tables; `trends` isn't there yet.
        parent: Folder of the version before.
        snapshots: Of this run.
        cleaning: `CleaningAccount` as plain values.
        assembly: `AssemblyReport` as plain values.
        settings: The bounds.
        memory: What DuckDB may hold in memory.
        threads: Threads of DuckDB.

    Returns:
        How many checks of tables passed, and the gates, whether passed or not.

    Raises:
        QualityError: If a table breaks its schema.
    """
    files = {name: table_files(tables, name) for name in TABLES if name != "trends"}
    checks = validate_tables(files, memory=memory, threads=threads)
    crawled = {snapshot.source: snapshot for snapshot in snapshots}
    if QUARANTINE_SOURCE in crawled:  # what was refused once is no crawl, and says nothing about a source
        return sum(checks.values()), GateReport()
    sources = {where.rpartition("/")[0] for where in cleaning["parsed"]} | (LIVE_SOURCES.keys() & crawled.keys())
    fresh_titles, before, after = (fresh_file(fresh, "titles"),), tuple(table_files(parent, "titles") if parent else ()), tuple(files["titles"])
    rows = {}
    for source in sources:
        snapshot = crawled.get(source)
        parsed, refused, unlinked = (_of(source, counts) for counts in (cleaning["parsed"], cleaning["quarantined"], assembly["quarantined"]))
        rows[source] = SourceRows(
            titles=fresh_titles,
            parent=before,
            result=after,
            # What began at a watermark brings only what changed since.
            complete=snapshot is not None and snapshot.since is None and not snapshot.config.get("limit"),
            fetched=_total(snapshot, "fetched") if snapshot else parsed,
            failed=_total(snapshot, "failed") if snapshot else 0,
            parsed=parsed,
            quarantined=refused + unlinked,
        )
    return sum(checks.values()), run_gates(settings, rows, known=[unquote(file.parent.name.removeprefix("source=")) for file in before])


def _of(source: str, counts: Mapping[str, int]) -> int:
    return sum(number for where, number in counts.items() if where.rpartition("/")[0] == source)


def _total(snapshot: Snapshot, name: str) -> int:
    return int(getattr(DataAccount.of(count_records(snapshot)).total, name))
