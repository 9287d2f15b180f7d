"""Score one shard of the titles with a released model."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step
from zenml.enums import StepRuntime

from steps.caching import depend_on
from steps.folders import FolderMaterializer, discard, new_folder
from trending.releases import ReleaseStore
from trending.scoring import TITLES_FILE
from trending.scoring.apart import score_apart
from trending.scoring.scorer import open_scorer

_CODE = (
    *("scoring/__init__.py", "scoring/apart.py", "scoring/predictions.py", "scoring/scorer.py", "scoring/stream.py", "processes.py"),
    *("releases/__init__.py", "releases/bundle.py", "releases/manifest.py", "releases/audit.py", "releases/promotion.py", "releases/store.py"),
    *("models", "features", "embeddings", "cleaning", "catalogue", "insights/schema.py", "evaluation/judgement.py", "answers.py"),
)


# Isolated: a pod or a job of its own where the orchestrator has such. The local one runs it as a thread, and the scoring in a process.
@step(cache_policy=depend_on(*_CODE), output_materializers={"predictions_shard": FolderMaterializer}, runtime=StepRuntime.ISOLATED)
def score_shard(
    titles: Path, release: dict[str, str], batch_size: int
) -> tuple[Annotated[Path, "predictions_shard"], Annotated[dict[str, Any], "shard_report"]]:
    """Return a folder with the predictions of every title of the shard that has a plot, and what scoring took.

    Args:
        titles: A shard.
        release: `version` and `digest` of the release whose model scores.
        batch_size: Titles scored together.
    """
    folder = new_folder("scored") / "predictions"
    report = score_apart(open_scorer(ReleaseStore.from_settings(), **release), titles / TITLES_FILE, folder, batch_size)
    discard(titles)
    log_metadata({**release, **report.as_dict()})
    return folder, report.as_dict()
