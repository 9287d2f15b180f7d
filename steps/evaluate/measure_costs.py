"""Measure what every candidate costs."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.evaluation.costs import measure_candidates
from trending.evaluation.rules import DecisionRule
from trending.features.examples import select_part
from trending.models import GenreModel


@step(cache_policy=depend_on("models", "features", "evaluation", "cleaning/text.py", "catalogue/languages.py", "embeddings"))
def measure_costs(
    models: list[GenreModel], names: list[str], training_facts: list[dict[str, Any]], decision_rules: dict[str, Any], examples: pd.DataFrame
) -> Annotated[dict[str, Any], "costs"]:
    """Return milliseconds per title, megabytes and training time of every candidate, blends included.

    Args:
        models: Fitted models.
        names: Their names, in the same order.
        training_facts: What training each took, in the same order.
        decision_rules: Of every candidate.
        examples: All examples; test titles are scored.
    """
    rules = {name: DecisionRule(**rule) for name, rule in decision_rules.items()}
    facts = dict(zip(names, training_facts, strict=True))
    costs = measure_candidates(dict(zip(names, models, strict=True)), facts, rules, select_part(examples, "test", "described").texts)
    log_metadata({f"{name}_ms": cost.single_ms for name, cost in costs.items()})
    return {name: cost.model_dump() for name, cost in costs.items()}
