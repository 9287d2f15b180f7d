"""Where an answer comes from, and what rests on a source: from release to run, code and data version; from a title to the row it was made of; and back.

What lies in the release itself is always told; what the data store knows beside it, where that store is at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trending.errors import NotFoundError, TrendingError
from trending.releases.audit import AuditTrail
from trending.releases.bundle import Release
from trending.releases.manifest import Manifest
from trending.releases.store import ReleaseStore

if TYPE_CHECKING:
    from trending.datasets.store import DataStore

SHOWN_TITLES = 20


def describe_release(manifest: Manifest) -> dict[str, Any]:
    """Return the code, data, run and model version a release comes from, and those of its catalogue if they are others."""
    run, data = manifest.zenml, manifest.data
    facts = {
        "release": manifest.version,
        "created": manifest.created.isoformat(),
        "code": manifest.git_sha or "unknown",
        "pipeline": run.pipeline,
        "run": run.run_name,
        "run_id": run.run_id,
        "stack": run.stack,
        "model": f"{run.model_name}:{run.model_version}" if run.model_name else "",
        "data": data.source,
        "data_fingerprint": data.fingerprint,
        "rows": data.rows,
        "rights": ", ".join(data.rights),
    }
    if origin := manifest.catalogue:
        facts |= {"scored_from": origin.scored_from, "catalogue": origin.version or origin.data.source, "catalogue_titles": origin.shown}
        facts |= {"scoring_run": origin.run.run_name}
    return facts


def name_data_version(manifest: Manifest) -> str | None:
    """Return the data version a release's catalogue comes from; None if it came from elsewhere."""
    return manifest.catalogue.version if manifest.catalogue else manifest.data.version


def describe_data(version: str | None, store: DataStore | None) -> dict[str, Any] | None:
    """Return a data version with its parents, and of each source its licence, attribution, rights, watermark, snapshot and rows.

    Args:
        version: Its name; None where there is none.
        store: Where it should be; if it isn't there, only its name is told, and why. None where only serving is installed.
    """
    if version is None:
        return None
    if store is None:
        return {"version": version, "missing": "what reads data versions isn't installed here"}
    try:
        manifest = store.manifest(version)
    except TrendingError as error:
        return {"version": version, "missing": str(error)}
    parents, parent = [], manifest.parent
    while parent is not None:
        parents.append(parent)
        try:
            parent = store.manifest(parent).parent
        except TrendingError:  # since removed
            parent = None
    kept = {"licence", "attribution", "rights_class", "watermark", "snapshot_id", "snapshot_sha256", "rows"}
    return {
        "version": manifest.version,
        "fingerprint": manifest.fingerprint,
        "run": manifest.run.run_name,
        "code": manifest.git_sha or "unknown",
        "parents": parents,
        "sources": {name: state.model_dump(include=kept) for name, state in manifest.sources.items()},
    }


def list_audit(store: ReleaseStore, version: str) -> list[dict[str, Any]]:
    """Return what the audit trail tells of a release, oldest first."""
    kept = {"number", "when", "actor", "action", "previous", "reason", "verdict", "verdict_sha256"}
    return [entry.model_dump(mode="json", include=kept) for entry in AuditTrail.from_store(store).entries(version)]


def trace_title(release: Release, title_id: str) -> dict[str, Any]:
    """Return what a release says of a title and what each part rests on: the source's row, the model, the insights' maker, the trend's figures.

    Raises:
        NotFoundError: If the release has no such title.
    """
    found, manifest = release.catalogue.get(title_id), release.manifest
    if found is None:
        raise NotFoundError(f"no title {title_id[:100]!r}", where=f"release {manifest.version}", mend="search for it to get its id")
    row, about = found.title, release.catalogue.describe(title_id)
    origin, trend, insights = manifest.zenml, about.trend, about.insights
    return {
        "release": manifest.version,
        "title_id": title_id,
        "title": row.title,
        "row": {
            "source": row.source,
            "source_id": row.source_id,
            "url": row.url,
            "licence": row.data_licence,
            "rights_class": row.rights_class,
            "data_version": name_data_version(manifest),
        },
        "prediction": {
            "genres": [one.model_dump() for one in found.predicted],
            "model_kind": manifest.model_kind,
            "model": f"{origin.model_name}:{origin.model_version}" if origin.model_name else "",
            "learnt_from": {"source": manifest.data.source, "fingerprint": manifest.data.fingerprint},
            "split": found.split,
        },
        "insights": insights.provenance.model_dump(mode="json") if insights else None,
        "trend": {"rank": trend.rank, "score": trend.score, "parts": [part.model_dump() for part in trend.parts]} if trend else None,
        "reviews": [one.model_dump() for one in release.catalogue.review_sources(title_id)],
        "also_at": [one.model_dump() for one in about.also_at],
    }


def trace_source(store: ReleaseStore, source: str) -> list[dict[str, Any]]:
    """Return every release whose catalogue has rows of a source: how many titles and reviews, and the first titles' ids.

    A release that can't be opened is listed with the reason: what it rests on isn't known.

    Raises:
        NotFoundError: If no release rests on it.
    """
    current, resting = store.current_version(), []
    for version in store.versions():
        facts: dict[str, Any] = {"release": version, "current": version == current}
        try:
            found = store.open(version).catalogue.find_source(source, SHOWN_TITLES)
        except TrendingError as error:
            resting.append(facts | {"damaged": str(error)})
            continue
        if found.titles or found.reviews:
            resting.append(facts | {"titles": found.titles, "reviews": found.reviews, "first": found.first})
    if not any("titles" in one for one in resting):
        raise NotFoundError(f"no release rests on the source {source!r}", where=store.url, mend="see: python run.py release lineage")
    return resting
