"""What still holds rows that were asked to be deleted: data versions, told by the hashes of the requests; releases, also by the data behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from trending.datasets.store import DataStore
from trending.deletion.requests import Marks
from trending.deletion.rows import find_rows
from trending.errors import ReleaseError, TrendingError
from trending.releases import ReleaseStore
from trending.releases.manifest import Manifest


@dataclass(frozen=True)
class HoldingVersions:
    """Data versions that hold such rows.

    Attributes:
        names: Oldest first.
        review_ids: Of the reviews among the rows.
    """

    names: list[str]
    review_ids: frozenset[str]


@dataclass(frozen=True)
class Holders:
    """What still holds rows that were asked to be deleted.

    Attributes:
        versions: Of the data, oldest first.
        releases: Oldest first; what a publisher was killed over is among them, though it is no release.
        runs: Names of the ZenML runs these came out of, whose artifacts hold them too.
    """

    versions: list[str]
    releases: list[str]
    runs: list[str]


def find_versions(data: DataStore, marks: Marks) -> HoldingVersions:
    """Return which data versions hold rows that requests are about; all are read, and one that the store holds no longer whole is taken to hold some.

    Raises:
        TrendingError: If one can't be read for another reason, such as a full disk: it would be taken for one that may go.
    """
    names: list[str] = []
    review_ids: set[str] = set()
    for version in data.versions():
        try:
            found = find_rows(data.pull(version), marks)
        except TrendingError:
            if not data.is_damaged(version):
                raise
            names.append(version)
            continue
        if found.counts:
            names.append(version)
            review_ids |= found.review_ids
    return HoldingVersions(names, frozenset(review_ids))


def find_releases(releases: ReleaseStore, marks: Marks, whole: Sequence[str]) -> list[str]:
    """Return which releases hold rows that requests are about, and what was left of one half-way: nobody knows what is in it.

    A release does if its catalogue shows such a row, or if it was made from a data version that isn't whole: what it learnt from needn't be shown.

    Args:
        releases: The store.
        marks: What must not be there; reviews of an author are told only by their own hashes.
        whole: Data versions that are there and hold none.
    """
    known = set(releases.versions())
    return [name for name in sorted(known | set(releases.unfinished())) if name not in known or _holds(releases, name, marks, whole)]


def _holds(releases: ReleaseStore, version: str, marks: Marks, whole: Sequence[str]) -> bool:
    """Say whether a release holds such rows; one that is damaged is taken to."""
    try:
        release = releases.open(version)
        try:
            shown = release.catalogue.holds(partial(marks.contain, "title"), partial(marks.contain, "review"))
        finally:
            release.catalogue.close()
    except ReleaseError:
        return True
    return shown or not _list_data(release.manifest) <= set(whole)


def _list_data(manifest: Manifest) -> set[str]:
    """Return the data versions a release was made from."""
    return {one for one in (manifest.data.version, manifest.catalogue.version if manifest.catalogue else None) if one}


def list_runs(data: DataStore, versions: Iterable[str]) -> set[str]:
    """Return the names of the ZenML runs that data versions came out of."""
    runs: set[str] = set()
    for version in versions:
        with suppress(TrendingError):  # of a damaged one nobody knows
            runs.add(data.manifest(version).run.run_name)
    return runs - {""}


def list_release_runs(releases: ReleaseStore, versions: Iterable[str]) -> set[str]:
    """Return the names of the ZenML runs that releases came out of: where they were learnt, and where their catalogues were scored."""
    runs: set[str] = set()
    for version in versions:
        with suppress(TrendingError):
            manifest = releases.manifest(version)
            runs |= {manifest.zenml.run_name, manifest.catalogue.run.run_name if manifest.catalogue else ""}
    return runs - {""}
