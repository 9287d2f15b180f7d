"""Score validation and test titles with every model."""

from typing import Annotated

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.evaluation.candidates import score_models as score
from trending.models import GenreModel


@step(cache_policy=depend_on("models", "features", "evaluation", "cleaning/text.py", "catalogue/languages.py", "embeddings"))
def score_models(models: list[GenreModel], names: list[str], texts: list[str], examples: pd.DataFrame) -> Annotated[pd.DataFrame, "model_scores"]:
    """Return raw scores: `split`, `model`, `title_id`, and a column per genre.

    Args:
        models: Fitted models.
        names: Their names, in the same order.
        texts: What each reads, in the same order.
        examples: All examples; training titles aren't scored.
    """
    scores = score(dict(zip(names, models, strict=True)), dict(zip(names, texts, strict=True)), examples)
    log_metadata({"models": len(names), "scores": len(scores)})
    return scores
