"""Fairness: whether titles of one country, language or decade are judged worse than comparable others. What is measured is in `disparities`.

It says how the model's decisions differ between groups of titles, not why, and nothing of people: a country is where a title was produced.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from trending.evaluation.bootstrap import DRAWS, draw_weights
from trending.evaluation.disparities import Disparity, GroupFairness, compare_group, mark_disparities, pair_titles
from trending.evaluation.metrics import Judged
from trending.evaluation.slices import Masks, slice_groups


class Coverage(BaseModel):
    """For how many titles a language, a country or a year is known, and where."""

    kind: str
    known: int
    titles: int
    silent_sources: list[str]
    uniform_sources: list[str]


class Fairness(BaseModel):
    """All comparisons of one model on one set of titles.

    Attributes:
        titles: How many were judged.
        coverage: Per kind of group, what is known at all.
        groups: Those with enough titles beside enough others.
        disparities: Every comparison; those that stand out are marked.
        left_out: Per kind, the groups with too few titles to compare.
    """

    titles: int
    coverage: list[Coverage]
    groups: list[GroupFairness]
    disparities: list[Disparity]
    left_out: dict[str, list[str]]

    @property
    def marked(self) -> list[Disparity]:
        """The disparities that stand out, the surest first."""
        return sorted((one for one in self.disparities if one.stands_out), key=lambda one: one.adjusted_p)


def measure_fairness(judged: Judged, titles: pd.DataFrame, seed: int, draws: int = DRAWS) -> Fairness:
    """Compare the titles of every language, country, region and decade with others of the same sources.

    Args:
        judged: Labels and decisions (n).
        titles: Same rows; needs `group_id` and `source`; `language`, `country` and `year` where they are known.
        seed: For the bootstrap over title groups.
        draws: How many.
    """
    weights = draw_weights(titles["group_id"].astype(str).tolist(), draws, seed)
    groups: list[GroupFairness] = []
    disparities: list[Disparity] = []
    coverage, left_out = [], {}
    for kind, masks in slice_groups(titles).items():
        known = np.any(list(masks.values()), axis=0) if masks else np.zeros(len(titles), dtype=bool)
        coverage.append(describe_coverage(kind, masks, known, titles["source"]))
        small = []
        for name, mask in masks.items():
            pair = pair_titles(mask, known, titles["source"], titles["group_id"])
            if pair is None:
                small.append(name)
                continue
            found, differences = compare_group(kind, name, judged, pair, weights)
            groups.append(found)
            disparities += differences
        left_out[kind] = small
    return Fairness(titles=len(titles), coverage=coverage, groups=groups, disparities=mark_disparities(disparities), left_out=left_out)


def describe_coverage(kind: str, masks: Masks, known: npt.NDArray[np.bool_], source: pd.Series) -> Coverage:
    """Return for how many titles it is known which of the groups `masks` they belong to; `known` and `source` are those of each title."""
    silent, uniform = [], []
    for name in sorted(source.dropna().unique()):
        inside = (source == name).to_numpy(dtype=bool)
        if not (inside & known).any():
            silent.append(str(name))
        elif sum(bool((mask & inside).any()) for mask in masks.values()) == 1:
            uniform.append(str(name))
    return Coverage(kind=kind, known=int(known.sum()), titles=len(known), silent_sources=silent, uniform_sources=uniform)
