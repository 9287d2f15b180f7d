"""How favourable a review reads: a linear model over words and pairs of words with a calibrated probability, learnt from labelled reviews.

Serving needs the shipped weights and nothing else; `python -m benchmarks.review_scorer` trains, measures and writes them.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

import numpy as np

WEIGHTS = "scorer.npz"
# Weights are stored as whole multiples of this: training again on another machine then gives the same file, whatever its rounding.
QUANTUM = 1 / 64
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[!?]")
_MIN_TERMS, _MAX_TERMS, _REFERENCE_TERMS = 5, 1_000, 100


def list_terms(text: str) -> set[str]:
    """Return the distinct words and pairs of neighbouring words of a text, in lower case; `!` and `?` count as words."""
    words = _WORD.findall(text.lower().replace("\u2019", "'"))
    return {*words, *map(" ".join, pairwise(words))}


def length_factor(known_terms: int) -> float:
    """Return what calibration knows of a text's length: the logarithm of its known terms beside 100 of them."""
    return math.log(min(max(known_terms, _MIN_TERMS), _MAX_TERMS) / _REFERENCE_TERMS)


class Reading(NamedTuple):
    """What the scorer makes of a text: the score, how many terms it knows, and their share of all."""

    score: float
    known: int
    share: float


@dataclass(frozen=True)
class ReviewScorer:
    """Weights of the terms, the words that reviewers use, and the numbers of calibration.

    The model is logistic regression on naive-Bayes log-count ratios (Wang and Manning 2012, "Baselines and bigrams"), the sum divided by the root of the
    number of known terms; the probability is Platt's with a slope that depends on length, as one sentence proves less than a page.
    """

    weights: Mapping[str, float]
    words: frozenset[str]
    bias: float
    slope: float
    length_slope: float
    offset: float

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> ReviewScorer:
        """Return the scorer that ships with the package."""
        with np.load(io.BytesIO(files("trending.insights").joinpath(WEIGHTS).read_bytes()), allow_pickle=False) as stored:
            terms = stored["terms"].tobytes().decode().split("\n")
            weights = dict(zip(terms, (stored["weights"].astype(np.float64) * QUANTUM).tolist(), strict=True))
            return cls(weights, frozenset(stored["words"].tobytes().decode().split("\n")), *stored["numbers"].tolist())

    def score(self, text: str) -> float:
        """Return the probability that whoever wrote `text` liked what it is about: 0 to 1, about 0.5 where nothing is known."""
        return self.read(text).score

    def read(self, text: str) -> Reading:
        """Return the score of a text and how much of it was known."""
        terms = list_terms(text)
        known = [weight for term in terms if (weight := self.weights.get(term)) is not None]
        if not known:
            return Reading(0.5, 0, 0.0)
        margin = math.fsum(known) / math.sqrt(len(known)) + self.bias
        score = 1 / (1 + math.exp(-(margin * (self.slope + self.length_slope * length_factor(len(known))) + self.offset)))
        return Reading(score, len(known), len(known) / len(terms))

    def score_all(self, texts: Iterable[str]) -> list[float]:
        """Score several texts."""
        return [self.score(text) for text in texts]

    def knows(self, word: str) -> bool:
        """Return whether `word`, in lower case, is one that several reviewers used: a word of English, if not of every dictionary."""
        return word in self.words
