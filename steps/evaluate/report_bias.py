"""Report how labels, predictions, scores and what is ranked as trending differ by language, country, region and decade."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString

from steps.caching import depend_on
from trending.cleaning.rights import select_allowed
from trending.evaluation.bias import measure_bias
from trending.evaluation.fairness import Fairness
from trending.reports.bias_report import render_bias


@step(cache_policy=depend_on("evaluation", "reports", "features", "models", "cleaning", "catalogue/languages.py"))
def report_bias(
    titles: pd.DataFrame,
    insights: pd.DataFrame,
    fairness: dict[str, Any],
    rights: list[str],
    seed: int,
    notes: list[str],
    works: pd.DataFrame | None = None,
    trends: pd.DataFrame | None = None,
) -> tuple[Annotated[dict[str, Any], "bias"], Annotated[HTMLString, "bias_report"]]:
    """Return every comparison over the titles that may be shown, those that stand out marked, and a page that shows predictions beside them.

    Args:
        titles: Clean titles, all of them.
        insights: Of those that may be shown: how good they are said to be.
        fairness: Of the champion's predictions.
        rights: Patterns of the rights classes that may be shown.
        seed: For the bootstrap.
        notes: Shown on top of the page.
        works: Which titles are the same work, where the source knows.
        trends: Trends of several weeks that may be shown.
    """
    bias = measure_bias(select_allowed(titles, rights), insights, trends, works, seed=seed)
    log_metadata({"titles": bias.titles, "trending": bias.trending, "comparisons": len(bias.disparities), "stand_out": len(bias.marked)})
    return bias.model_dump(), HTMLString(render_bias(bias, Fairness(**fairness), notes))
