"""Behavioural tests of a model: what must not change its mind, what must, and what is clear enough for any model.

After Ribeiro et al., "Beyond accuracy: behavioral testing of NLP models with CheckList" (2020). They need no labels, and they say what accuracy
on titles of the same catalogues can't: whether a model reads what a person would.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from trending.errors import QualityError
from trending.evaluation.judgement import Figure
from trending.evaluation.perturbations import NAMES, add_noise, fill_names, shuffle_sentences, split_sentences, swap_letters
from trending.features.labels import FloatMatrix
from trending.genres import GENRE_INDEX

Kind = Literal["invariance", "directional", "minimum functionality"]
TOLERANCE = 0.1  # how far no genre's probability may move where nothing that matters has changed
TOP = 3  # a clear case's genre is among so many
_PLOTS, _TOLD = 150, 30  # of a catalogue, changed and added to
_CAST = 4  # names put into each template beside the first


class Scorer(Protocol):
    """What is tested: a `trending.models.predictor.Predictor`, say."""

    def prepare(self, text: str) -> str:
        """Return a text as the model reads it."""

    def predict_proba(self, prepared: Sequence[str]) -> FloatMatrix:
        """Return probabilities, shape (n, 20)."""


class BehaviourResult(BaseModel):
    """What came of one test.

    Attributes:
        kind: What sort of test it is.
        name: What was changed, or the genre.
        cases: Texts, or pairs of them.
        failures: Those on which the model did not behave.
        rate: Failures as a share, with Wilson's 95 % interval.
        move: How far probabilities moved on average: the genre's that moved most (invariance), or the one that was spoken for (directional).
    """

    kind: Kind
    name: str
    cases: int
    failures: int
    rate: Figure
    move: float | None = None


class BehaviourBounds(BaseModel):
    """The share of cases a model may fail before it is refused, by kind, all tests of the kind together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    invariance: float = Field(0.2, ge=0, le=1)
    directional: float = Field(0.1, ge=0, le=1)
    minimum_functionality: float = Field(0.4, ge=0, le=1)

    def bound(self, kind: Kind) -> float:
        """Return the bound of a kind."""
        return float(getattr(self, kind.replace(" ", "_")))


def load_cases() -> dict[str, dict[str, Any]]:
    """Return, per genre, invented `plots` (templates for `fill_names`) and a `clause` that speaks for it."""
    return tomllib.loads((resources.files("trending.evaluation") / "behaviour_plots.toml").read_text(encoding="utf-8"))


def run_behaviour(scorer: Scorer, plots: Sequence[str], seed: int) -> list[BehaviourResult]:
    """Run every test.

    Args:
        scorer: What is tested.
        plots: Of a catalogue; up to 150 are changed, up to 30 added to.
        seed: Chooses them, and what is changed in them.
    """
    chance = random.Random(seed)  # noqa: S311 - chooses texts, not secrets
    chosen = chance.sample(sorted(set(plots)), min(_PLOTS, len(set(plots))))
    cases = load_cases()

    def score(texts: Sequence[str]) -> FloatMatrix:
        return scorer.predict_proba([scorer.prepare(text) for text in texts])

    return [*_test_invariance(score, chosen, cases, chance), *_test_direction(score, chosen[:_TOLD], cases), *_test_functionality(score, cases)]


_Score = Callable[[Sequence[str]], FloatMatrix]
_Cases = Mapping[str, Mapping[str, Any]]


def _test_invariance(score: _Score, plots: Sequence[str], cases: _Cases, chance: random.Random) -> list[BehaviourResult]:
    templates = [plot for one in cases.values() for plot in one["plots"] if fill_names(plot, NAMES[0]) != fill_names(plot, NAMES[1])]
    casts = [(plot, names) for plot in templates for names in chance.sample(NAMES[1:], _CAST)]
    long = [plot for plot in plots if len(set(split_sentences(plot))) > 1]
    changes = {
        "names of people and places": [(fill_names(plot, NAMES[0]), fill_names(plot, names)) for plot, names in casts],
        "letters swapped": [(plot, swap_letters(plot, chance)) for plot in plots],
        "white space and punctuation": [(plot, add_noise(plot, chance)) for plot in plots],
        "order of sentences": [(plot, shuffle_sentences(plot, chance)) for plot in long],
    }
    results = []
    for name, pairs in changes.items():
        before, after = (score([pair[side] for pair in pairs]) for side in (0, 1))
        moves = np.abs(after - before).max(axis=1) if pairs else np.zeros(0)
        results.append(_summarise("invariance", name, moves > TOLERANCE, moves))
    return results


def _test_direction(score: _Score, plots: Sequence[str], cases: _Cases) -> list[BehaviourResult]:
    before = score(plots)
    results = []
    for genre, one in cases.items():
        after = score([f"{plot} {one['clause']}" for plot in plots])
        rise = after[:, GENRE_INDEX[genre]] - before[:, GENRE_INDEX[genre]]
        results.append(_summarise("directional", genre, rise <= 0, rise))
    return results


def _test_functionality(score: _Score, cases: _Cases) -> list[BehaviourResult]:
    results = []
    for genre, one in cases.items():
        scores = score([fill_names(plot, NAMES[0]) for plot in one["plots"]])
        # Genres that are exactly as probable count as before it: a model that finds all alike has found nothing.
        place = (scores >= scores[:, [GENRE_INDEX[genre]]]).sum(axis=1)
        results.append(_summarise("minimum functionality", genre, place > TOP))
    return results


def _summarise(kind: Kind, name: str, failed: npt.NDArray[np.bool_], moves: npt.NDArray[np.float64] | None = None) -> BehaviourResult:
    move = float(moves.mean()) if moves is not None and len(moves) else None
    return BehaviourResult(kind=kind, name=name, cases=len(failed), failures=int(failed.sum()), rate=_share(int(failed.sum()), len(failed)), move=move)


def _share(count: int, of: int) -> Figure:
    if not of:
        return Figure(value=0.0, low=0.0, high=1.0)
    from scipy.stats import binomtest

    low, high = binomtest(count, of).proportion_ci(method="wilson")
    return Figure(value=count / of, low=float(low), high=float(high))


def add_up_behaviour(results: Sequence[BehaviourResult]) -> dict[Kind, Figure]:
    """Return the share of failures of each kind, all its tests together."""
    kinds: dict[Kind, list[BehaviourResult]] = {}
    for one in results:
        kinds.setdefault(one.kind, []).append(one)
    return {kind: _share(sum(one.failures for one in part), sum(one.cases for one in part)) for kind, part in kinds.items()}


def check_behaviour(results: Sequence[BehaviourResult], bounds: BehaviourBounds) -> None:
    """Refuse a model that fails more than it may.

    Raises:
        QualityError: Naming the first kind of test, its share of failures, and the test that fails most.
    """
    for kind, share in add_up_behaviour(results).items():
        if share.value > bounds.bound(kind):
            worst = max((one for one in results if one.kind == kind), key=lambda one: one.rate.value)
            what = f"the model fails {share.value:.0%} of the {kind} tests, at most {bounds.bound(kind):.0%} may be"
            raise QualityError(
                f"{what} (worst: {worst.name}, {worst.failures} of {worst.cases})",
                where=f"behaviour {kind}",
                mend=f"look at the behaviour report; if that is acceptable, raise behaviour.{kind.replace(' ', '_')}",
            )
