"""Prediction for rows of titles, which know more of themselves than a plot alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trending.features.facts import write_facts
from trending.features.labels import FloatMatrix
from trending.models.predictor import Predictor

_BATCH = 2_048


def predict_rows(predictor: Predictor, titles: pd.DataFrame) -> FloatMatrix:
    """Return calibrated probabilities, shape (n, 20), n at least 1.

    Args:
        predictor: Repairs and masks plots itself.
        titles: `plot` (never missing), `type` and `year`.
    """
    rows = list(titles[["plot", "type", "year"]].astype({"year": "float64"}).itertuples(index=False))
    batches = [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
    return np.concatenate([predictor.predict_proba([predictor.prepare(plot, write_facts(kind, year)) for plot, kind, year in batch]) for batch in batches])
