"""Choose the champion, and show it and its rivals as pages."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString

from steps.caching import depend_on
from trending.evaluation.baselines import BASELINE, COMMONEST
from trending.evaluation.candidates import DecisionRule, choose_champion, unframe_predictions
from trending.evaluation.judgement import Judgement
from trending.reports.evaluation_report import render_comparison, render_evaluation


@step(cache_policy=depend_on("evaluation", "reports", "features", "models", "cleaning", "sources/starter.py"))
def compare_models(
    judgements: dict[str, Any], decision_rules: dict[str, Any], test_predictions: pd.DataFrame, examples: pd.DataFrame, seed: int, notes: list[str]
) -> tuple[Annotated[dict[str, Any], "verdict"], Annotated[HTMLString, "model_comparison"], Annotated[HTMLString, "evaluation_report"]]:
    """Return the verdict; the run ends here if no model beats the baseline beyond doubt.

    Args:
        judgements: Every figure of every model.
        decision_rules: Calibration, thresholds and validation score per model.
        test_predictions: Probabilities per model and test title.
        examples: All examples.
        seed: For the paired bootstrap.
        notes: Shown on top of the pages.
    """
    rules = {name: DecisionRule(**rule) for name, rule in decision_rules.items()}
    figures = {name: Judgement(**one) for name, one in judgements.items()}
    judged = unframe_predictions(test_predictions, rules, examples)
    verdict = choose_champion(rules, judged, figures, examples, seed)
    champion = figures[verdict.champion]
    rivals = [figures[name] for name in (*verdict.validation, COMMONEST)]
    comparison = render_comparison(rivals, verdict.champion, verdict.validation, verdict.differences, verdict.leak, notes)
    evaluation = render_evaluation(champion, figures[BASELINE], judged[verdict.champion], notes)
    log_metadata(metadata={"champion": verdict.champion, **{name: figure.value for name, figure in champion.metrics.items()}}, infer_model=True)
    return verdict.model_dump(), HTMLString(comparison), HTMLString(evaluation)
