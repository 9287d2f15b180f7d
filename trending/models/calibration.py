"""From scores to decisions: probabilities by Platt scaling, and a threshold per genre, both from validation data alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trending.features.labels import FloatMatrix, IntMatrix
from trending.models.logits import sigmoid, to_logits

FloatVector = npt.NDArray[np.float64]
_DRAWS = 200
_DOUBT = (0.1, 0.9)  # quantiles of the thresholds that other titles would have given


class Calibrator:
    """Platt scaling per genre: `p = sigmoid(slope * logit(score) + intercept)`.

    Source: J. Platt, "Probabilistic outputs for support vector machines" (1999), on the score's logit. Two numbers a genre, so
    that a hundred validation titles suffice; slopes are never negative, so that calibration keeps the order of titles.
    """

    def __init__(self, slopes: FloatVector, intercepts: FloatVector) -> None:
        """Take slopes and intercepts, shape (20,) each."""
        self.slopes = slopes
        self.intercepts = intercepts

    @classmethod
    def fit(cls, scores: FloatMatrix, labels: IntMatrix) -> Calibrator:
        """Fit on validation `scores` and `labels`, both of shape (n, 20)."""
        from sklearn.linear_model import LogisticRegression  # only training has it loaded

        genres = scores.shape[1]
        slopes, intercepts = np.zeros(genres), np.zeros(genres)
        for genre in range(genres):
            positives = float(labels[:, genre].sum())
            share = (positives + 1) / (len(labels) + 2)  # Laplace, as Platt's targets: never 0 or 1
            feature, target = to_logits(scores[:, genre]), labels[:, genre]
            intercepts[genre] = to_logits(np.asarray(share))
            if 0 < positives < len(labels) and np.ptp(feature) > 0:
                fitted = LogisticRegression(C=10.0).fit(feature[:, None], target)
                if fitted.coef_[0, 0] > 0:
                    slopes[genre], intercepts[genre] = fitted.coef_[0, 0], fitted.intercept_[0]
        return cls(slopes, intercepts)

    def apply(self, scores: FloatMatrix) -> FloatMatrix:
        """Return probabilities, shape (n, 20)."""
        return sigmoid(to_logits(scores) * self.slopes + self.intercepts)

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers, for JSON."""
        return {"method": "platt", "slopes": self.slopes.tolist(), "intercepts": self.intercepts.tolist()}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Calibrator:
        """Return the calibrator `as_dict` described."""
        return cls(np.asarray(state["slopes"], dtype=np.float64), np.asarray(state["intercepts"], dtype=np.float64))


def tune_thresholds(probabilities: FloatMatrix, labels: IntMatrix) -> FloatVector:
    """Return, per genre, the threshold with the best F1 on validation data; 0.5 where the genre doesn't occur.

    A threshold lies midway between two neighbouring probabilities, so that rounding can't turn a decision.

    Args:
        probabilities: Calibrated, shape (n, 20).
        labels: 0/1, shape (n, 20).
    """
    return np.asarray([_best_threshold(probabilities[:, genre], labels[:, genre]) for genre in range(labels.shape[1])])


def _best_threshold(probabilities: FloatVector, target: npt.NDArray[np.int8]) -> float:
    if not target.any():
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    hits = np.cumsum(target[order])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + target.sum())
    ends = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True))  # last of each run of equal probabilities
    best = ends[int(np.argmax(f1[ends]))]
    lower = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + lower) / 2)


def find_bands(probabilities: FloatMatrix, labels: IntMatrix, thresholds: FloatVector, groups: Sequence[str], seed: int) -> list[tuple[float, float]]:
    """Return, per genre, the band of probabilities too near the threshold to decide: that in which the middle 80 % of thresholds tuned on other draws lie.

    Args:
        probabilities: Calibrated, of validation titles, shape (n, 20).
        labels: 0/1, shape (n, 20).
        thresholds: Shape (20,); each lies in its band.
        groups: Title groups (n), which are drawn with replacement.
        seed: Of the draws.
    """
    codes = np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1]
    count = int(codes.max()) + 1
    weights = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=_DRAWS)[:, codes].astype(np.float64)
    bands = []
    for genre, threshold in enumerate(thresholds):
        if not labels[:, genre].any():  # nothing says where its threshold should be
            bands.append((float(threshold), float(threshold)))
            continue
        order = np.argsort(-probabilities[:, genre], kind="stable")
        ranked, drawn = probabilities[order, genre], weights[:, order]
        positive = drawn * labels[order, genre]
        f1 = 2 * np.cumsum(positive, axis=1) / np.maximum(np.cumsum(drawn, axis=1) + positive.sum(axis=1, keepdims=True), 1)
        # As `tune_thresholds` puts them: midway between the last title that is given the genre and the next one that was drawn.
        last = f1.argmax(axis=1)
        beyond = (f1 < f1.max(axis=1, keepdims=True)) & (np.arange(len(ranked)) > last[:, None])
        following = np.where(beyond.any(axis=1), ranked[beyond.argmax(axis=1)], 0.0)
        low, high = np.quantile((ranked[last] + following) / 2, _DOUBT)
        bands.append((min(float(low), float(threshold)), max(float(high), float(threshold))))
    return bands
