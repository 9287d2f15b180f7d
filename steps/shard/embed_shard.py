"""Embed one shard of the titles with a release's encoder."""

from pathlib import Path
from typing import Annotated

import numpy as np
from zenml import log_metadata, step
from zenml.enums import StepRuntime

from steps.caching import depend_on
from steps.folders import discard
from trending.embeddings.titles import embed_titles
from trending.releases import ReleaseStore
from trending.releases.bundle import ENCODER_DIR
from trending.scoring.scorer import open_scorer
from trending.scoring.titles import read_shown
from trending.settings import load_settings

_CODE = (
    *("scoring/__init__.py", "scoring/scorer.py", "scoring/titles.py"),
    *("releases/__init__.py", "releases/bundle.py", "releases/manifest.py", "releases/audit.py", "releases/promotion.py", "releases/store.py"),
    *("models", "features", "embeddings", "cleaning", "catalogue", "insights/schema.py", "evaluation/judgement.py", "answers.py"),
    *("sources", "datasets", "validation", "ingestion/database.py", "trends/signals.py"),
)


# Isolated: a pod or a job of its own where the orchestrator has such; as a thread it shares the cores, which onnxruntime uses without Python's lock.
@step(cache_policy=depend_on(*_CODE), runtime=StepRuntime.ISOLATED)
def embed_shard(titles: Path, release: dict[str, str], rights: list[str]) -> Annotated[np.ndarray, "vectors_shard"]:
    """Return a vector per title of the shard that may be shown, in their order; what the cache folder holds a vector of isn't embedded again.

    Args:
        titles: A shard.
        release: `version` and `digest` of the release whose encoder embeds.
        rights: Patterns of the rights classes that may be shown.
    """
    opened = open_scorer(ReleaseStore.from_settings(), **release)
    embedded = embed_titles(read_shown(titles, rights), opened.directory / ENCODER_DIR, load_settings().cache_dir / "vectors")
    discard(titles)
    log_metadata({"titles": len(embedded.vectors), "computed": embedded.computed})
    return embedded.vectors
