"""One trial of a search: a model fitted with given hyper-parameters, and what it is worth on validation titles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trending.features.labels import IntMatrix
from trending.models.base import Labelled, build_model
from trending.models.xgb import XGBoostModel

# Told a round's number and the mean average precision after it, to those models that learn in rounds; raises to end the trial.
Watch = Callable[[int, float], None]
Trial = Callable[[dict[str, Any], Watch], float]


def prepare_trials(kind: str, given: Mapping[str, Any], texts: Sequence[str], labels: IntMatrix, validation: Labelled, seed: int) -> Trial:
    """Do what all trials share; return what runs one and returns the mean average precision on validation titles.

    Args:
        kind: A key of `trending.models.spaces.SPACES`.
        given: Hyper-parameters of every trial; a trial's own come on top.
        texts: To learn from (n), of the kind the model reads.
        labels: 0 or 1, shape (n, 20).
        validation: Texts and labels to judge by.
        seed: Of whatever a model draws at random; the same in every trial.
    """
    if kind == XGBoostModel.kind:
        return _prepare_trees(given, texts, labels, validation, seed)

    def run(params: dict[str, Any], _: Watch) -> float:
        from trending.models.rounds import mean_precision

        model = build_model(kind, {**given, **params})
        model.fit(texts, labels, seed, validation)
        return mean_precision(model.predict_proba(validation[0]), validation[1])

    return run


def _prepare_trees(given: Mapping[str, Any], texts: Sequence[str], labels: IntMatrix, validation: Labelled, seed: int) -> Trial:
    """Read all texts once: trees differ between trials, what they split on doesn't."""
    features = XGBoostModel(**given).read_parts(texts, labels, seed, validation)

    def run(params: dict[str, Any], watch: Watch) -> float:
        model = XGBoostModel(**{**given, **params})
        model.grow(*features, seed, watch)
        return model.history[model.booster.num_boosted_rounds() - 1]["validation_map"]

    return run
