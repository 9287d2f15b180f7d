"""The record of a training run: configuration, figures, curves and tables as plain data, of which a tracker takes what it can show.

No title, no text and no path of this machine is in it, so that whatever a tracker does with it, those stay where they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trending.evaluation.judgement import Figure, Judgement
from trending.features.examples import select_part
from trending.genres import GENRES
from trending.releases.manifest import Manifest
from trending.tracking.tables import confuse_genres, spread_figure, tabulate_frontier, tabulate_genres, tabulate_metrics, tabulate_outcomes, tabulate_slices

CANDIDATE, CHAMPION = "candidate", "champion"


@dataclass(frozen=True)
class RunRecord:
    """What a run tells a tracker.

    Attributes:
        release: Version of the release it built.
        champion: Name of the model in it.
        aliases: What the release is: a candidate, and the champion once it is the one that is served.
        config: Parameters, data, code, models and origin; JSON all through.
        metrics: Every figure by name, such as `macro_f1` of the champion or `models/xgboost/map_low`.
        curves: Per model that learnt in rounds, one row per round: name -> figure.
        tables: What is looked at as rows.
    """

    release: str
    champion: str
    aliases: tuple[str, ...]
    config: dict[str, Any]
    metrics: dict[str, float]
    curves: dict[str, list[dict[str, float]]]
    tables: dict[str, pd.DataFrame]


def compose_record(
    manifest: Manifest,
    parameters: Mapping[str, Any],
    judgements: Mapping[str, Judgement],
    verdict: Mapping[str, Any],
    decision_rules: Mapping[str, Any],
    test_predictions: pd.DataFrame,
    examples: pd.DataFrame,
    published: bool,
    costs: Mapping[str, Mapping[str, float]] | None = None,
    facts: Mapping[str, Mapping[str, Any]] | None = None,
    trials: pd.DataFrame | None = None,
) -> RunRecord:
    """Return the record of a run.

    Args:
        manifest: Of the release it built; says which code and data that was.
        parameters: Of the pipeline.
        judgements: Every figure of every model on test titles.
        verdict: `champion`, and where known `validation` (macro F1 per model) and `differences` (to the baseline).
        decision_rules: `thresholds` per model, 20 each.
        test_predictions: `model`, `title_id` and a calibrated probability per genre.
        examples: All examples; the test split's labels are used.
        published: Whether the release is the one that is served.
        costs: Per model, milliseconds, megabytes and seconds.
        facts: Per model that was fitted: `kind`, `params`, `titles`, `seconds`, and `history` if it learnt in rounds.
        trials: The hyper-parameter search, a row per trial, if there was one.
    """
    champion = verdict["champion"]
    part = select_part(examples, "test")
    probabilities = test_predictions[test_predictions["model"] == champion].set_index("title_id").loc[part.rows["title_id"], list(GENRES)]
    decisions = probabilities.to_numpy() >= np.asarray(decision_rules[champion]["thresholds"])
    tables = {
        "metrics": tabulate_metrics(judgements),
        "genres": tabulate_genres(judgements),
        "slices": tabulate_slices(judgements),
        "frontier": tabulate_frontier(judgements, verdict, costs or {}),
        "outcomes": tabulate_outcomes(part.labels, decisions),
        "confusion": confuse_genres(part.labels, decisions),
    }
    return RunRecord(
        release=manifest.version,
        champion=champion,
        aliases=(CANDIDATE, CHAMPION) if published else (CANDIDATE,),
        config=_describe(manifest, parameters, champion, facts or {}),
        metrics=_flatten(judgements, verdict, costs or {}),
        curves={name: rows for name, one in (facts or {}).items() if (rows := _read_history(one.get("history") or []))},
        tables=tables if trials is None else {**tables, "search": trials},
    )


def _describe(manifest: Manifest, parameters: Mapping[str, Any], champion: str, facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "parameters": _hide_folders(dict(parameters)),
        "data": manifest.data.model_dump(),
        "code": {"git_sha": manifest.git_sha, "project_version": manifest.project_version},
        "zenml": manifest.zenml.model_dump(),
        "release": manifest.version,
        "champion": champion,
        "models": {name: _hide_folders({key: value for key, value in one.items() if key != "history"}) for name, one in facts.items()},
    }


def _hide_folders(value: Any) -> Any:
    """Leave the name alone of whatever is a path of this machine."""
    if isinstance(value, Mapping):
        return {str(key): _hide_folders(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_hide_folders(one) for one in value]
    if isinstance(value, Path) or (isinstance(value, str) and value.startswith(("/", "~/"))):
        return Path(value).name
    return value


def _flatten(judgements: Mapping[str, Judgement], verdict: Mapping[str, Any], costs: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, judgement in judgements.items():
        for metric, figure in judgement.metrics.items():
            found |= spread_figure(f"models/{name}/{metric}", figure)
    for metric, figure in judgements[verdict["champion"]].metrics.items():
        found |= spread_figure(metric, figure)
    for name, gain in verdict.get("differences", {}).items():
        found |= spread_figure(f"gain/{name}", Figure.model_validate(gain))
    found |= {f"validation/{name}": float(value) for name, value in verdict.get("validation", {}).items()}
    return found | {f"costs/{name}/{cost}": float(value) for name, one in costs.items() for cost, value in one.items()}


def _read_history(history: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Return rows without what isn't a number: a round in which nothing was held out has no figure for it."""
    rows = [{key: float(value) for key, value in row.items() if isinstance(value, int | float) and math.isfinite(value)} for row in history]
    return [row for row in rows if row]
