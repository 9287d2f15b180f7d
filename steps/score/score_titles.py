"""Score titles with a released model."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step
from zenml.logger import get_logger

from steps.caching import depend_on
from steps.folders import FolderMaterializer, discard, new_folder
from trending.releases import ReleaseStore
from trending.scoring import TITLES_FILE
from trending.scoring.scorer import open_scorer
from trending.scoring.stream import score_titles as score

_LOG = get_logger(__name__)
_CODE = (
    *("scoring/__init__.py", "scoring/predictions.py", "scoring/scorer.py", "scoring/stream.py"),
    *("releases/__init__.py", "releases/bundle.py", "releases/manifest.py", "releases/audit.py", "releases/promotion.py", "releases/store.py"),
    *("models", "features", "embeddings", "cleaning", "catalogue", "insights/schema.py", "evaluation/judgement.py", "answers.py"),
)


@step(cache_policy=depend_on(*_CODE), output_materializers={"predictions": FolderMaterializer})
def score_titles(titles: Path, release: dict[str, str], batch_size: int) -> tuple[Annotated[Path, "predictions"], Annotated[dict[str, Any], "scoring_report"]]:
    """Return a folder with the predictions of every title that has a plot, and what scoring took.

    Args:
        titles: Staged titles.
        release: `version` and `digest` of the release whose model scores.
        batch_size: Titles scored together.
    """
    opened = open_scorer(ReleaseStore.from_settings(), **release)
    folder = new_folder("scored") / "predictions"
    report = score(
        opened.predictor,
        titles / TITLES_FILE,
        folder,
        release=opened.manifest.version,
        scored_at=dt.datetime.now(dt.UTC),
        batch_size=batch_size,
        report=lambda done, total: _LOG.info("%s of %s titles", f"{done:,}", f"{total:,}"),
    )
    discard(titles)
    log_metadata({**release, "model_kind": opened.manifest.model_kind, **report.as_dict()})
    return folder, report.as_dict()
