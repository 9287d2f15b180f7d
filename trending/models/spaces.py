"""What a search may change of each kind of model, and between which bounds. All of a space has to lie within the model's own limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """Values from `low` to `high`, both included; whole numbers if both are.

    `log`: as many values are tried between 1 and 10 as between 10 and 100.
    """

    low: float
    high: float
    log: bool = False


# Of XGBoost only what the trees are made by: the probes they read are fitted once for all trials.
SPACES: dict[str, dict[str, Range]] = {
    "xgboost": {
        "max_depth": Range(2, 8),
        "learning_rate": Range(0.03, 0.3, log=True),
        "subsample": Range(0.5, 1.0),
        "colsample_bynode": Range(0.2, 1.0),
        "min_child_weight": Range(1.0, 50.0, log=True),
        "reg_lambda": Range(0.1, 30.0, log=True),
    },
    "tfidf_logreg": {
        "C": Range(0.5, 20.0, log=True),
        "ngrams": Range(1, 3),
        "min_df": Range(1, 5),
    },
}
