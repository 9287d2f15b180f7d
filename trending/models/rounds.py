"""What is kept of boosting, round by round. Imports xgboost: for training only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xgboost

from trending.features.labels import FloatMatrix, IntMatrix

_VALIDATION, _PRECISION = "validation", "map"


def measure_precision(scores: FloatMatrix, data: Any) -> tuple[str, float]:
    """Return the mean average precision of the scores of XGBoost's validation data, in the form it wants a metric in."""
    labels = np.asarray(data.get_label(), dtype=np.int8).reshape(scores.shape)
    return _PRECISION, mean_precision(scores, labels)


def mean_precision(scores: FloatMatrix, labels: IntMatrix) -> float:
    """Return the mean average precision over the genres that occur; 0 if none does."""
    from sklearn.metrics import average_precision_score

    present = labels.any(axis=0)
    return float(average_precision_score(labels[:, present], scores[:, present], average="macro")) if present.any() else 0.0


class RoundLog(xgboost.callback.TrainingCallback):
    """Keeps loss and mean average precision on validation titles, and tells the latter to whoever watches."""

    def __init__(self, watch: Callable[[int, float], None] | None) -> None:
        """Take who is told the round's number and the precision; what they raise ends the training."""
        super().__init__()
        self.rows: list[dict[str, float]] = []
        self._watch = watch

    def after_iteration(self, model: Any, epoch: int, evals_log: dict[str, Any]) -> bool:
        """Note a round; never stop it."""
        if _VALIDATION in evals_log:
            told = {name: float(values[-1]) for name, values in evals_log[_VALIDATION].items()}
            self.rows.append({"round": epoch + 1, "loss": told["logloss"], "validation_map": told[_PRECISION]})
            if self._watch:
                self._watch(epoch + 1, told[_PRECISION])
        return False
