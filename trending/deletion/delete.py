"""Carrying out of a request for deletion: a new data version without the rows, an entry in the audit trail, and what still holds them.

Features and the catalogue follow with the next release, which is made from that version. Removal of what holds them is `trending.deletion.purge`.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trending.datasets.manifest import DataManifest
from trending.datasets.store import LATEST, DataStore
from trending.datasets.tables import read_table
from trending.deletion.holders import Holders, find_releases, find_versions, list_release_runs, list_runs
from trending.deletion.requests import DeletionRequest, DeletionRequests, Kind
from trending.deletion.rows import filter_tables, find_rows
from trending.errors import QualityError, TrendingError
from trending.ingestion.account import build_account
from trending.ingestion.assemble import AssemblyReport
from trending.ingestion.clean import CleaningAccount
from trending.ingestion.trends import frame_trends
from trending.ingestion.version import VersionParts, write_version
from trending.provenance import RunOrigin
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail, name_actor

PIPELINE = "data delete"  # what the manifest of a version names as its run


@dataclass(frozen=True)
class Deletion:
    """What a request led to.

    Attributes:
        request: The hash it is remembered by.
        rows: Table -> rows that left the latest version.
        version: The latest version now; None if there is none.
        holders: What still holds rows of any request.
    """

    request: str
    rows: dict[str, int]
    version: str | None
    holders: Holders


def delete_rows(kind: Kind, value: str, reason: str, data: DataStore, releases: ReleaseStore) -> Deletion:
    """Remember a request, publish a data version without its rows if the latest has any, and enter it in the audit trail.

    Killed at any moment, it is brought to its end by being asked again.

    Args:
        kind: What `value` is.
        value: A pseudonym, a title_id or a review_id.
        reason: Why, in a sentence that names nobody.
        data: The data store.
        releases: Whose audit trail it is entered in.
    """
    requests = DeletionRequests(data.url)
    request = requests.record(kind, value, reason, name_actor())
    requests.add_reviews(request, find_versions(data, requests.marks()).review_ids)
    if data.latest():
        publish_without(data, requests)
    rows = _enter(AuditTrail.from_store(releases), request, reason, data)
    marks = requests.marks()
    versions = find_versions(data, marks).names
    holding = find_releases(releases, marks, [name for name in data.versions() if name not in versions])
    return Deletion(request.digest, rows, data.latest(), Holders(versions, holding, sorted(list_runs(data, versions) | list_release_runs(releases, holding))))


def publish_without(data: DataStore, requests: DeletionRequests, version: str = LATEST, *, replaces: str | None = None, pipeline: str = PIPELINE) -> bool:
    """Let a version be the latest, without the rows that any request is about; says whether it has any, and does nothing if not.

    Args:
        data: The data store.
        requests: What was asked for.
        version: Which.
        replaces: The latest version until then; by default the one that is.
        pipeline: What its manifest names as its run.
    """
    before, marks = replaces or data.latest(), requests.marks()
    if not marks:
        return False
    parent = data.manifest(version)
    tables = data.pull(parent.version)
    if not find_rows(tables, marks).counts:
        return False
    with tempfile.TemporaryDirectory(prefix="deletion-") as scratch:
        kept, folder = Path(scratch) / "tables", Path(scratch) / "version"
        kept.mkdir()
        folder.mkdir()
        filter_tables(tables, kept, marks)
        cleaning, assembly = CleaningAccount(), AssemblyReport()
        parts = VersionParts(
            trends=frame_trends(read_table(kept, "trends")),
            snapshots=[],
            account=build_account([], cleaning, assembly),
            cleaning=cleaning,
            assembly=assembly,
            parent=parent,
            run=RunOrigin(pipeline=pipeline),
        )
        written = write_version(kept, folder, parts)
        data.publish(written.folder, written.manifest, replaces=before)
    return True


def publish_checked(data: DataStore, folder: Path, manifest: DataManifest) -> str:
    """Publish a version that ingestion made, whatever was asked for since its rows were put together.

    Args:
        data: The data store.
        folder: As for `DataStore.publish`; so is what follows.
        manifest: Of the folder.

    Returns:
        The latest version.

    Raises:
        QualityError: If it holds rows that any request is about.
    """
    requests = DeletionRequests(data.url)
    if (marks := requests.marks()) and find_rows(folder, marks).counts:
        raise QualityError("rows of it were meanwhile asked to be deleted", where="the new data version", mend="run it again")
    version = data.publish(folder, manifest)
    # For what was asked for since the check; whoever asks from now on finds it in the latest version.
    return data.resolve() if publish_without(data, requests) else version


def _enter(trail: AuditTrail, request: DeletionRequest, reason: str, data: DataStore) -> dict[str, int]:
    """Enter a request in the trail, with each version that a deletion made and no entry tells of, as of one that was killed; return what left with them."""
    told = {entry.details.get("data_version") for entry in trail.entries()}
    left = Counter[str]()
    untold: list[str | None] = [name for name in data.versions() if name not in told and _made_by_deletion(data, name)]
    for version in untold or [None]:
        rows = _count_left(data, version) if version else {}
        details = {"kind": request.kind, "request": request.digest, "rows": rows, "data_version": version}
        trail.append("deleted", reason=reason, run=RunOrigin(pipeline=PIPELINE), details=details)
        left.update(rows)
    return dict(left)


def _made_by_deletion(data: DataStore, version: str) -> bool:
    with suppress(TrendingError):  # of a damaged one nobody knows
        return data.manifest(version).run.pipeline == PIPELINE
    return False


def _count_left(data: DataStore, version: str) -> dict[str, int]:
    """Return table -> rows that a version lacks of the one it was made from; nothing if that is gone."""
    made = data.manifest(version)
    with suppress(TrendingError):
        before = data.manifest(made.parent or "")
        return {name: gone for name, table in before.tables.items() if (gone := table.rows - made.tables[name].rows)}
    return {}
