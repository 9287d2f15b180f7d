"""Which release scores: found before a run begins, and opened as the very same where the run goes on."""

from __future__ import annotations

import logging

from trending.errors import ReleaseError, TrendingError
from trending.releases import Manifest, Release, ReleaseStore

CURRENT = "current"
log = logging.getLogger(__name__)


def find_scorer(store: ReleaseStore, version: str) -> Manifest:
    """Return the release to score with: the one that is asked for, or, if that holds another one's model, the one it came from.

    Whoever scores for the second time thus scores with the same release as the first time.

    Args:
        store: Where releases lie.
        version: Of a release, or `current`.

    Raises:
        ReleaseError: If nothing was published or nothing is whole.
        NotFoundError: If there is no such version.
    """
    manifest = store.open(None if version == CURRENT else version).manifest
    if manifest.catalogue is not None:
        try:
            return store.open(manifest.catalogue.scored_from).manifest
        except TrendingError:
            log.debug("release %s is gone: its model is taken from %s", manifest.catalogue.scored_from, manifest.version)
    return manifest


def open_scorer(store: ReleaseStore, version: str, digest: str) -> Release:
    """Open the release that a run was started with.

    Raises:
        ReleaseError: If it has changed since, or isn't whole.
    """
    release = store.open(version)
    if release.manifest.digest != digest:
        raise ReleaseError("is another one than when the run began", where=f"release {version}", mend="run it again")
    return release
