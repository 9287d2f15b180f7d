"""Fit one genre model; the pipeline calls this once per kind."""

from typing import Annotated, Any

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.enums import ArtifactType

from steps.caching import depend_on
from steps.materializers import GenreModelMaterializer
from trending.models import GenreModel
from trending.models.fitting import fit_model

_CODE = ("models", "features", "embeddings", "cleaning/text.py", "processes.py")


@step(output_materializers={"{model}_model": GenreModelMaterializer}, cache_policy=depend_on(*_CODE))
def train_genre_model(
    examples: pd.DataFrame, kind: str, params: dict[str, Any], text: str, seed: int, weights: str | None = None
) -> tuple[Annotated[GenreModel, ArtifactConfig(name="{model}_model", artifact_type=ArtifactType.MODEL)], Annotated[dict[str, Any], "training_facts"]]:
    """Fit a model on the training split, and say what that took.

    Args:
        examples: All examples; the test split isn't used.
        kind: A key of `trending.models.base.MODEL_KINDS`.
        params: Hyper-parameters that differ from the kind's defaults.
        text: `masked` or `described`, or `unmasked` for measuring how much genre words leak.
        seed: For whatever the model draws at random.
        weights: Fingerprint of the pre-trained weights it begins with, if it does; others make another model.
    """
    model, facts = fit_model(kind, params, examples, seed, text)
    log_metadata({**model.params, **{name: value for name, value in facts.items() if not isinstance(value, dict | list)}, "weights": weights or "none"})
    return model, facts
