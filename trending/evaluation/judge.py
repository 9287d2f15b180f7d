"""The judgement of one model on one set of titles: every figure, its interval, its slices, and the same of the majority baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from trending.evaluation.bootstrap import DRAWS, bootstrap_metrics, interval
from trending.evaluation.metrics import Judged, all_metrics, f1_scores, precision_recall
from trending.evaluation.slices import slice_titles
from trending.genres import GENRES


class Figure(BaseModel):
    """A figure with its 95 % interval over title groups."""

    model_config = ConfigDict(extra="forbid")

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """As `0.531 [0.519, 0.543]`."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


class GenreJudgement(BaseModel):
    """How one genre is predicted."""

    n: int
    precision: float
    recall: float
    f1: Figure


class SliceJudgement(BaseModel):
    """How one slice is predicted; macro F1 runs over the genres that occur in it."""

    n: int
    macro_f1: float
    micro_f1: float


class Judgement(BaseModel):
    """All figures of one model on one set."""

    kind: str
    n: int
    groups: int
    metrics: dict[str, Figure]
    per_genre: dict[str, GenreJudgement]
    slices: dict[str, dict[str, SliceJudgement]]


def judge(kind: str, judged: Judged, titles: pd.DataFrame, seed: int, draws: int = DRAWS) -> Judgement:
    """Judge decisions on `titles` (same rows as `judged`; needs `group_id`, `type`, `plot`, `year`, `source`)."""
    groups = titles["group_id"].astype(str).tolist()
    drawn = bootstrap_metrics(judged, groups, seed, draws)
    drawn_genres = bootstrap_metrics(judged, groups, seed, draws, metrics=lambda part, weights: {"per_genre": f1_scores(part, weights)["per_genre"]})[
        "per_genre"
    ]
    once = np.ones((1, len(titles)))
    plain, plain_genres = all_metrics(judged, once), f1_scores(judged, once)["per_genre"][0]
    precision, recall = precision_recall(judged)

    def figure(value: float, draws_of_it: Any) -> Figure:
        low, high = interval(value, draws_of_it)
        return Figure(value=float(value), low=max(low, 0.0), high=min(high, 1.0))

    return Judgement(
        kind=kind,
        n=len(titles),
        groups=len(set(groups)),
        metrics={name: figure(value[0], drawn[name]) for name, value in plain.items()},
        per_genre={
            name: GenreJudgement(
                n=int(judged.labels[:, index].sum()),
                precision=float(precision[index]),
                recall=float(recall[index]),
                f1=figure(plain_genres[index], drawn_genres[:, index]),
            )
            for index, name in enumerate(GENRES)
        },
        slices={part: {name: judge_slice(judged.take(mask)) for name, mask in masks.items()} for part, masks in slice_titles(titles).items()},
    )


def judge_slice(judged: Judged) -> SliceJudgement:
    """Judge a part, without intervals."""
    scores = f1_scores(judged, np.ones((1, len(judged.labels))))
    return SliceJudgement(n=len(judged.labels), macro_f1=float(scores["macro_f1"][0]), micro_f1=float(scores["micro_f1"][0]))


def compare(ours: Judged, theirs: Judged, groups: list[str], seed: int, draws: int = DRAWS) -> Figure:
    """Return the paired difference in macro F1 (ours less theirs) on the same titles."""

    def macro(part: Judged, weights: Any) -> dict[str, Any]:
        return {"macro_f1": f1_scores(part, weights)["macro_f1"]}

    once = np.ones((1, len(groups)))
    drawn = bootstrap_metrics(ours, groups, seed, draws, macro)["macro_f1"] - bootstrap_metrics(theirs, groups, seed, draws, macro)["macro_f1"]
    value = macro(ours, once)["macro_f1"][0] - macro(theirs, once)["macro_f1"][0]
    low, high = interval(value, drawn)
    return Figure(value=float(value), low=low, high=high)
