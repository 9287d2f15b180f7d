"""The statistics of fairness: one group of titles beside comparable others, with intervals, and what stands out of many comparisons.

Others are those whose language (or country) is known too, from the sources the group comes from, weighted to the group's mix of sources: what a
source's labels and plots are like would else pass for a country's. A comparison stands out if its p value, adjusted over all comparisons by
Benjamini and Hochberg ("Controlling the false discovery rate", 1995), is below `ALPHA`: of those that do, one in twenty is expected to be chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from trending.evaluation.bootstrap import interval
from trending.evaluation.judgement import Figure
from trending.evaluation.metrics import Judged
from trending.features.labels import FloatMatrix
from trending.genres import GENRES

ALPHA = 0.05
MIN_COMPARED = 30  # titles of a group, and of others
MIN_LISTED = 10  # of them that are listed under a genre, for its recall
_MIN_PER_SOURCE = 5
Measure = Literal["macro F1", "recall", "over-prediction"]  # of predictions; what else is compared names itself (trending.evaluation.bias)
Mask = npt.NDArray[np.bool_]
Vector = npt.NDArray[np.float64]


class GroupFairness(BaseModel):
    """One group: how many of its titles can be compared, within which sources, and the macro F1 over the genres that occur in them."""

    kind: str
    group: str
    titles: int
    compared: int
    others: int
    sources: list[str]
    macro_f1: Figure


class Disparity(BaseModel):
    """One measure of a group less that of comparable others.

    `recall` is the share of the titles listed under a genre that it is predicted for (their difference is what Hardt et al., "Equality of opportunity in
    supervised learning", 2016, ask to be none); `over-prediction` is the share a genre is predicted for less the share it is listed for.
    """

    kind: str
    group: str
    measure: str
    genre: str = ""
    listed: int
    value: Figure
    others: Figure
    difference: Figure
    p: float
    adjusted_p: float = 1.0
    stands_out: bool = False


@dataclass(frozen=True)
class Pair:
    """The titles of a group and comparable others, as rows; `balance` weights the others to the group's mix of sources.

    `works` says how many title groups a row stands for on either side: copies of a title are no further evidence.
    """

    titles: int
    inside: npt.NDArray[np.intp]
    others: npt.NDArray[np.intp]
    balance: Vector
    sources: list[str]
    works: tuple[float, float]


def pair_titles(mask: Mask, known: Mask, source: pd.Series, work: pd.Series) -> Pair | None:
    """Return the titles of a group and comparable others; None if either are too few.

    Args:
        mask: The group's titles (n).
        known: Titles of which it is known whether they belong to the group (n).
        source: Of each title (n).
        work: The title group of each title (n).
    """
    counts = pd.DataFrame({"source": source.to_numpy(), "inside": mask, "other": known & ~mask}).groupby("source")[["inside", "other"]].sum()
    counts = counts[(counts >= _MIN_PER_SOURCE).all(axis=1)]
    comparable = source.isin(counts.index).to_numpy(dtype=bool)
    inside, others = np.flatnonzero(mask & comparable), np.flatnonzero(known & ~mask & comparable)
    works = [work.iloc[rows].nunique() for rows in (inside, others)]
    if min(works) < MIN_COMPARED:
        return None
    balance = source.iloc[others].map(counts["inside"] / counts["other"]).to_numpy(dtype=float)
    share = (works[0] / len(inside), works[1] / len(others))
    return Pair(int(mask.sum()), inside, others, balance, [str(name) for name in counts.index], share)


@dataclass(frozen=True)
class _Side:
    """Weighted sums per genre over the titles of one side; row 0 is the plain figure, the others are draws.

    `hits`, `listed`, `predicted` have shape (1 + draws, 20), `total` has (1 + draws, 1); `worth` is how many independent titles of equal weight one stands for.
    """

    hits: FloatMatrix
    listed: FloatMatrix
    predicted: FloatMatrix
    total: FloatMatrix
    worth: float

    @classmethod
    def add_up(cls, judged: Judged, rows: npt.NDArray[np.intp], weights: FloatMatrix, balance: Vector, works: float) -> _Side:
        truth, chosen = judged.labels[rows].astype(float), judged.decisions[rows].astype(float)
        drawn = np.vstack([np.ones(len(rows)), weights[:, rows]]) * balance
        worth = balance.sum() / (balance**2).sum() * works  # Kish's effective size, per unit of weight
        return cls(drawn @ (truth * chosen), drawn @ truth, drawn @ chosen, drawn.sum(axis=1, keepdims=True), float(worth))

    def macro_f1(self, genres: Mask) -> Vector:
        return np.asarray(np.nan_to_num(_divide(2 * self.hits, self.listed + self.predicted)[:, genres]).mean(axis=1))

    def rate(self, measure: Measure, genre: int) -> Vector:
        if measure == "recall":
            return _divide(self.hits[:, genre], self.listed[:, genre])
        return _divide(self.predicted[:, genre] - self.listed[:, genre], self.total[:, 0])

    def trials(self, measure: Measure, genre: int) -> float:
        """Return how many independent titles a rate rests on."""
        return self.worth * float(self.listed[0, genre] if measure == "recall" else self.total[0, 0])

    def least_variance(self, measure: Measure, genre: int) -> float:
        """Return the variance that so few titles have at least, even if every one of them was judged alike.

        Source: Agresti and Caffo, "Simple and effective confidence intervals for proportions" (2000): one success and one failure more.
        """
        listed, hits, predicted = (self.worth * float(sums[0, genre]) for sums in (self.listed, self.hits, self.predicted))
        trials = self.trials(measure, genre)
        share = ((hits if measure == "recall" else listed + predicted - 2 * hits) + 1) / (trials + 2)
        return share * (1 - share) / (trials + 2)


def _divide(part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def compare_group(kind: str, group: str, judged: Judged, pair: Pair, weights: FloatMatrix) -> tuple[GroupFairness, list[Disparity]]:
    """Return a group's figures and its disparities, p values not yet adjusted.

    Args:
        kind: `language`, `country`, `region` or `decade`.
        group: Its name.
        judged: Labels and decisions (n).
        pair: Which of them are compared.
        weights: How often each title was drawn, shape (draws, n).
    """
    ours = _Side.add_up(judged, pair.inside, weights, np.ones(len(pair.inside)), pair.works[0])
    theirs = _Side.add_up(judged, pair.others, weights, pair.balance, pair.works[1])
    listed, elsewhere = judged.labels[pair.inside].sum(axis=0), judged.labels[pair.others].sum(axis=0)
    # A genre of a few titles would be found in none of them, or in all, in every draw.
    common = np.minimum(listed * pair.works[0], elsewhere * pair.works[1]).round(6) >= MIN_LISTED
    found = GroupFairness(
        kind=kind,
        group=group,
        titles=pair.titles,
        compared=len(pair.inside),
        others=len(pair.others),
        sources=pair.sources,
        macro_f1=make_figure(ours.macro_f1(listed > 0)),
    )

    def compare(measure: Measure, genre: str, count: int, mine: Vector, others: Vector, trials: float, least: float = 0.0) -> Disparity:
        figures = {"value": make_figure(mine), "others": make_figure(others), "difference": make_figure(mine - others)}
        p = find_p(mine - others, trials, least)
        return Disparity(kind=kind, group=group, measure=measure, genre=genre, listed=count, p=p, **figures)

    differences = []
    if common.any():
        fewest = min(side.trials("recall", genre) for genre in np.flatnonzero(common).tolist() for side in (ours, theirs))
        differences.append(compare("macro F1", "", int(listed[common].sum()), ours.macro_f1(common), theirs.macro_f1(common), fewest))
    measures: tuple[Measure, ...] = ("recall", "over-prediction")
    for genre, measure in product(np.flatnonzero(common).tolist(), measures):
        trials = min(side.trials(measure, genre) for side in (ours, theirs))
        least = sum(side.least_variance(measure, genre) for side in (ours, theirs))
        differences.append(compare(measure, GENRES[genre], int(listed[genre]), ours.rate(measure, genre), theirs.rate(measure, genre), trials, least))
    return found, differences


def make_figure(values: Vector) -> Figure:
    """Return the plain figure, which comes first, with the interval its draws give."""
    low, high = interval(values[0], values[1:][~np.isnan(values[1:])])
    return Figure(value=float(values[0]), low=low, high=high)


def find_p(differences: Vector, trials: float, least: float) -> float:
    """Return the two-sided p value of a difference: Student's, with the bootstrap's variance or `least` if that is more."""
    from scipy.stats import t

    spread = np.sqrt(max(float(np.nanvar(differences[1:], ddof=1)), least))
    return float(2 * t.sf(abs(differences[0]) / spread, df=max(trials - 1, 1))) if spread > 0 else 1.0


def mark_disparities(disparities: Sequence[Disparity]) -> list[Disparity]:
    """Return the disparities with p values adjusted over all of them, those that stand out marked."""
    from scipy.stats import false_discovery_control

    if not disparities:
        return []
    adjusted = false_discovery_control([one.p for one in disparities], method="bh")
    return [one.model_copy(update={"adjusted_p": float(p), "stands_out": bool(p < ALPHA)}) for one, p in zip(disparities, adjusted, strict=True)]
