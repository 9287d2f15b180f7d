"""Calibrate every model and tune its thresholds, on validation titles alone."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.evaluation.candidates import tune_candidate
from trending.models import GenreModel


@step(cache_policy=depend_on("models", "features", "evaluation", "cleaning/text.py"))
def tune_thresholds(models: list[GenreModel], names: list[str], texts: list[str], examples: pd.DataFrame) -> Annotated[dict[str, Any], "decision_rules"]:
    """Return calibration, thresholds and validation macro F1 per model.

    Args:
        models: Fitted models.
        names: Their names, in the same order.
        texts: `masked` or `unmasked`, in the same order.
        examples: All examples; only the validation split is used.
    """
    rules = {name: tune_candidate(model, examples, text) for name, model, text in zip(names, models, texts, strict=True)}
    log_metadata({f"validation_macro_f1_{name}": round(rule.validation_macro_f1, 4) for name, rule in rules.items()})
    return {name: rule.model_dump() for name, rule in rules.items()}
