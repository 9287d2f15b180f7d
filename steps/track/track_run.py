"""Record the run: in ZenML, and in Weights & Biases if the stack has it."""

from pathlib import Path
from typing import Any

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import discard
from trending.evaluation.judgement import Judgement
from trending.releases import ReleaseStore
from trending.releases.manifest import read_manifest
from trending.tracking.record import compose_record
from trending.tracking.wandb_run import log_to_wandb

_CODE = ("tracking", "releases", "catalogue", "embeddings", "models", "features", "evaluation", "cleaning/text.py", "answers.py")


@step(cache_policy=depend_on(*_CODE))
def track_run(
    release_bundle: Path,
    parameters: dict[str, Any],
    judgements: dict[str, Any],
    verdict: dict[str, Any],
    decision_rules: dict[str, Any],
    test_predictions: pd.DataFrame,
    examples: pd.DataFrame,
    names: list[str],
    training_facts: list[dict[str, Any]] | None = None,
    costs: dict[str, Any] | None = None,
    search_trials: pd.DataFrame | None = None,
    tracker: str | None = None,
) -> None:
    """Log configuration, figures, curves, tables and the release.

    Args:
        release_bundle: The release, which need not have been published.
        parameters: Of the pipeline.
        judgements: Every figure of every model.
        verdict: Which model was chosen and why.
        decision_rules: Calibration and thresholds per model.
        test_predictions: Probabilities per model and test title.
        examples: All examples.
        names: Of the fitted models.
        training_facts: What fitting them took and how it went, in the same order.
        costs: What each model costs.
        search_trials: The hyper-parameter search, if there was one.
        tracker: Name of the stack's tracker, if it has one: `pipelines.trackers.attach` says so.
    """
    manifest = read_manifest(release_bundle)
    record = compose_record(
        manifest,
        parameters,
        {name: Judgement(**one) for name, one in judgements.items()},
        verdict,
        decision_rules,
        test_predictions,
        examples,
        published=ReleaseStore.from_settings().current_version() == manifest.version,
        costs=costs,
        facts=dict(zip(names, training_facts, strict=True)) if training_facts else None,
        trials=search_trials,
    )
    registry = log_to_wandb(record, release_bundle) if tracker else "none"
    discard(release_bundle)
    log_metadata(
        {
            "release": record.release,
            "champion": record.champion,
            "aliases": list(record.aliases),
            "tracker": tracker or "none",
            "registry": registry,
            "config": record.config,
            "metrics": record.metrics,
        }
    )
