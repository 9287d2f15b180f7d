"""Publish a bundle: copy it into the release store and let `CURRENT` name it."""

from pathlib import Path
from typing import Annotated

from zenml import log_metadata, step
from zenml.client import Client
from zenml.enums import ModelStages

from trending.releases import ReleaseStore
from trending.releases.manifest import read_manifest


# Never cached: the store lies outside ZenML, and a release deleted from it must come back. Publishing what is there already costs a check.
@step(enable_cache=False)
def publish_release(release_bundle: Path) -> Annotated[str, "release_version"]:
    """Return the version that is now current; its ZenML model version is moved to the stage `production`."""
    manifest = read_manifest(release_bundle)
    store = ReleaseStore.from_settings()
    version = store.publish(release_bundle)
    Client().get_model_version(manifest.zenml.model_name, manifest.zenml.model_version).set_stage(ModelStages.PRODUCTION, force=True)
    log_metadata(metadata={"release": version, "store": store.url, "macro_f1": str(manifest.metrics["macro_f1"])}, infer_model=True)
    return version
