"""Choose the champion, and show it and its rivals as pages."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString

from steps.caching import depend_on
from trending.evaluation.baselines import BASELINE, COMMONEST
from trending.evaluation.candidates import restore_judged
from trending.evaluation.champion import choose_champion
from trending.evaluation.costs import Budget, Cost
from trending.evaluation.frontier import draw_frontier
from trending.evaluation.judgement import Judgement
from trending.evaluation.rules import DecisionRule
from trending.reports.evaluation_report import render_comparison, render_evaluation


@step(cache_policy=depend_on("evaluation", "reports", "features", "models", "cleaning", "sources/starter.py", "catalogue/languages.py"))
def compare_models(
    judgements: dict[str, Any],
    decision_rules: dict[str, Any],
    test_predictions: pd.DataFrame,
    costs: dict[str, Any],
    examples: pd.DataFrame,
    budget: dict[str, Any],
    seed: int,
    notes: list[str],
) -> tuple[
    Annotated[dict[str, Any], "verdict"],
    Annotated[list[dict[str, Any]], "frontier"],
    Annotated[HTMLString, "model_comparison"],
    Annotated[HTMLString, "evaluation_report"],
]:
    """Return the verdict, and quality against cost; the run ends here if no model beats the baseline beyond doubt.

    Args:
        judgements: Every figure of every candidate.
        decision_rules: Calibration, thresholds and validation score per candidate.
        test_predictions: Probabilities per candidate and test title.
        costs: What each candidate costs.
        examples: All examples.
        budget: What the champion may cost.
        seed: For the paired bootstrap.
        notes: Shown on top of the pages.
    """
    rules = {name: DecisionRule(**rule) for name, rule in decision_rules.items()}
    figures = {name: Judgement(**one) for name, one in judgements.items()}
    prices = {name: Cost(**one) for name, one in costs.items()}
    judged = restore_judged(test_predictions, rules, examples)
    verdict = choose_champion(rules, judged, figures, examples, seed, prices, Budget(**budget))
    frontier = draw_frontier(verdict.validation, figures, prices, verdict.over_budget, verdict.champion)
    champion = figures[verdict.champion]
    rivals = [figures[name] for name in (*verdict.validation, COMMONEST)]
    comparison = render_comparison(rivals, verdict.champion, verdict.validation, verdict.differences, verdict.leak, frontier, notes)
    evaluation = render_evaluation(champion, figures[BASELINE], judged[verdict.champion], notes)
    log_metadata(metadata={"champion": verdict.champion, **{name: figure.value for name, figure in champion.metrics.items()}}, infer_model=True)
    return verdict.model_dump(), [row.model_dump() for row in frontier], HTMLString(comparison), HTMLString(evaluation)
