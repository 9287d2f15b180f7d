"""The record of a training run: configuration, figures, curves and tables as plain data, of which a tracker takes what it can show.

No title, no text and no path of this machine is in it, so that whatever a tracker does with it, those stay where they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from trending.evaluation.champion import Verdict
from trending.evaluation.frontier import FrontierRow
from trending.evaluation.judgement import Judgement
from trending.evaluation.metrics import Judged
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
    verdict: Verdict,
    frontier: Sequence[FrontierRow],
    judged: Judged,
    facts: Mapping[str, Mapping[str, Any]],
    published: bool,
    trials: pd.DataFrame | None = None,
) -> RunRecord:
    """Return the record of a run.

    Args:
        manifest: Of the release it built; says which code and data that was.
        parameters: Of the pipeline.
        judgements: Every figure of every candidate on test titles.
        verdict: Which was chosen and why.
        frontier: Quality and cost of every candidate.
        judged: What the champion said of the test titles.
        facts: Per fitted model, how that went: `kind`, `params`, `seconds` and the like, and `history` if it learnt in rounds.
        published: Whether the release is the one that is served.
        trials: The hyper-parameter search, a row per trial, if there was one.
    """
    tables = {
        "metrics": tabulate_metrics(judgements),
        "genres": tabulate_genres(judgements),
        "slices": tabulate_slices(judgements),
        "frontier": tabulate_frontier(frontier),
        "outcomes": tabulate_outcomes(judged),
        "confusion": confuse_genres(judged),
    }
    return RunRecord(
        release=manifest.version,
        champion=verdict.champion,
        aliases=(CANDIDATE, CHAMPION) if published else (CANDIDATE,),
        config=_describe(manifest, parameters, verdict.champion, facts),
        metrics=_flatten(judgements, verdict, frontier),
        curves={name: rows for name, one in facts.items() if (rows := _read_history(one.get("history") or []))},
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


def _flatten(judgements: Mapping[str, Judgement], verdict: Verdict, frontier: Sequence[FrontierRow]) -> dict[str, float]:
    figures = {f"models/{name}/{metric}": figure for name, one in judgements.items() for metric, figure in one.metrics.items()}
    figures |= judgements[verdict.champion].metrics
    figures |= {f"above_baseline/{name}": figure for name, figure in verdict.differences.items()}
    figures |= {f"above_reference/{part}": figure for part, figure in verdict.gains.items()}
    found = {key: value for name, figure in figures.items() for key, value in spread_figure(name, figure).items()}
    for row in frontier:
        found[f"validation/{row.name}"] = row.validation_macro_f1
        found |= {f"costs/{row.name}/{cost}": float(value) for cost, value in row.cost.model_dump().items()}
    return found


def _read_history(history: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Return rows without what isn't a number: a round in which nothing was held out has no figure for it."""
    rows = [{key: float(value) for key, value in row.items() if isinstance(value, int | float) and math.isfinite(value)} for row in history]
    return [row for row in rows if row]
