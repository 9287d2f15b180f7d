"""Measure how the champion treats titles by language, country, region and decade."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString

from steps.caching import depend_on
from trending.evaluation.candidates import restore_judged
from trending.evaluation.fairness import measure_fairness as measure
from trending.evaluation.rules import DecisionRule
from trending.features.examples import select_part
from trending.reports.fairness_report import render_fairness


@step(cache_policy=depend_on("evaluation", "reports", "features", "models", "catalogue/languages.py", "cleaning/text.py"))
def measure_fairness(
    test_predictions: pd.DataFrame, decision_rules: dict[str, Any], verdict: dict[str, Any], examples: pd.DataFrame, seed: int, notes: list[str]
) -> tuple[Annotated[dict[str, Any], "fairness"], Annotated[HTMLString, "fairness_report"]]:
    """Return every comparison, those that stand out marked, and a page.

    Args:
        test_predictions: Probabilities per candidate and test title.
        decision_rules: Of every candidate.
        verdict: Which was chosen and why.
        examples: All examples; only the test split is used.
        seed: For the bootstrap.
        notes: Shown on top of the page.
    """
    champion = verdict["champion"]
    rules = {champion: DecisionRule(**decision_rules[champion])}
    judged = restore_judged(test_predictions[test_predictions["model"] == champion], rules, examples)[champion]
    fairness = measure(judged, select_part(examples, "test").rows, seed)
    log_metadata({"groups": len(fairness.groups), "comparisons": len(fairness.disparities), "stand_out": len(fairness.marked)})
    return fairness.model_dump(), HTMLString(render_fairness(fairness, champion, notes))
