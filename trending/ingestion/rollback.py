"""Going back to an older data version, as after a source brought what it shouldn't have: newer versions stay in the store and nothing is built on them.

What was deleted on request since then stays deleted: the older version is published anew without it.
"""

from __future__ import annotations

from trending.datasets.manifest import DataManifest
from trending.datasets.store import DataStore
from trending.deletion.delete import PIPELINE, publish_without
from trending.deletion.requests import DeletionRequests
from trending.errors import TrendingError, UsageError
from trending.provenance import RunOrigin
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail

_PIPELINE = "data rollback"
_LIST = "see: python run.py data list"


def roll_back_data(version: str | None, reason: str, data: DataStore, releases: ReleaseStore) -> str:
    """Let an older version be the latest, and enter it in the audit trail.

    Args:
        version: Its name or the beginning of it; None for the one the latest was built on, deletions on request apart, which no rollback undoes.
        reason: Why, in a sentence.
        data: The data store.
        releases: Whose audit trail it is entered in.

    Returns:
        The latest version now.

    Raises:
        UsageError: If no reason is given, the latest was built on nothing, it is the latest itself, or is that but for what was deleted on request.
        NotFoundError: If there is no such version.
        QualityError: If another version is published meanwhile.
    """
    if not reason.strip():
        raise UsageError("no reason is given", where="--reason", mend="say in a sentence what was wrong with the newer one")
    before = data.manifest()
    wanted = version or _find_older(data, before)
    if wanted is None:
        raise UsageError("was built on no other", where=f"data version {before.version}", mend=_LIST)
    chosen, requests = data.resolve(wanted), DeletionRequests(data.url)
    if chosen == before.version:
        raise UsageError("is the latest", where=f"data version {chosen}", mend=_LIST)
    # Before it is done: what nobody could enter must not have happened, and a rollback that is asked for again would go back one more.
    trail, origin = AuditTrail.from_store(releases), RunOrigin(pipeline=_PIPELINE)
    details = {"before": before.version, "chosen": chosen}
    trail.append("data_rolled_back", reason=reason, run=origin, details=details)
    try:
        if not publish_without(data, requests, chosen, replaces=before.version, pipeline=_PIPELINE):
            data.roll_back(chosen, replaces=before.version)
            publish_without(data, requests)  # a request may have been made in between
        latest = str(data.latest())
        if latest == before.version:
            raise UsageError(f"without what was deleted on request, {chosen} is the latest already", where=f"data version {latest}", mend=_LIST)
    except TrendingError as error:
        trail.append("repaired", reason=f"the data weren't rolled back: {error.what}", run=origin, details=details)
        raise
    return latest


def _find_older(data: DataStore, latest: DataManifest) -> str | None:
    """Return the version that the latest was built on, before what was deleted from it or left out of it."""
    while latest.run.pipeline in (PIPELINE, _PIPELINE) and latest.parent:
        latest = data.manifest(latest.parent)
    return latest.parent
