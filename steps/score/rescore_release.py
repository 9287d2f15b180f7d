"""Build the release that shows what was scored."""

import shutil
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import FolderMaterializer, discard, new_folder
from steps.origin import describe_run
from trending.insights.client import LlmClient
from trending.insights.judging.gate import approve_writer, make_encode
from trending.insights.judging.settings import InsightCheckSettings
from trending.releases import ReleaseStore
from trending.releases.bundle import ENCODER_DIR
from trending.releases.insight_quality import read_past
from trending.releases.manifest import DataOrigin
from trending.releases.rescore import Scored, find_same, rescore_bundle
from trending.scoring.scorer import open_scorer
from trending.scoring.titles import count_titles, read_shown
from trending.settings import load_settings

_CODE = (
    *("scoring", "releases", "catalogue", "embeddings", "insights", "models", "features", "evaluation", "validation", "cleaning", "reviews", "answers.py"),
    *("sources", "datasets", "ingestion/database.py", "trends/signals.py", "reports/markdown.py", "telemetry.py"),
    *("monitoring/descriptors.py", "monitoring/reference.py"),
)


@step(cache_policy=depend_on(*_CODE), output_materializers={"release_bundle": FolderMaterializer})
def rescore_release(
    titles: Path,
    predictions: Path,
    release: dict[str, str],
    data: dict[str, Any],
    version: str | None,
    writer: str | None,
    insight_checks: dict[str, Any],
    works: pd.DataFrame | None = None,
    reviews: pd.DataFrame | None = None,
    trends: pd.DataFrame | None = None,
    vectors: np.ndarray | None = None,
) -> Annotated[Path, "release_bundle"]:
    """Return a bundle with the release's model and a catalogue of the titles that may be shown; the one in the store, if it says the same.

    Args:
        titles: Staged titles.
        predictions: Of the release's model for them.
        release: `version` and `digest` of the release.
        data: Where the titles come from (`DataOrigin`, without the number of rows); its rights say what may be shown.
        version: Of the ingested data, where they come from there.
        writer: The model that writes insights; None if rules do. Another one's are no cached result.
        insight_checks: What that writer must hold (`InsightCheckSettings`).
        works: Which titles are the same work, where the source knows.
        reviews: Reviews that may be shown.
        trends: Trends of several weeks that may be shown.
        vectors: Of the titles that may be shown, if there are some already; without them they are embedded here.
    """
    store, settings = ReleaseStore.from_settings(), load_settings()
    scorer = open_scorer(store, **release)
    encoder = scorer.directory / ENCODER_DIR
    past, encode = read_past(store) if writer else [], make_encode(encoder if encoder.is_dir() else None)
    quality = approve_writer(LlmClient.from_settings(), InsightCheckSettings(**insight_checks), past, encode)
    shown = read_shown(titles, data["rights"])
    origin = DataOrigin(**data, rows=count_titles(titles))
    scored = Scored(shown, predictions, origin, version, describe_run(), works=works, reviews=reviews, trends=trends, vectors=vectors)
    bundle = new_folder("release")
    manifest = rescore_bundle(bundle, scorer, scored, quality, settings.cache_dir / "vectors")
    same = find_same(store, scorer, bundle)
    if same:
        shutil.rmtree(bundle)
        shutil.copytree(store.directory(same), bundle)
    discard(titles, predictions)
    log_metadata({"release": same or manifest.version, "new": same is None, "scored_from": release["version"], "shown": len(shown), "writer": quality.writer})
    return bundle
