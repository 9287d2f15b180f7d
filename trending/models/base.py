"""The contract every genre model keeps, and the one table of models there are."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from safetensors import SafetensorError

from trending.errors import ReleaseError, UsageError
from trending.features.labels import FloatMatrix, IntMatrix

# Kind -> where it is defined; imported only when asked for, so that serving one model doesn't load another's libraries.
_MODELS: dict[str, str] = {
    "majority": "trending.models.majority:MajorityModel",
    "keywords": "trending.models.keywords:KeywordModel",
    "tfidf_logreg": "trending.models.tfidf_logreg:TfidfLogRegModel",
    "xgboost": "trending.models.xgb:XGBoostModel",
    "bert": "trending.models.bert.model:BertModel",
    "blend": "trending.models.blend:BlendModel",
}
MODEL_KINDS: tuple[str, ...] = tuple(kind for kind in _MODELS if kind != "blend")  # what can be trained; a blend is put together
PRETRAINED = ("bert", "xgboost")  # begin with an encoder's weights
CONFIG_FILE = "model.json"
WeightedTerms = list[tuple[str, float]]
Labelled = tuple[Sequence[str], IntMatrix]


class GenreModel(ABC):
    """Predicts, for a text, a score for each of the 20 genres.

    Texts are plots whose genre words have been masked, after facts about the title if the model reads those. Scores lie in [0, 1] and rank well; that
    they are probabilities is the calibrator's work. After `load(save(...))` a model predicts the same to the last bit of float32.
    """

    kind: ClassVar[str]
    # Which text it reads: `masked` plots, or `described` ones, which `trending.features.facts` may have put words before.
    reads: ClassVar[str] = "masked"
    # Whether it reads the vector of the plot, where there is an encoder.
    embeds_plots: ClassVar[bool] = False
    # True if a plot is scored in less time than it takes to hand it to another thread.
    quick: ClassVar[bool] = False
    # Largest value of a hyper-parameter that has one; all numbers are above zero.
    limits: ClassVar[dict[str, float]] = {}
    # What a hyper-parameter that is a word may be.
    choices: ClassVar[dict[str, tuple[str, ...]]] = {}

    def __init__(self, **params: Any) -> None:
        """Keep the hyper-parameters; unknown ones are refused by `build_model`."""
        self.params = {**self.defaults(), **params}

    @classmethod
    @abstractmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the hyper-parameters and their defaults."""

    @abstractmethod
    def fit(self, texts: Sequence[str], labels: IntMatrix, seed: int, validation: Labelled | None = None) -> None:
        """Learn from `texts` (n) and their 0/1 `labels`, shape (n, 20).

        Args:
            texts: Of the kind that `reads` names.
            labels: 0 or 1.
            seed: Of whatever is drawn at random.
            validation: Texts and labels that say when to stop, to those models that learn in rounds.
        """

    def describe_fit(self) -> dict[str, Any]:
        """Return what is known of how it was fitted, as plain data; a `history` has a row per round."""
        return {}

    def list_members(self) -> dict[str, GenreModel]:
        """Return the models it is made of, by kind: itself alone."""
        return {self.kind: self}

    @abstractmethod
    def predict_proba(self, texts: Sequence[str]) -> FloatMatrix:
        """Return scores in [0, 1], shape (n, 20)."""

    @abstractmethod
    def explain(self, texts: Sequence[str], genres: Sequence[Sequence[int]], top: int) -> list[list[WeightedTerms]]:
        """Say what spoke for genres.

        Args:
            texts: As for `predict_proba` (n).
            genres: Indices of the genres to explain, for each text (n).
            top: How many terms at the most.

        Returns:
            For each text, for each of its genres, up to `top` words or phrases of the text with positive weights, strongest first.
        """

    @abstractmethod
    def _save_state(self, directory: Path) -> None:
        """Write what was learnt; no pickle."""

    @abstractmethod
    def _load_state(self, directory: Path) -> None:
        """Read what `_save_state` wrote."""

    def save(self, directory: Path) -> None:
        """Write the model into `directory`, which is created."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / CONFIG_FILE).write_text(json.dumps({"kind": self.kind, "params": self.params}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        self._save_state(directory)


def _model_class(kind: str) -> type[GenreModel]:
    if kind not in _MODELS:
        raise UsageError(f"no model kind {kind!r}", where="models", mend=f"choose from: {', '.join(MODEL_KINDS)}")
    module, name = _MODELS[kind].split(":")
    found: type[GenreModel] = getattr(import_module(module), name)
    return found


def build_model(kind: str, params: dict[str, Any] | None = None) -> GenreModel:
    """Return an unfitted model.

    Raises:
        UsageError: If there is no such kind, or it has no such hyper-parameter, or not with that value.
    """
    found = _model_class(kind)
    unknown = set(params or {}) - set(found.defaults())
    if unknown:
        raise UsageError(f"{kind} has no parameter {min(unknown)!r}", where="model_params", mend=f"it has: {', '.join(found.defaults()) or 'none'}")
    for name, value in (params or {}).items():
        default = found.defaults()[name]
        if isinstance(default, str):
            if value not in found.choices[name]:
                raise UsageError(f"{name} can't be {value!r}", where=f"model_params.{kind}", mend=f"choose from: {', '.join(found.choices[name])}")
        elif not _fits(value, default, found.limits.get(name, math.inf)):
            raise UsageError(
                f"{name} can't be {value!r}", where=f"model_params.{kind}", mend=f"give one like its default, {default!r}{_most(found.limits.get(name))}"
            )
    return found(**(params or {}))


def _most(limit: float | None) -> str:
    return "" if limit is None else f", at most {limit:g}"


def _fits(value: Any, default: Any, limit: float) -> bool:
    if isinstance(default, bool):
        return isinstance(value, bool)
    kinds = (int, float) if isinstance(default, float) else (type(default),)
    return isinstance(value, kinds) and not isinstance(value, bool) and 0 < value < math.inf and value <= limit


def load_model(directory: Path) -> GenreModel:
    """Read a model that `GenreModel.save` wrote.

    Raises:
        ReleaseError: If the folder holds no readable model.
    """
    try:
        config = json.loads((directory / CONFIG_FILE).read_text(encoding="utf-8"))
        model = build_model(config["kind"], config["params"])
        model._load_state(directory)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError, UsageError) as error:
        raise ReleaseError(f"no readable model ({error})", where=str(directory)) from error
    return model
