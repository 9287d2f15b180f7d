"""Several fitted models as one: the weighted mean of their calibrated log odds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from trending.errors import UsageError
from trending.features.facts import split_facts
from trending.features.labels import FloatMatrix, IntMatrix
from trending.genres import GENRES
from trending.models.base import GenreModel, Labelled, WeightedTerms, load_model
from trending.models.calibration import Calibrator
from trending.models.logits import sigmoid, to_logits

_STATE, _MEMBERS = "blend.json", "members"
_readers = ThreadPoolExecutor(4, thread_name_prefix="blend")
_ASKED = 3  # times as many words are asked of each member, for what one finds weak another may find strong


class Member(BaseModel):
    """What a model counts for in a blend, and the Platt scaling that makes its scores comparable."""

    weight: float
    calibration: dict[str, Any]


def blend_scores(members: Mapping[str, Member], scores: Mapping[str, FloatMatrix]) -> FloatMatrix:
    """Return the blend of models' raw scores, shape (n, 20) each."""
    logits = [member.weight * to_logits(Calibrator.from_dict(member.calibration).apply(scores[name])) for name, member in members.items()]
    return sigmoid(np.sum(logits, axis=0))


class BlendModel(GenreModel):
    """Logarithmic opinion pool of models that err differently.

    Source: Genest and Zidek, "Combining probability distributions" (1986).
    """

    kind = "blend"
    reads = "described"

    def __init__(self, members: Mapping[str, Member] | None = None, models: Mapping[str, GenreModel] | None = None) -> None:
        """Take what each member counts, and the fitted models, by the same names."""
        super().__init__()
        self.members, self.models = dict(members or {}), dict(models or {})

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """There is nothing to set."""
        return {}

    def fit(self, texts: Sequence[str], labels: IntMatrix, seed: int, validation: Labelled | None = None) -> None:
        """Refuse: members are fitted one by one, and weights come from `trending.evaluation.rules`."""
        raise UsageError("a blend is put together from fitted models", where="models", mend="name its members instead")

    def predict_proba(self, texts: Sequence[str]) -> FloatMatrix:
        """Return blended scores, shape (n, 20)."""
        if not texts:
            return np.zeros((0, len(GENRES)))
        asked = {name: (model, _texts_for(model, texts)) for name, model in self.models.items()}
        if len(texts) > 1:  # which members share out among threads themselves
            return blend_scores(self.members, {name: model.predict_proba(given) for name, (model, given) in asked.items()})
        # A text takes a network one thread, so networks read it at the same time: all but the last in threads that stay, as new ones begin cold.
        *others, last = asked
        answers = {name: _readers.submit(asked[name][0].predict_proba, asked[name][1]) for name in others}
        here = asked[last][0].predict_proba(asked[last][1])
        return blend_scores(self.members, {**{name: answer.result() for name, answer in answers.items()}, last: here})

    def list_members(self) -> dict[str, GenreModel]:
        """Return the models that are blended."""
        return dict(self.models)

    def explain(self, texts: Sequence[str], genres: Sequence[Sequence[int]], top: int) -> list[list[WeightedTerms]]:
        """Return the members' evidence added up, each by what the member counts: all of it is log odds."""
        found: list[list[dict[str, float]]] = [[{} for _ in asked] for asked in genres]
        for name, model in self.models.items():
            member = self.members[name]
            slopes = Calibrator.from_dict(member.calibration).slopes
            for rows, told, asked in zip(found, model.explain(_texts_for(model, texts), genres, _ASKED * top), genres, strict=True):
                for total, terms, genre in zip(rows, told, asked, strict=True):
                    for term, weight in terms:
                        total[term] = total.get(term, 0.0) + member.weight * float(slopes[genre]) * weight
        return [[_choose_terms(total, top) for total in rows] for rows in found]

    def _save_state(self, directory: Path) -> None:
        for name, model in self.models.items():
            model.save(directory / _MEMBERS / name)
        (directory / _STATE).write_text(json.dumps({name: member.model_dump() for name, member in self.members.items()}, indent=2) + "\n", encoding="utf-8")

    def _load_state(self, directory: Path) -> None:
        state = json.loads((directory / _STATE).read_text(encoding="utf-8"))
        self.members = {name: Member(**member) for name, member in state.items()}
        self.models = {name: load_model(directory / _MEMBERS / name) for name in self.members}


def _texts_for(model: GenreModel, texts: Sequence[str]) -> Sequence[str]:
    return texts if model.reads == "described" else [split_facts(text)[1] for text in texts]


def _choose_terms(weights: dict[str, float], top: int) -> WeightedTerms:
    """Return the strongest terms; of a phrase and a word in it, the stronger."""
    chosen: WeightedTerms = []
    covered: set[str] = set()
    for term, weight in sorted(weights.items(), key=lambda pair: -pair[1]):
        words = term.split()
        if len(chosen) == top:
            break
        if weight > 0 and covered.isdisjoint(words):
            chosen.append((term, weight))
            covered.update(words)
    return chosen
