"""Put clean rows and the version before together: merge, match across sources, group, link reviews and signals."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import discard, new_folder
from trending.datasets.store import DataStore
from trending.ingestion.assemble import assemble_tables as assemble
from trending.matching import MatchSettings


@step(cache_policy=depend_on("ingestion", "matching", "reviews", "cleaning", "trends", "datasets"))
def assemble_tables(
    fresh_rows: Path, parent: str | None, replayed: bool, matching: dict[str, Any], memory: str, threads: int
) -> tuple[Annotated[Path, "tables"], Annotated[dict[str, Any], "assembly_report"]]:
    """Return the tables of the new version, and where each row went.

    Args:
        fresh_rows: Clean rows of this run.
        parent: The version to build on.
        replayed: True if the rows come from the parent's quarantine.
        matching: `MatchSettings`.
        memory: What DuckDB may hold in memory.
        threads: Threads of DuckDB.
    """
    before = DataStore.from_settings().pull(parent) if parent else None
    folder = new_folder("tables")
    settings = MatchSettings(**matching)
    report = assemble(fresh_rows, before, folder, replayed=replayed, settings=settings, memory=memory, threads=threads)
    discard(fresh_rows)
    log_metadata({"kept": sum(report.kept.values()), "merged": sum(report.merged.values()), "plots_shared": report.plots_shared, **report.matching})
    return folder, report.as_dict()
