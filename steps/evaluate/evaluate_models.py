"""Judge every candidate on the test titles."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.evaluation.baselines import COMMONEST
from trending.evaluation.candidates import decide_all, frame_scores, judge_candidate, judge_commonest, unframe_scores
from trending.evaluation.rules import DecisionRule
from trending.features.examples import select_part


@step(cache_policy=depend_on("models", "features", "evaluation", "cleaning/text.py", "catalogue/languages.py"))
def evaluate_models(
    model_scores: pd.DataFrame, decision_rules: dict[str, Any], examples: pd.DataFrame, seed: int
) -> tuple[Annotated[dict[str, Any], "judgements"], Annotated[pd.DataFrame, "test_predictions"]]:
    """Return every figure of every candidate and of the baselines, with intervals, and the probabilities behind them.

    Args:
        model_scores: Of every model; only those of test titles are used.
        decision_rules: Of every candidate.
        examples: All examples; only the test split is used.
        seed: For the bootstrap; the same for all models, so that differences are paired.
    """
    rules = {name: DecisionRule(**rule) for name, rule in decision_rules.items()}
    judged = decide_all(rules, unframe_scores(model_scores[model_scores["split"] == "test"]), examples, "test")
    judgements = {name: judge_candidate(name, one, examples, seed) for name, one in judged.items()} | {COMMONEST: judge_commonest(examples, seed)}
    log_metadata({f"{name}_macro_f1": str(one.metrics["macro_f1"]) for name, one in judgements.items()})
    predictions = frame_scores({name: one.probabilities for name, one in judged.items()}, select_part(examples, "test").rows["title_id"])
    return {name: one.model_dump() for name, one in judgements.items()}, predictions
