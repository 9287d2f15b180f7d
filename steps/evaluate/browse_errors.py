"""Show the titles the champion errs on most."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString

from steps.caching import depend_on
from trending.evaluation.candidates import restore_judged
from trending.evaluation.rules import DecisionRule
from trending.evaluation.worst_titles import find_worst
from trending.features.examples import select_part
from trending.models import GenreModel
from trending.reports.error_browser import render_error_browser


@step(cache_policy=depend_on("evaluation", "reports", "features", "models", "catalogue/languages.py", "embeddings", "cleaning/text.py"))
def browse_errors(
    champion: GenreModel, test_predictions: pd.DataFrame, decision_rules: dict[str, Any], verdict: dict[str, Any], examples: pd.DataFrame, notes: list[str]
) -> Annotated[HTMLString, "error_browser"]:
    """Return a page with the fifty worst test titles.

    Args:
        champion: The model to be released, for the words that spoke for a genre.
        test_predictions: Probabilities per candidate and test title.
        decision_rules: Of every candidate.
        verdict: Which was chosen and why.
        examples: All examples; the test split is shown.
        notes: Shown on top of the page.
    """
    name = verdict["champion"]
    rules = {name: DecisionRule(**decision_rules[name])}
    judged = restore_judged(test_predictions[test_predictions["model"] == name], rules, examples)[name]
    part = select_part(examples, "test", champion.reads)
    worst = find_worst(judged, part.rows, part.texts, champion.explain, examples)
    log_metadata({"titles": len(worst), "labels_doubted": sum(bool(one.doubts) for one in worst)})
    return HTMLString(render_error_browser(worst, name, len(part.texts), notes))
