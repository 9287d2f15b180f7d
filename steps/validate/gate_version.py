"""The gate of a new data version: its schemas, its keys and references, and what each source brought. A failure ends the run."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import discard
from trending.datasets.store import DataStore
from trending.ingestion.gate import gate_version as gate
from trending.sources.crawl.snapshot import Snapshot
from trending.validation.settings import GateSettings


@step(cache_policy=depend_on("validation", "ingestion", "datasets", "cleaning", "reviews", "matching", "trends", "sources"))
def gate_version(
    fresh_rows: Path,
    tables: Path,
    snapshot_facts: list[dict[str, Any]],
    cleaning_account: dict[str, Any],
    assembly_report: dict[str, Any],
    parent: str | None,
    gates: dict[str, Any],
    memory: str,
    threads: int,
) -> Annotated[list[dict[str, Any]], "gate_report"]:
    """Return every gate with its figure and bound; nothing is published unless all are passed.

    Args:
        fresh_rows: Clean rows of this run.
        tables: Of the new version.
        snapshot_facts: What each snapshot says of itself.
        cleaning_account: Parsed and refused, per source and kind.
        assembly_report: Kept, merged and put aside, per source and kind.
        parent: The version to build on.
        gates: `GateSettings`.
        memory: What DuckDB may hold in memory.
        threads: Threads of DuckDB.
    """
    before = DataStore.from_settings().pull(parent) if parent else None
    snapshots = [Snapshot(**facts) for facts in snapshot_facts]
    checks, report = gate(fresh_rows, tables, before, snapshots, cleaning_account, assembly_report, GateSettings(**gates), memory=memory, threads=threads)
    discard(fresh_rows, tables)
    log_metadata({"schema_checks_passed": checks, "gates": len(report.gates), "gates_failed": len(report.failed)})
    report.check()
    return [asdict(gate) for gate in report.gates]
