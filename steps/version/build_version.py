"""Build the new data version: tables, trends, cards, and the manifest that accounts for every row."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString, MarkdownString

from steps.caching import depend_on
from steps.folders import new_folder
from steps.origin import describe_run
from trending.datasets.store import DataStore
from trending.ingestion.account import build_account
from trending.ingestion.assemble import AssemblyReport
from trending.ingestion.clean import CleaningAccount
from trending.ingestion.version import VersionParts, write_version
from trending.sources.crawl.snapshot import Snapshot


@step(cache_policy=depend_on("ingestion", "datasets", "validation", "reports", "features", "cleaning", "matching", "reviews", "trends", "sources"))
def build_version(
    tables: Path,
    trends: pd.DataFrame,
    snapshot_facts: list[dict[str, Any]],
    cleaning_account: dict[str, Any],
    assembly_report: dict[str, Any],
    parent: str | None,
) -> tuple[Annotated[Path, "data_version_folder"], Annotated[HTMLString, "eda_report"], Annotated[MarkdownString, "version_card"]]:
    """Return the whole version as a folder, its exploratory report and its data card.

    Args:
        tables: Of the new version.
        trends: What is trending.
        snapshot_facts: What each snapshot says of itself.
        cleaning_account: Parsed and refused, per source and kind.
        assembly_report: Kept and merged, per source and kind.
        parent: The version it was built on.
    """
    snapshots = [Snapshot(**facts) for facts in snapshot_facts]
    cleaning, assembly = CleaningAccount.from_dict(cleaning_account), AssemblyReport(**assembly_report)
    parts = VersionParts(
        trends=trends,
        snapshots=snapshots,
        account=build_account(snapshots, cleaning, assembly),
        cleaning=cleaning,
        assembly=assembly,
        parent=DataStore.from_settings().manifest(parent) if parent else None,
        run=describe_run(),
    )
    written = write_version(tables, new_folder("version"), parts)
    total = written.manifest.account.total
    log_metadata(
        {"data_version": written.manifest.version, **total.model_dump(), **{f"rows_{name}": table.rows for name, table in written.manifest.tables.items()}}
    )
    return written.folder, HTMLString(written.eda), MarkdownString(written.card)
