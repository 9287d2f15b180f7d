"""What the pipeline's steps do with fitted models, for tests that need it done."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from trending.evaluation.candidates import decide_all
from trending.evaluation.metrics import Judged
from trending.evaluation.rules import DecisionRule, tune_rules
from trending.features.examples import select_part
from trending.features.labels import FloatMatrix
from trending.models.base import GenreModel


def score(models: Mapping[str, GenreModel], examples: pd.DataFrame, split: str) -> dict[str, FloatMatrix]:
    """Return raw scores of one split."""
    return {kind: model.predict_proba(select_part(examples, split, model.reads).texts) for kind, model in models.items()}


def tune(models: Mapping[str, GenreModel], examples: pd.DataFrame) -> dict[str, DecisionRule]:
    """Return the rules of the models and their blends, from validation titles."""
    part = select_part(examples, "validation")
    return tune_rules(score(models, examples, "validation"), part.labels, part.rows["group_id"].tolist(), 17)


def decide(models: Mapping[str, GenreModel], rules: Mapping[str, DecisionRule], examples: pd.DataFrame, split: str = "test") -> dict[str, Judged]:
    """Return probabilities and decisions of one split."""
    return decide_all(rules, score(models, examples, split), examples, split)
