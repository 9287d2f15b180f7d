"""Make the sentence encoder that the release will carry."""

from pathlib import Path
from typing import Annotated

from zenml import ArtifactConfig, log_metadata, step
from zenml.enums import ArtifactType

from steps.caching import depend_on
from steps.folders import FolderMaterializer, copy_of
from trending.embeddings.encoder import read_facts
from trending.embeddings.export import ENCODERS
from trending.embeddings.export import prepare_encoder as prepare
from trending.embeddings.weights import find_weights
from trending.errors import UsageError
from trending.settings import load_settings


@step(cache_policy=depend_on("embeddings", "processes.py"), output_materializers={"encoder": FolderMaterializer})
def prepare_encoder(fingerprint: str) -> Annotated[Path, ArtifactConfig(name="encoder", artifact_type=ArtifactType.MODEL)]:
    """Return the encoder's folder.

    Args:
        fingerprint: Of the weights that `TRENDING_ENCODER` names: others make another encoder.
    """
    settings = load_settings()
    weights = find_weights(settings.encoder)
    if weights is None or weights.fingerprint != fingerprint:
        raise UsageError("names other weights where the step runs than where the run was started", where="TRENDING_ENCODER")
    folder = prepare(weights, settings.cache_dir / ENCODERS)
    size = sum(file.stat().st_size for file in folder.iterdir())
    log_metadata({**read_facts(folder).model_dump(exclude_none=True), "megabytes": round(size / 1e6, 1)})
    return copy_of(folder)
