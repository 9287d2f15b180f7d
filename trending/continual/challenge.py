"""Champion and challenger side by side, on the same titles, in the same process: what the gate judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trending.evaluation.behaviour import BehaviourResult, run_behaviour
from trending.evaluation.costs import Cost, measure_cost
from trending.evaluation.metrics import Judged
from trending.features.facts import write_facts
from trending.features.labels import encode_genres
from trending.features.masking import mask_genre_words
from trending.models.predictor import Predictor
from trending.models.rows import predict_rows

_TEXTS = 120  # scored to measure what a title takes


@dataclass(frozen=True)
class Side:
    """One of the two.

    Attributes:
        release: Its version.
        kind: Of its model.
        judged: Its answers on the titles both are judged on.
        cost: Measured here and now.
        behaviour: Of its behavioural tests, on the same plots as the other's.
    """

    release: str
    kind: str
    judged: Judged
    cost: Cost
    behaviour: list[BehaviourResult]

    def failure_shares(self) -> dict[str, float]:
        """Return per kind of behavioural test the share of cases that failed."""
        kinds = dict.fromkeys(one.kind for one in self.behaviour)
        totals = {
            kind: (sum(one.failures for one in self.behaviour if one.kind == kind), sum(one.cases for one in self.behaviour if one.kind == kind))
            for kind in kinds
        }
        return {kind: failures / cases for kind, (failures, cases) in totals.items() if cases}


def judge_titles(predictor: Predictor, titles: pd.DataFrame) -> Judged:
    """Return a predictor's answers for titles with a plot and genres, n at least 1."""
    probabilities = predict_rows(predictor, titles)
    return Judged(encode_genres(titles["genres"]), probabilities, predictor.decide(probabilities))


def measure_side(version: str, kind: str, predictor: Predictor, titles: pd.DataFrame, seed: int) -> Side:
    """Measure champion or challenger.

    Args:
        version: Of its release.
        kind: Of its model.
        predictor: Its own.
        titles: What both are judged on.
        seed: Chooses the plots that are changed.
    """
    rows = titles.iloc[np.random.default_rng(seed).permutation(len(titles))[:_TEXTS]]
    texts = [
        write_facts(kind, year) + mask_genre_words(plot) for plot, kind, year in zip(rows["plot"], rows["type"], rows["year"].astype("float64"), strict=True)
    ]
    cost = measure_cost(predictor.model, texts, {})  # first: models remember what they have just read
    return Side(
        release=version,
        kind=kind,
        judged=judge_titles(predictor, titles),
        cost=cost,
        behaviour=run_behaviour(predictor, titles["plot"].tolist(), seed),
    )


def find_masks(titles: pd.DataFrame, roles: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Return which of the titles are of the frozen and of the fresh set, shape (n,) each."""
    role = titles["title_id"].map(dict(roles))
    return {name: (role == name).to_numpy(dtype=bool) for name in ("frozen", "fresh")}
