"""Publish a data version: DVC stores what is new of it, then `LATEST` names it."""

from pathlib import Path
from typing import Annotated

from zenml import log_metadata, step

from steps.folders import discard
from trending.datasets.manifest import MANIFEST_FILE, parse_manifest
from trending.datasets.store import DataStore
from trending.deletion.delete import publish_checked


# Never cached: the store lies outside ZenML, and a version deleted from it must come back. Publishing what is there already costs a check.
@step(enable_cache=False)
def publish_version(data_version_folder: Path) -> Annotated[str, "data_version"]:
    """Return the version that is now the latest: this one, or the one before if not a row differs.

    Raises:
        QualityError: If it holds rows that somebody has asked to be deleted since they were put together.
    """
    manifest = parse_manifest((data_version_folder / MANIFEST_FILE).read_bytes(), "the new data version")
    store = DataStore.from_settings()
    version = publish_checked(store, data_version_folder, manifest)
    discard(data_version_folder)
    log_metadata({"data_version": version, "new": version == manifest.version, "store": store.url})
    return version
