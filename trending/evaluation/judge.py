"""The judgement of one model on one set of titles: every figure with its interval, by genre and by slice."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trending.evaluation.bootstrap import DRAWS, apply_weights, bootstrap_metrics, draw_weights, interval
from trending.evaluation.judgement import Figure, GenreJudgement, Judgement, SliceJudgement
from trending.evaluation.metrics import Judged, all_metrics, f1_scores, precision_recall
from trending.evaluation.slices import slice_titles
from trending.features.labels import FloatMatrix
from trending.genres import GENRES


def judge(kind: str, judged: Judged, titles: pd.DataFrame, seed: int, draws: int = DRAWS) -> Judgement:
    """Judge decisions on `titles` (same rows as `judged`; needs `group_id`, `type`, `plot`, `year`, `source`)."""
    groups = titles["group_id"].astype(str).tolist()
    weights = draw_weights(groups, draws, seed)
    plain, drawn = all_metrics(judged, np.ones((1, len(titles)))), apply_weights(judged, weights)
    f1, f1_drawn = plain.pop("per_genre")[0], drawn.pop("per_genre")
    precision, recall = precision_recall(judged)
    return Judgement(
        kind=kind,
        n=len(titles),
        groups=len(set(groups)),
        metrics={name: _figure(value[0], drawn[name]) for name, value in plain.items()},
        per_genre={
            name: GenreJudgement(
                n=int(judged.labels[:, index].sum()), precision=precision[index], recall=recall[index], f1=_figure(f1[index], f1_drawn[:, index])
            )
            for index, name in enumerate(GENRES)
        },
        slices={
            part: {name: _judge_slice(judged.take(mask), weights[:, mask]) for name, mask in masks.items()} for part, masks in slice_titles(titles).items()
        },
    )


def _judge_slice(judged: Judged, weights: FloatMatrix) -> SliceJudgement:
    plain, drawn = f1_scores(judged, np.ones((1, len(judged.labels)))), apply_weights(judged, weights, f1_scores)
    return SliceJudgement(n=len(judged.labels), **{name: _figure(plain[name][0], drawn[name]) for name in ("macro_f1", "micro_f1")})


def _figure(value: float, draws: npt.NDArray[np.float64]) -> Figure:
    low, high = interval(value, draws)
    return Figure(value=float(value), low=max(low, 0.0), high=min(high, 1.0))


def compare(ours: Judged, theirs: Judged, groups: list[str], seed: int, draws: int = DRAWS) -> Figure:
    """Return the paired difference in macro F1 (ours less theirs) on the same titles."""

    def macro(part: Judged, weights: Any) -> dict[str, Any]:
        return {"macro_f1": f1_scores(part, weights)["macro_f1"]}

    once = np.ones((1, len(groups)))
    drawn = bootstrap_metrics(ours, groups, seed, draws, macro)["macro_f1"] - bootstrap_metrics(theirs, groups, seed, draws, macro)["macro_f1"]
    value = macro(ours, once)["macro_f1"][0] - macro(theirs, once)["macro_f1"][0]
    low, high = interval(value, drawn)
    return Figure(value=float(value), low=low, high=high)
