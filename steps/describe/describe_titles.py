"""Predict the genres of every title, and write insights."""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.cleaning.rights import select_allowed
from trending.evaluation.rules import DecisionRule
from trending.insights.judging.judgement import RULES, InsightQuality
from trending.insights.maker import InsightMaker
from trending.models import GenreModel
from trending.releases.describe import compose_content, predict_titles, write_insights


@step(cache_policy=depend_on("releases/describe.py", "embeddings", "insights", "catalogue", "models", "features", "evaluation", "cleaning", "reviews"))
def describe_titles(
    titles: pd.DataFrame,
    splits: pd.DataFrame,
    champion: GenreModel,
    decision_rules: dict[str, Any],
    verdict: dict[str, Any],
    rights: list[str],
    insight_quality: dict[str, Any],
    works: pd.DataFrame | None = None,
    reviews: pd.DataFrame | None = None,
    trends: pd.DataFrame | None = None,
) -> tuple[Annotated[np.ndarray, "title_probabilities"], Annotated[pd.DataFrame, "title_insights"]]:
    """Return the champion's probabilities and the insights of every title that may be shown.

    Args:
        titles: Clean titles, all of them.
        splits: Split per trainable title.
        champion: The model to be released.
        decision_rules: Calibration and thresholds per model.
        verdict: Which model was chosen and why.
        rights: Patterns of the rights classes that may be shown.
        insight_quality: Who writes insights, as was decided when writers were judged.
        works: Which titles are the same work, where the source knows.
        reviews: Reviews that may be shown.
        trends: Trends of several weeks that may be shown.
    """
    rule = DecisionRule(**decision_rules[verdict["champion"]])
    shown = select_allowed(titles, rights)
    probabilities = predict_titles(champion, rule, shown)
    content = compose_content(shown, splits, probabilities, rule.thresholds, works=works, reviews=reviews, trends=trends)
    writer = InsightQuality(**insight_quality).writer
    insights = write_insights(content, InsightMaker.from_settings(rules_only=writer == RULES))
    log_metadata(
        {
            "titles": len(insights),
            "writer": writer,
            "with_score": int(insights["score"].notna().sum()),
            "with_tags": int((insights["tags"].map(len) > 0).sum()),
            "documents": int(insights["document"].notna().sum()),
        }
    )
    return probabilities, insights
