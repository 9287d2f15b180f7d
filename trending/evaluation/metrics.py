"""Multi-label metrics as sums over titles, so that a bootstrap over groups costs a matrix product.

Every metric takes weights per title: one for the plain figure, bootstrap counts for its interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trending.features.labels import FloatMatrix, IntMatrix
from trending.models.calibration import FloatVector

BoolMatrix = npt.NDArray[np.bool_]
ECE_BINS = 10


@dataclass(frozen=True)
class Judged:
    """Labels, calibrated probabilities and decisions of the same titles, shape (n, 20) each."""

    labels: IntMatrix
    probabilities: FloatMatrix
    decisions: BoolMatrix

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Judged:
        """Return some of the titles."""
        return Judged(self.labels[rows], self.probabilities[rows], self.decisions[rows])


def _ratio(numerator: npt.NDArray[np.float64], denominator: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def f1_scores(judged: Judged, weights: FloatMatrix) -> dict[str, npt.NDArray[np.float64]]:
    """Return F1 four ways, each of shape (draws,), and per genre, shape (draws, 20).

    Macro F1 runs over the genres that occur in the titles at all: the same genres for every model that is judged on them.

    Args:
        judged: What is judged.
        weights: Weight of each title in each draw, shape (draws, n).
    """
    truth, chosen = judged.labels.astype(np.float64), judged.decisions.astype(np.float64)
    hits, positives, predicted = weights @ (truth * chosen), weights @ truth, weights @ chosen
    per_genre = _ratio(2 * hits, positives + predicted)
    present = judged.labels.any(axis=0)
    row_f1 = _ratio(2 * (truth * chosen).sum(axis=1), truth.sum(axis=1) + chosen.sum(axis=1))
    return {
        "macro_f1": per_genre[:, present].mean(axis=1) if present.any() else np.zeros(len(weights)),
        "micro_f1": _ratio(2 * hits.sum(axis=1), positives.sum(axis=1) + predicted.sum(axis=1)),
        "weighted_f1": _ratio((per_genre * positives).sum(axis=1), positives.sum(axis=1)),
        "samples_f1": _ratio(weights @ row_f1, weights.sum(axis=1)),
        "per_genre": per_genre,
    }


def average_precision(judged: Judged, weights: FloatMatrix) -> npt.NDArray[np.float64]:
    """Return mean average precision over the genres that occur, shape (draws,).

    Titles of equal probability are ranked as one block, as in scikit-learn's `average_precision_score`.
    """
    total = np.zeros(len(weights))
    genres = np.flatnonzero(judged.labels.any(axis=0))
    for genre in genres:
        order = np.argsort(-judged.probabilities[:, genre], kind="stable")
        ranked = judged.probabilities[order, genre]
        ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        seen = np.cumsum(weights[:, order], axis=1)[:, ends]
        found = np.cumsum(weights[:, order] * judged.labels[order, genre], axis=1)[:, ends]
        gained = np.diff(found, axis=1, prepend=0.0)
        total += _ratio((_ratio(found, seen) * gained).sum(axis=1), found[:, -1])
    return np.asarray(total / max(len(genres), 1))


def calibration_error(judged: Judged, weights: FloatMatrix) -> npt.NDArray[np.float64]:
    """Return the expected calibration error, shape (draws,): per genre over ten bins of equal width, averaged over the 20 genres.

    Source: Naeini et al., "Obtaining well calibrated probabilities using Bayesian binning" (2015), per label as one-vs-rest.
    """
    total = np.zeros(len(weights))
    genres = judged.labels.shape[1]
    for genre in range(genres):
        probability = judged.probabilities[:, genre]
        bins = np.minimum((probability * ECE_BINS).astype(int), ECE_BINS - 1)
        membership = np.zeros((len(probability), ECE_BINS))
        membership[np.arange(len(probability)), bins] = judged.labels[:, genre] - probability
        total += np.abs(weights @ membership).sum(axis=1)
    return np.asarray(_ratio(total, weights.sum(axis=1)) / genres)


def precision_recall(judged: Judged) -> tuple[FloatVector, FloatVector]:
    """Return precision and recall per genre, shape (20,) each; 0 where undefined."""
    truth, chosen = judged.labels == 1, judged.decisions
    hits = (truth & chosen).sum(axis=0).astype(np.float64)
    return _ratio(hits, chosen.sum(axis=0).astype(np.float64)), _ratio(hits, truth.sum(axis=0).astype(np.float64))


def all_metrics(judged: Judged, weights: FloatMatrix) -> dict[str, npt.NDArray[np.float64]]:
    """Return every headline metric, shape (draws,) each, and `per_genre`, the F1 of each genre, shape (draws, 20)."""
    scores = f1_scores(judged, weights)
    return {**scores, "map": average_precision(judged, weights), "ece": calibration_error(judged, weights)}
