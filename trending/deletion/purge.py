"""Removal of all that still holds rows that were asked to be deleted, but for what is current or latest. It may be killed at any moment and done again."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from trending.datasets.store import DataStore
from trending.deletion.delete import PIPELINE
from trending.deletion.holders import Holders, list_release_runs
from trending.embeddings.export import ENCODERS
from trending.errors import TrendingError
from trending.provenance import RunOrigin
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail
from trending.sources.crawl.job import crawls_folder


def purge(holders: Holders, home: Path, data: DataStore, releases: ReleaseStore) -> Holders:
    """Remove what holds such rows: data versions but the latest, releases but the current one, crawls, and caches.

    Nothing may be ingested, learnt or published meanwhile. The cache's encoders stay: they hold no rows. What a publisher was killed over within the last
    hour stays too, for one that is at work looks like it.

    Args:
        holders: As `trending.deletion.delete.delete_rows` returned them.
        home: The project's home folder.
        data: The data store.
        releases: The release store.

    Returns:
        What was removed; `runs` are those that no release which stays came out of, which whoever knows ZenML may now remove.

    Raises:
        TrendingError: If a crawl or a cache can't be removed; the rest is.
    """
    latest, current = data.latest(), releases.current_version()
    trail = AuditTrail.from_store(releases)
    old = [name for name in releases.versions() if name in holders.releases and name != current]
    for version in old:
        _enter_removal(trail, releases, version)
        releases.remove(version)
    swept = releases.sweep()
    versions = [name for name in holders.versions if name != latest]
    data.remove(versions)
    caches = [path for path in (home / "cache").glob("*") if path.name != ENCODERS and (path.is_dir() or path.suffix in (".sqlite", ".db"))]
    faults = [fault for path in (crawls_folder(home), *caches) if (fault := _remove(path))]
    if faults:
        raise TrendingError(f"can't be removed: {'; '.join(faults)}", where=str(home), mend="remove it by hand, then run the same again")
    needed = list_release_runs(releases, releases.versions())
    return Holders(versions, sorted([*old, *swept]), [run for run in holders.runs if run not in needed])


def _enter_removal(trail: AuditTrail, releases: ReleaseStore, version: str) -> None:
    """Enter in the trail that a release is removed, before it is; once, however often its removal is killed."""
    about = [entry for entry in trail.entries() if version in (entry.release, entry.details.get("release"))]
    if about and about[-1].action == "deleted":
        return
    manifest = None
    with suppress(TrendingError):  # a damaged one goes too
        manifest = releases.manifest(version)
    reason = "it held, or may have held, rows that were asked to be deleted"
    trail.append("deleted", manifest=manifest, reason=reason, run=RunOrigin(pipeline=PIPELINE), details={"release": version})


def _remove(path: Path) -> str | None:
    """Remove a file or a folder; returns why it can't be, if so."""
    try:
        for folder in [one for one in (path, *path.rglob("*")) if one.is_dir()]:
            folder.chmod(0o755)  # snapshots and versions are kept from being edited
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        return f"{path} ({error.strerror or error})"
    return None
