"""Check the champion with deepchecks."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString

from steps.caching import depend_on
from trending.evaluation.candidates import decide_all, restore_judged, unframe_scores
from trending.evaluation.rules import DecisionRule
from trending.evaluation.suite import Scored, check_model
from trending.evaluation.suite_settings import ModelCheckSettings
from trending.features.examples import select_part


@step(cache_policy=depend_on("evaluation", "reports", "features", "models", "validation", "catalogue/languages.py", "cleaning", "sources/crawl"))
def check_models(
    model_scores: pd.DataFrame,
    test_predictions: pd.DataFrame,
    decision_rules: dict[str, Any],
    verdict: dict[str, Any],
    examples: pd.DataFrame,
    checks: dict[str, Any],
    notes: list[str],
) -> tuple[Annotated[dict[str, str], "model_checks"], Annotated[HTMLString, "model_report"]]:
    """Return the outcome of every check, and a page; a check listed in `checks.blocking` ends the run if it doesn't pass.

    Args:
        model_scores: Raw scores of every model; only those of validation titles are used.
        test_predictions: Probabilities per candidate and test title.
        decision_rules: Of every candidate.
        verdict: Which was chosen and why.
        examples: All examples; validation and test titles are looked at.
        checks: `ModelCheckSettings`.
        notes: Shown on top of the page.
    """
    name = verdict["champion"]
    rules = {name: DecisionRule(**decision_rules[name])}
    validation = decide_all(rules, unframe_scores(model_scores[model_scores["split"] == "validation"]), examples, "validation")[name]
    test = restore_judged(test_predictions[test_predictions["model"] == name], rules, examples)[name]
    parts = [Scored(select_part(examples, split).rows, judged) for split, judged in (("validation", validation), ("test", test))]
    report = check_model(parts[0], parts[1], ModelCheckSettings(**checks), notes)
    log_metadata({one.name: one.status for one in report.outcomes})
    report.check()
    return {one.name: one.status for one in report.outcomes}, HTMLString(report.html)
