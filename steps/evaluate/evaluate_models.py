"""Judge every model on the test titles."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.evaluation.baselines import COMMONEST
from trending.evaluation.candidates import DecisionRule, frame_predictions, judge_candidate, judge_commonest
from trending.models import GenreModel


@step(cache_policy=depend_on("models", "features", "evaluation", "cleaning/text.py"))
def evaluate_models(
    models: list[GenreModel], names: list[str], decision_rules: dict[str, Any], examples: pd.DataFrame, seed: int
) -> tuple[Annotated[dict[str, Any], "judgements"], Annotated[pd.DataFrame, "test_predictions"]]:
    """Return every figure of every model and of the baselines, with intervals, and the probabilities behind them.

    Args:
        models: Fitted models.
        names: Their names, in the same order.
        decision_rules: Calibration and thresholds per model.
        examples: All examples; only the test split is used.
        seed: For the bootstrap; the same for all models, so that differences are paired.
    """
    judged = {name: DecisionRule(**decision_rules[name]).apply(model, examples, "test") for name, model in zip(names, models, strict=True)}
    judgements = {name: judge_candidate(name, one, examples, seed) for name, one in judged.items()} | {COMMONEST: judge_commonest(examples, seed)}
    log_metadata({f"{name}_macro_f1": str(one.metrics["macro_f1"]) for name, one in judgements.items()})
    predictions = frame_predictions(judged, examples)
    return {name: one.model_dump() for name, one in judgements.items()}, predictions
