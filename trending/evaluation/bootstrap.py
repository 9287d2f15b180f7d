"""Bootstrap over title groups: how far a figure would move had other titles been drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from trending.evaluation.metrics import Judged, all_metrics
from trending.features.labels import FloatMatrix

Metrics = Callable[[Judged, FloatMatrix], dict[str, npt.NDArray[np.float64]]]
DRAWS = 1_000
_CHUNK = 100


def draw_weights(groups: Sequence[str], draws: int, seed: int) -> FloatMatrix:
    """Draw groups with replacement; return how often each title was drawn, shape (draws, n titles).

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), with the group as the unit, as copies of a title aren't independent.
    """
    codes = np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1]
    count = int(codes.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    return np.asarray(drawn[:, codes], dtype=np.float64)


def bootstrap_metrics(
    judged: Judged, groups: Sequence[str], seed: int, draws: int = DRAWS, metrics: Metrics = all_metrics
) -> dict[str, npt.NDArray[np.float64]]:
    """Return each metric in each draw, shape (draws,). The same seed and groups give the same draws, so differences are paired."""
    return apply_weights(judged, draw_weights(groups, draws, seed), metrics)


def apply_weights(judged: Judged, weights: FloatMatrix, metrics: Metrics = all_metrics) -> dict[str, npt.NDArray[np.float64]]:
    """Return each metric in each draw, shape (draws,), from how often each title was drawn, shape (draws, n titles)."""
    draws = len(weights)
    parts = [metrics(judged, weights[start : start + _CHUNK]) for start in range(0, draws, _CHUNK)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def interval(value: float, draws: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % percentile interval, with the draws centred on `value`.

    Without the centring a figure made of absolute values, such as the calibration error, lies below its own interval: resampling
    adds noise that never cancels out (Efron and Tibshirani, 1993, chapter 10, on the bootstrap estimate of bias).
    """
    low, high = np.quantile(draws - draws.mean(), [0.025, 0.975])
    # So rare that no draw is as good as the figure, say: it still lies in its interval.
    return float(value + min(low, 0.0)), float(value + max(high, 0.0))
