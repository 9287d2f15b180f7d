"""A pipeline of two steps, for tests of tracking: what a training run would hand to `track_run`, made up, and `track_run` itself."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from zenml import pipeline, step

from pipelines.runner import connect_zenml, quieten_zenml, run_pipeline
from pipelines.trackers import attach, find_tracker
from steps.folders import FolderMaterializer, new_folder
from steps.track.track_run import track_run
from tests.tracking_samples import PARAMETERS, make_examples, make_facts, make_predictions, make_trials


@step(output_materializers={"release_bundle": FolderMaterializer}, enable_cache=False)
def make_all(
    release: str,
) -> tuple[
    Annotated[Path, "release_bundle"],
    Annotated[dict[str, Any], "judgements"],
    Annotated[dict[str, Any], "verdict"],
    Annotated[list[dict[str, Any]], "frontier"],
    Annotated[dict[str, Any], "decision_rules"],
    Annotated[pd.DataFrame, "test_predictions"],
    Annotated[pd.DataFrame, "examples"],
    Annotated[dict[str, Any], "first_facts"],
    Annotated[dict[str, Any], "second_facts"],
    Annotated[pd.DataFrame, "search_trials"],
]:
    """Return what the steps before would."""
    bundle, examples = new_folder("release"), make_examples()
    shutil.copytree(release, bundle, dirs_exist_ok=True)
    facts = make_facts()
    said = (facts["judgements"], facts["verdict"], facts["frontier"], facts["decision_rules"])
    return bundle, *said, make_predictions(examples), examples, *facts["training_facts"], make_trials()


@pipeline(name="tracked")
def tracked(release: str) -> None:
    """Make everything up and track it."""
    bundle, judgements, verdict, frontier, rules, predictions, examples, first, second, trials = make_all(release)
    attach(track_run)(
        bundle,
        parameters=PARAMETERS,
        judgements=judgements,
        verdict=verdict,
        frontier=frontier,
        decision_rules=rules,
        test_predictions=predictions,
        examples=examples,
        names=["tfidf_logreg", "bert"],
        training_facts=[first, second],
        search_trials=[trials],
    )


def run_tracked(release: str, stack: str) -> dict[str, Any]:
    """Run it on a stack and say what came of it."""
    quieten_zenml()
    connect_zenml()
    run = run_pipeline(tracked, {"release": release}, stack, use_cache=True)
    step_run = run.steps["track_run"]
    return {
        "run": run.name,
        "tracker": find_tracker(),
        "attached": step_run.config.experiment_tracker,
        "may_be_cached": step_run.config.enable_cache,
        "metadata": {name: value for name, value in step_run.run_metadata.items() if isinstance(value, str | list)},
        "figures": step_run.run_metadata["metrics"],
        "wandb_imported": "wandb" in sys.modules,
    }
