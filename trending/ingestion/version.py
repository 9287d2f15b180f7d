"""The folder of a new data version: its tables, its cards, its report and its manifest."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from trending.datasets.build import build_manifest
from trending.datasets.manifest import MANIFEST_FILE, DataAccount, DataManifest, render_manifest
from trending.datasets.tables import table_files, write_table
from trending.ingestion.account import describe_sources
from trending.ingestion.assemble import AssemblyReport
from trending.ingestion.cards import VERSION_CARD, render_cards
from trending.ingestion.clean import CleaningAccount
from trending.provenance import RunOrigin
from trending.reports.eda import describe_tables, render_eda
from trending.sources.crawl.snapshot import Snapshot
from trending.tables import TABLES, TREND_SCHEMA
from trending.validation.tables import validate_table

EDA_REPORT = "reports/eda.html"


@dataclass(frozen=True)
class VersionParts:
    """All that a version is made of beside its tables."""

    trends: pd.DataFrame
    snapshots: Sequence[Snapshot]
    account: DataAccount
    cleaning: CleaningAccount
    assembly: AssemblyReport
    parent: DataManifest | None
    run: RunOrigin


@dataclass(frozen=True)
class WrittenVersion:
    """A version as a folder, and its pages."""

    folder: Path
    manifest: DataManifest
    eda: str
    card: str


def write_version(tables: Path, folder: Path, parts: VersionParts) -> WrittenVersion:
    """Move the tables in and write the rest beside them.

    Args:
        tables: Folder of the tables; it is emptied.
        folder: An existing, empty folder.
        parts: What else there is.

    Raises:
        QualityError: If a record is unaccounted for, or a trend breaks its schema.
    """
    for table in sorted(tables.iterdir()):
        shutil.move(str(table), folder / table.name)
    write_table(pa.Table.from_pandas(parts.trends, schema=TREND_SCHEMA, preserve_index=False).to_batches(), "trends", folder)
    files = {name: table_files(folder, name) for name in TABLES}
    validate_table("trends", files["trends"], files["titles"])
    facts = describe_tables(files)
    parent = parts.parent.version if parts.parent else None
    sources = describe_sources(folder, parts.snapshots, parts.parent)
    manifest = build_manifest(folder, parent=parent, sources=sources, account=parts.account, run=parts.run)
    cards = render_cards(facts, manifest.sources, parts.account, parts.cleaning, parts.assembly, parent)
    eda = render_eda(facts)
    for path, text in {**cards, EDA_REPORT: eda}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    manifest = build_manifest(folder, parent=parent, sources=sources, account=parts.account, run=parts.run, created=manifest.created)
    (folder / MANIFEST_FILE).write_bytes(render_manifest(manifest))
    return WrittenVersion(folder, manifest, eda, cards[VERSION_CARD])
