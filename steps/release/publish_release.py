"""Publish a bundle: copy it into the release store, let `CURRENT` name it, and enter that in the audit trail."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step

from steps.folders import discard
from steps.followers import ZenmlStage
from steps.origin import describe_run
from trending.releases import ReleaseStore
from trending.releases.manifest import read_manifest


# Never cached: the store lies outside ZenML, and a release deleted from it must come back. Publishing what is there already costs a check.
@step(enable_cache=False)
def publish_release(release_bundle: Path, replaces: str | None = None) -> Annotated[str, "release_version"]:
    """Return the version that is now current; its ZenML model version is moved to the stage `production`.

    Args:
        release_bundle: What is published.
        replaces: The version whose model must be served until then; None: whichever is.
    """
    manifest = read_manifest(release_bundle)
    store = ReleaseStore.from_settings()
    version = store.publish(release_bundle, run=describe_run(), followers=[ZenmlStage()], replaces=replaces)
    discard(release_bundle)
    origin = manifest.zenml
    facts: dict[str, Any] = {"release": version, "store": store.url, "macro_f1": str(manifest.metrics["macro_f1"])}
    log_metadata(metadata=facts)
    log_metadata(metadata=facts, model_name=origin.model_name, model_version=origin.model_version)
    return version
