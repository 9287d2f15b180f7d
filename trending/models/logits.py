"""From log odds to probabilities and back, by numpy alone: importing SciPy for it would cost a server a quarter of its start."""

from __future__ import annotations

import numpy as np

from trending.features.labels import FloatMatrix

_CLIP = 1e-6


def sigmoid(logits: FloatMatrix) -> FloatMatrix:
    """Return probabilities; written by tanh, which doesn't overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))


def to_logits(scores: FloatMatrix) -> FloatMatrix:
    """Return the log odds of scores in [0, 1], which are kept a millionth away from both ends."""
    clipped = np.clip(scores, _CLIP, 1 - _CLIP)
    return np.asarray(np.log(clipped / (1 - clipped)))
