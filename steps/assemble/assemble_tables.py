"""Put clean rows and the version before together: merge, match across sources, group, link reviews and signals."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import discard, new_folder
from trending.datasets.store import DataStore
from trending.deletion.requests import DeletionRequests
from trending.deletion.rows import REASON, drop_fresh
from trending.ingestion.assemble import assemble_tables as assemble
from trending.matching import MatchSettings


@step(cache_policy=depend_on("ingestion", "matching", "reviews", "cleaning", "trends", "datasets", "deletion"))
def assemble_tables(
    fresh_rows: Path, parent: str | None, replayed: bool, deletions: str, matching: dict[str, Any], memory: str, threads: int
) -> tuple[Annotated[Path, "tables"], Annotated[dict[str, Any], "assembly_report"]]:
    """Return the tables of the new version, and where each row went.

    Args:
        fresh_rows: Clean rows of this run.
        parent: The version to build on.
        replayed: True if the rows come from the parent's quarantine.
        deletions: Hash of what was asked to be deleted when the run began: after another request nothing comes from the cache.
        matching: `MatchSettings`.
        memory: What DuckDB may hold in memory.
        threads: Threads of DuckDB.
    """
    before = DataStore.from_settings().pull(parent) if parent else None
    folder, came, dropped = new_folder("tables"), fresh_rows, Counter[str]()
    if marks := DeletionRequests.from_settings().marks():
        came = new_folder("fresh")
        dropped = drop_fresh(fresh_rows, came, marks)
    settings = MatchSettings(**matching)
    report = assemble(came, before, folder, replayed=replayed, settings=settings, memory=memory, threads=threads)
    report.add_refused(dropped, REASON)
    discard(fresh_rows, came)
    counts = {"kept": sum(report.kept.values()), "merged": sum(report.merged.values()), "plots_shared": report.plots_shared}
    log_metadata({**counts, "deletions": deletions, **report.matching})
    return folder, report.as_dict()
