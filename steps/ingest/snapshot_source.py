"""Read a source that needs no crawling: the starter catalogue, a file, or the quarantine of a version."""

from pathlib import Path
from typing import Annotated, Any

from zenml import ArtifactConfig, log_metadata, step

from steps.caching import depend_on
from steps.folders import copy_of, new_folder
from trending.datasets.store import DataStore
from trending.ingestion.snapshots import snapshot_quarantine
from trending.ingestion.snapshots import snapshot_source as snapshot
from trending.sources import SourceConfig, open_source
from trending.sources.crawl.snapshot import read_snapshot


@step(cache_policy=depend_on("sources", "ingestion", "cleaning", "datasets", "reviews"))
def snapshot_source(source_config: dict[str, Any] | None, fingerprint: str) -> Annotated[Path, ArtifactConfig(name="{source}_snapshot")]:
    """Return every record as it is, as a snapshot.

    Args:
        source_config: A `SourceConfig`; None reads the quarantine of the version named by `fingerprint`.
        fingerprint: Hash of the source's content: a changed file is read again, an unchanged one comes from the cache.
    """
    folder = new_folder("snapshot")
    if source_config is None:
        written = snapshot_quarantine(DataStore.from_settings().pull(fingerprint), folder)
    else:
        config = SourceConfig(**source_config)
        written = snapshot(open_source(config), folder, config.limit)
    found = read_snapshot(written)
    log_metadata({"source": found.source, "snapshot": found.snapshot_id, **{f"{kind}s": one.parsed for kind, one in found.counts.items()}})
    return copy_of(written)
