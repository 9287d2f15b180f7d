"""How many of a batch's labels are not their titles' own: what shuffled, guessed or planted labels look like to a model that didn't learn from them.

A quick model is learnt five times, each time from four fifths of old and new titles together, so that it knows the world of both and no title is judged by a
model that has seen it or a copy of it. Calibrated on the old ones, it says how likely a title's labels are; how often each genre occurs says how likely they
were if they belonged to another title. New labels are a mixture of the two, and the share of the second is estimated by maximum likelihood, less what old
titles show.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from trending.evaluation.bootstrap import DRAWS, draw_weights
from trending.features.labels import FloatMatrix, IntMatrix, encode_genres
from trending.features.masking import mask_genre_words
from trending.genres import GENRES
from trending.models.base import build_model
from trending.models.calibration import Calibrator

MOST = 1_500  # old and new titles that are looked at, each: half as many were enough in every test
_FOLDS, _MODEL = 5, "tfidf_logreg"
_SHARES = np.linspace(0, 1, 201)
_SURE = 1e-4  # no label is less likely than this: anybody may err


class NoiseEstimate(BaseModel):
    """The share of wrong labels, with a 99 % interval over groups of titles: a false alarm stops a release."""

    model_config = ConfigDict(extra="forbid")

    share: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        """As `0.02 [0.00, 0.05]`."""
        return f"{self.share:.2f} [{self.low:.2f}, {self.high:.2f}]"


def find_noise(old: pd.DataFrame, new: pd.DataFrame, seed: int) -> NoiseEstimate:
    """Return the share of new titles that carry somebody else's labels.

    Args:
        old: Titles whose labels are trusted: `plot`, `genres` and `group_id`.
        new: Titles whose labels are in doubt, at least 10. Of more than `MOST` of either, so many are drawn.
        seed: Of everything drawn.
    """
    chance = np.random.default_rng(seed)
    drawn = [part.iloc[chance.permutation(len(part))[:MOST]] for part in (old, new)]
    labels = np.concatenate([encode_genres(part["genres"]) for part in drawn])
    groups = np.concatenate([part["group_id"].astype(str) for part in drawn])
    scores = _score_unseen([mask_genre_words(plot) for part in drawn for plot in part["plot"]], labels, groups, chance, seed)
    is_new = np.arange(len(labels)) >= len(drawn[0])
    probabilities = Calibrator.fit(scores[~is_new], labels[~is_new]).apply(scores)
    doubted, trusted = (Answered(labels[rows], probabilities[rows], groups[rows].tolist()) for rows in (is_new, ~is_new))
    return estimate_noise(doubted, trusted, seed)


def _score_unseen(texts: list[str], labels: IntMatrix, groups: npt.NDArray[Any], chance: np.random.Generator, seed: int) -> FloatMatrix:
    """Return scores of texts by models that learnt neither from them nor from copies of them, shape (n, 20)."""
    codes = np.unique(groups, return_inverse=True)[1]
    fold = (chance.permutation(int(codes.max()) + 1) % _FOLDS)[codes]
    scores = np.zeros((len(texts), len(GENRES)))
    for number in range(_FOLDS):
        learnt, held_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        model = build_model(_MODEL)
        model.fit([texts[row] for row in learnt], labels[learnt], seed)
        scores[held_out] = model.predict_proba([texts[row] for row in held_out])
    return scores


class Answered(NamedTuple):
    """Labels and calibrated probabilities, shape (n, 20) each, of a model that didn't learn from them, and the group each title is of."""

    labels: IntMatrix
    probabilities: FloatMatrix
    groups: list[str]


def estimate_noise(doubted: Answered, trusted: Answered, seed: int, draws: int = DRAWS) -> NoiseEstimate:
    """Return the share of wrong labels among those in doubt, beyond that among trusted ones.

    Args:
        doubted: Titles whose labels are in doubt.
        trusted: Titles whose labels are trusted.
        seed: Of the bootstrap.
        draws: Of the bootstrap.
    """
    values, samples = [], []
    for offset, answered in enumerate((doubted, trusted)):
        likelihoods = _weigh_shares(answered.labels, answered.probabilities)
        weights = draw_weights(answered.groups, draws, seed + offset)
        values.append(_SHARES[likelihoods.sum(axis=0).argmax()])
        samples.append(_SHARES[(weights @ likelihoods).argmax(axis=1)])
    low, high = np.quantile(_exceed(*samples), [0.005, 0.995])
    return NoiseEstimate(share=float(_exceed(*values)), low=float(low), high=float(high), n=len(doubted.labels))


def _exceed(doubted: npt.NDArray[np.float64], trusted: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray((doubted - trusted) / np.maximum(1 - trusted, 0.5))


def _weigh_shares(labels: IntMatrix, probabilities: FloatMatrix) -> FloatMatrix:
    """Return, shape (n, shares), the log-likelihood of each title's labels if such a share of all labels were another title's."""
    own, other = (_log_likelihood(labels, part) for part in (probabilities, labels.mean(axis=0)))
    with np.errstate(divide="ignore"):
        return np.logaddexp(np.log1p(-_SHARES)[None, :] + own[:, None], np.log(_SHARES)[None, :] + other[:, None])


def _log_likelihood(labels: IntMatrix, probabilities: FloatMatrix) -> npt.NDArray[np.float64]:
    sure = np.clip(probabilities, _SURE, 1 - _SURE)
    return np.asarray((labels * np.log(sure) + (1 - labels) * np.log(1 - sure)).sum(axis=1))
