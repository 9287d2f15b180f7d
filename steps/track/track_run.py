"""Record the run: in ZenML, and in Weights & Biases if the stack has it."""

from pathlib import Path
from typing import Any

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import discard
from trending.evaluation.candidates import restore_judged
from trending.evaluation.champion import Verdict
from trending.evaluation.frontier import FrontierRow
from trending.evaluation.judgement import Judgement
from trending.evaluation.rules import DecisionRule
from trending.releases import ReleaseStore
from trending.releases.manifest import read_manifest
from trending.tracking.record import compose_record
from trending.tracking.wandb_run import log_to_wandb

_RELEASES = ("releases", "catalogue", "embeddings", "insights", "answers.py")
_JUDGING = ("evaluation", "models", "features", "cleaning/text.py", "processes.py")


@step(cache_policy=depend_on("tracking", *_RELEASES, *_JUDGING))
def track_run(
    release_bundle: Path,
    parameters: dict[str, Any],
    judgements: dict[str, Any],
    verdict: dict[str, Any],
    frontier: list[dict[str, Any]],
    decision_rules: dict[str, Any],
    test_predictions: pd.DataFrame,
    examples: pd.DataFrame,
    names: list[str],
    training_facts: list[dict[str, Any]],
    search_trials: list[pd.DataFrame],
    tracker: str | None = None,
) -> None:
    """Log configuration, figures, curves, tables and the release.

    Args:
        release_bundle: The release; it is logged as the champion if it has been published and is still the one that is served.
        parameters: Of the pipeline.
        judgements: Every figure of every candidate.
        verdict: Which was chosen and why.
        frontier: Quality and cost of every candidate.
        decision_rules: Of every candidate.
        test_predictions: Probabilities per candidate and test title.
        examples: All examples; only the test split is used.
        names: Of the fitted models.
        training_facts: What fitting them took and how it went, in the same order.
        search_trials: Of every search for hyper-parameters.
        tracker: Name of the stack's tracker; `pipelines.trackers.attach` gives it where there is one.
    """
    manifest, choice = read_manifest(release_bundle), Verdict(**verdict)
    champion = choice.champion
    predictions = test_predictions[test_predictions["model"] == champion]
    record = compose_record(
        manifest,
        parameters,
        judgements={name: Judgement(**one) for name, one in judgements.items()},
        verdict=choice,
        frontier=[FrontierRow(**row) for row in frontier],
        judged=restore_judged(predictions, {champion: DecisionRule(**decision_rules[champion])}, examples)[champion],
        facts=dict(zip(names, training_facts, strict=True)),
        published=ReleaseStore.from_settings().current_version() == manifest.version,
        trials=pd.concat(search_trials, ignore_index=True) if search_trials else None,
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
