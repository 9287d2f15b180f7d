"""Calibrate every model and tune its thresholds, on validation titles alone; models that learn are blended, too."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.evaluation.candidates import unframe_scores
from trending.evaluation.rules import tune_rules
from trending.features.examples import select_part


@step(cache_policy=depend_on("models", "features", "evaluation", "cleaning/text.py", "catalogue/languages.py"))
def tune_thresholds(model_scores: pd.DataFrame, examples: pd.DataFrame, seed: int) -> Annotated[dict[str, Any], "decision_rules"]:
    """Return weights, calibration, thresholds, bands of doubt and validation macro F1 per candidate.

    Args:
        model_scores: Of every model; only those of validation titles are used.
        examples: All examples; only the validation split is used.
        seed: Of the draws that find the bands.
    """
    part = select_part(examples, "validation")
    scores = unframe_scores(model_scores[model_scores["split"] == "validation"])
    rules = tune_rules(scores, part.labels, part.rows["group_id"].astype(str).tolist(), seed)
    log_metadata({f"validation_macro_f1_{name}": round(rule.validation_macro_f1, 4) for name, rule in rules.items()})
    return {name: rule.model_dump() for name, rule in rules.items()}
