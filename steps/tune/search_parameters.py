"""Search a model's hyper-parameters before it is trained."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString

from steps.caching import depend_on
from trending.features.examples import select_part
from trending.models.base import build_model
from trending.models.search import SEARCHES, SearchBudget
from trending.models.search import search_parameters as search
from trending.reports.search_report import render_search, tabulate_trials
from trending.settings import load_settings


@step(cache_policy=depend_on("models", "features", "embeddings", "reports", "cleaning/text.py", "processes.py"))
def search_parameters(
    examples: pd.DataFrame, kind: str, params: dict[str, Any], seed: int, budget: dict[str, Any], weights: str | None = None
) -> tuple[Annotated[dict[str, Any], "best_parameters"], Annotated[HTMLString, "search_report"], Annotated[pd.DataFrame, "search_trials"]]:
    """Return hyper-parameters to train with: those found, under those that were given.

    Args:
        examples: All examples; the test split isn't used.
        kind: A key of `trending.models.spaces.SPACES`.
        params: Hyper-parameters that differ from the kind's defaults, in every trial and afterwards; what is given isn't searched.
        seed: Of the trials.
        budget: `trials` and `minutes`.
        weights: Fingerprint of the pre-trained weights the model begins with, if it does.
    """
    text = build_model(kind).reads
    train, validation = select_part(examples, "train", text), select_part(examples, "validation", text)
    allowed, storage = SearchBudget(**budget), load_settings().cache_dir / SEARCHES
    result = search(kind, train.texts, train.labels, (validation.texts, validation.labels), seed, allowed, storage, params)
    told: dict[str, Any] = {"best_value": result.best_value, "default_value": result.default_value, "trials": len(result.trials), "weights": weights or "none"}
    log_metadata({"kind": kind, **told, **{f"best_{name}": value for name, value in result.best_parameters.items()}})
    return {**params, **result.best_parameters}, HTMLString(render_search(result)), tabulate_trials(result)
