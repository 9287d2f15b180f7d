"""Publish a bundle: copy it into the release store and let `CURRENT` name it."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step
from zenml.client import Client
from zenml.enums import ModelStages

from steps.folders import discard
from trending.releases import ReleaseStore
from trending.releases.manifest import read_manifest


# Never cached: the store lies outside ZenML, and a release deleted from it must come back. Publishing what is there already costs a check.
@step(enable_cache=False)
def publish_release(release_bundle: Path) -> Annotated[str, "release_version"]:
    """Return the version that is now current; its ZenML model version is moved to the stage `production`."""
    manifest = read_manifest(release_bundle)
    store = ReleaseStore.from_settings()
    version = store.publish(release_bundle)
    discard(release_bundle)
    # By the names in the manifest: a bundle from the cache belongs to the run that built it, not to this one.
    origin = manifest.zenml
    Client().get_model_version(origin.model_name, origin.model_version).set_stage(ModelStages.PRODUCTION, force=True)
    facts: dict[str, Any] = {"release": version, "store": store.url, "macro_f1": str(manifest.metrics["macro_f1"])}
    log_metadata(metadata=facts)
    log_metadata(metadata=facts, model_name=origin.model_name, model_version=origin.model_version)
    return version
