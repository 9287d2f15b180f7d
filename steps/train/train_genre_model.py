"""Fit one genre model; the pipeline calls this once per kind."""

import time
from typing import Annotated, Any

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.enums import ArtifactType

from steps.caching import depend_on
from steps.materializers import GenreModelMaterializer
from trending.features.examples import select_part
from trending.models import GenreModel, build_model


@step(output_materializers=GenreModelMaterializer, cache_policy=depend_on("models", "features", "embeddings", "cleaning/text.py", "processes.py"))
def train_genre_model(
    examples: pd.DataFrame, kind: str, params: dict[str, Any], text: str, seed: int, weights: str | None = None
) -> Annotated[GenreModel, ArtifactConfig(name="{model}_model", artifact_type=ArtifactType.MODEL)]:
    """Fit a model on the training split.

    Args:
        examples: All examples; only the training split is used.
        kind: A key of `trending.models.base.MODEL_KINDS`.
        params: Hyper-parameters that differ from the kind's defaults.
        text: `masked`, or `unmasked` for measuring how much genre words leak.
        seed: For whatever the model draws at random.
        weights: Fingerprint of the pre-trained weights it begins with, if it does; others make another model.
    """
    part = select_part(examples, "train", text)
    model = build_model(kind, params)
    started = time.perf_counter()
    model.fit(part.texts, part.labels, seed)
    log_metadata(
        {
            "kind": kind,
            "text": text,
            "titles": len(part.texts),
            "fit_seconds": round(time.perf_counter() - started, 2),
            "weights": weights or "none",
            **model.params,
        }
    )
    return model
