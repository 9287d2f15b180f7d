"""Decision rules: how the scores of a model, or of several blended, become probabilities and decisions. All of it comes from validation titles."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from trending.evaluation.metrics import Judged, f1_scores
from trending.features.labels import FloatMatrix, IntMatrix
from trending.models.blend import Member, blend_scores
from trending.models.calibration import Calibrator, FloatVector, find_bands, tune_thresholds
from trending.models.logits import sigmoid, to_logits

Scores = Mapping[str, FloatMatrix]  # by model, shape (n, 20) each
_FOLDS = 5
_BLENDABLE = ("tfidf_logreg", "xgboost", "bert")  # models that learn, each from something else
_LEAST_WEIGHT = 0.02


class DecisionRule(BaseModel):
    """How scores become decisions, and what that earned on validation titles."""

    calibration: dict[str, Any]
    thresholds: list[float]
    bands: list[tuple[float, float]]
    validation_macro_f1: float
    members: dict[str, Member] = {}  # of a blend

    def read_scores(self, name: str, scores: Scores) -> FloatMatrix:
        """Return the raw scores of the candidate `name`, shape (n, 20): a model's own, or those of its members, blended."""
        return blend_scores(self.members, scores) if self.members else scores[name]

    def decide(self, name: str, scores: Scores, labels: IntMatrix) -> Judged:
        """Calibrate and decide."""
        probabilities = Calibrator.from_dict(self.calibration).apply(self.read_scores(name, scores))
        return Judged(labels, probabilities, probabilities >= np.asarray(self.thresholds))


def tune_rules(scores: Scores, labels: IntMatrix, groups: Sequence[str], seed: int) -> dict[str, DecisionRule]:
    """Return a rule for every model, and for every blend of models that learn in which each counts.

    Args:
        scores: Raw, on validation titles.
        labels: Of the same titles, shape (n, 20).
        groups: Their title groups (n).
        seed: Of the draws that find the bands of doubt.
    """
    learnt = [name for name in _BLENDABLE if name in scores]
    blends = [group for size in range(2, len(learnt) + 1) for group in combinations(learnt, size)]
    rules = {name: tune_rule({name: one}, labels, groups, seed) for name, one in scores.items()}
    blended = {name_blend(group): tune_rule({name: scores[name] for name in group}, labels, groups, seed) for group in blends}
    # One whose member counts nothing is a smaller blend, or a model alone, under another name.
    return rules | {name: rule for name, rule in blended.items() if all(member.weight for member in rule.members.values())}


def name_blend(members: Sequence[str]) -> str:
    """Return the name of a candidate that blends `members`."""
    return "+".join(members)


def tune_rule(scores: Scores, labels: IntMatrix, groups: Sequence[str], seed: int) -> DecisionRule:
    """Calibrate and tune one candidate, a blend if there are several scores.

    The macro F1 that candidates are chosen by is cross-fitted, weights of a blend included: each fifth of the groups is decided by a rule
    tuned on the others, for a rule flatters itself on the titles it was tuned on. When models stopped learning was decided on all of these titles,
    and isn't crossed.
    """
    members, calibrator, thresholds = _fit_rule(scores, labels)
    folds = np.asarray([zlib.crc32(group.encode()) % _FOLDS for group in groups])
    decisions = np.zeros(labels.shape, dtype=bool)
    for fold in np.unique(folds):
        inside, outside = folds == fold, folds != fold
        if outside.any():
            part_members, part_calibrator, part_thresholds = _fit_rule(_take(scores, outside), labels[outside])
            decisions[inside] = part_calibrator.apply(_combine(part_members, _take(scores, inside))) >= part_thresholds
    probabilities = calibrator.apply(_combine(members, scores))
    macro = float(f1_scores(Judged(labels, probabilities, decisions), np.ones((1, len(labels))))["macro_f1"][0])
    bands = find_bands(probabilities, labels, thresholds, groups, seed)
    return DecisionRule(calibration=calibrator.as_dict(), thresholds=thresholds.tolist(), bands=bands, validation_macro_f1=macro, members=members)


def _take(scores: Scores, rows: npt.NDArray[np.bool_]) -> Scores:
    return {name: one[rows] for name, one in scores.items()}


def _combine(members: Mapping[str, Member], scores: Scores) -> FloatMatrix:
    return blend_scores(members, scores) if members else next(iter(scores.values()))


def _fit_rule(scores: Scores, labels: IntMatrix) -> tuple[dict[str, Member], Calibrator, FloatVector]:
    members = _fit_members(scores, labels) if len(scores) > 1 else {}
    combined = _combine(members, scores)
    calibrator = Calibrator.fit(combined, labels)
    return members, calibrator, tune_thresholds(calibrator.apply(combined), labels)


def _fit_members(scores: Scores, labels: IntMatrix) -> dict[str, Member]:
    calibrators = {name: Calibrator.fit(one, labels) for name, one in scores.items()}
    weights = choose_weights([to_logits(calibrators[name].apply(one)) for name, one in scores.items()], labels)
    return {name: Member(weight=weight, calibration=calibrators[name].as_dict()) for name, weight in zip(scores, weights, strict=True)}


def choose_weights(logits: Sequence[FloatMatrix], labels: IntMatrix) -> list[float]:
    """Return what each model counts in a blend: weights that are not negative, add up to 1, and make the labels likeliest.

    One weight a model, not one a genre: rare genres have too few validation titles to tell.
    Source: Breiman, "Stacked regressions" (1996), on log loss.

    Args:
        logits: Calibrated log odds of each model, shape (n, 20).
        labels: Shape (n, 20).
    """
    from scipy.optimize import minimize

    stacked, truth = np.stack([one.ravel() for one in logits]), labels.ravel().astype(float)

    def loss(weights: FloatVector) -> tuple[float, FloatVector]:
        blended = weights @ stacked
        return float(np.mean(np.logaddexp(0, blended) - truth * blended)), stacked @ (sigmoid(blended) - truth) / len(truth)

    count = len(logits)
    found = minimize(
        loss,
        np.full(count, 1 / count),
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * count,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1, "jac": np.ones_like},
    ).x
    found = np.where(found < _LEAST_WEIGHT, 0.0, found).round(3)
    return [float(weight) for weight in found / found.sum()]
