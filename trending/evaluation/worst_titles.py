"""The titles a model errs on most, with what a person needs to say whose error it is: the model's, or the label's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from trending.evaluation.metrics import Judged
from trending.genres import GENRES
from trending.models.base import WeightedTerms
from trending.models.logits import to_logits

WORST = 50
_EVIDENCE = 5
_YEARS_APART = 1  # of rows of one work: sources date a release by country
ErrorKind = Literal["missed", "added", "missed and added"]
Explain = Callable[[Sequence[str], Sequence[Sequence[int]], int], list[list[WeightedTerms]]]


class GenreError(BaseModel):
    """One genre of a title that is listed, predicted or both, with the words that spoke for it."""

    genre: str
    probability: float
    listed: bool
    predicted: bool
    evidence: list[str]


class LabelDoubt(BaseModel):
    """A genre whose label is likely wrong: the model is sure of the contrary, and so is another source's row of the same work."""

    genre: str
    listed: bool
    sources: list[str]


class WorstTitle(BaseModel):
    """A title, what is listed for it and what was predicted; `loss` is its log loss, summed over genres."""

    title_id: str
    title: str
    type: str
    year: int | None
    source: str
    text: str
    loss: float
    kind: ErrorKind
    genres: list[GenreError]
    doubts: list[LabelDoubt]


def find_worst(judged: Judged, rows: pd.DataFrame, texts: Sequence[str], explain: Explain, others: pd.DataFrame, count: int = WORST) -> list[WorstTitle]:
    """Return the titles with wrong decisions and the largest loss, the largest first.

    Args:
        judged: Labels, probabilities and decisions (n).
        rows: The titles, same rows; needs `title_id`, `title`, `type`, `year`, `source`, `group_id`.
        texts: What the model read of them (n).
        explain: The model's `explain`.
        others: Titles among which other rows of the same works are sought; needs `genres` too.
        count: How many titles.
    """
    wrong = np.flatnonzero((judged.decisions != (judged.labels == 1)).any(axis=1))
    losses = _sum_losses(judged)
    worst = wrong[np.argsort(-losses[wrong], kind="stable")][:count]
    asked = [np.flatnonzero(judged.decisions[row] | (judged.labels[row] == 1)).tolist() for row in worst]
    read = [texts[row] for row in worst]
    explained = explain(read, asked, _EVIDENCE) if len(worst) else []
    sure = _find_sure(judged)
    return [
        _describe(
            judged, rows.iloc[row], int(row), text, float(losses[row]), genres, terms, _doubt_labels(sure[row], judged.labels[row], rows.iloc[row], others)
        )
        for row, text, genres, terms in zip(worst, read, asked, explained, strict=True)
    ]


def _sum_losses(judged: Judged) -> npt.NDArray[np.float64]:
    logits = to_logits(judged.probabilities)
    return np.asarray((np.logaddexp(0, logits) - judged.labels * logits).sum(axis=1))


def _find_sure(judged: Judged) -> npt.NDArray[np.bool_]:
    """Say where the model is sure of the contrary of a label, shape (n, 20).

    A genre has then at least the probability of the average title listed under it though this one isn't, or at most that of the average other.

    Source: Northcutt et al., "Confident learning: estimating uncertainty in dataset labels" (2021).
    """
    found = np.zeros(judged.labels.shape, dtype=bool)
    for genre in range(judged.labels.shape[1]):
        listed, told = judged.labels[:, genre] == 1, judged.probabilities[:, genre]
        if listed.any() and not listed.all():
            found[:, genre] = np.where(listed, told <= told[~listed].mean(), told >= told[listed].mean())
    return found


def _doubt_labels(sure: npt.NDArray[np.bool_], labels: npt.NDArray[np.int8], row: pd.Series, others: pd.DataFrame) -> list[LabelDoubt]:
    same = others[(others["group_id"] == row["group_id"]) & (others["type"] == row["type"]) & (others["source"] != row["source"])]
    if row["type"] == "movie":  # a group holds remakes too; some sources give a show the year of its last season
        same = same[~((same["year"] - row["year"]).abs() > _YEARS_APART)]
    same = same[same["genres"].map(len) > 0]
    doubts = []
    for genre in np.flatnonzero(sure).tolist():
        listed = bool(labels[genre])
        agreeing = sorted({str(one.source) for one in same.itertuples() if (GENRES[genre] in one.genres) != listed})
        if agreeing:
            doubts.append(LabelDoubt(genre=GENRES[genre], listed=listed, sources=agreeing))
    return doubts


def _describe(
    judged: Judged, row: pd.Series, place: int, text: str, loss: float, genres: Sequence[int], terms: Sequence[WeightedTerms], doubts: list[LabelDoubt]
) -> WorstTitle:
    found = [
        GenreError(
            genre=GENRES[genre],
            probability=round(float(judged.probabilities[place, genre]), 4),
            listed=bool(judged.labels[place, genre]),
            predicted=bool(judged.decisions[place, genre]),
            evidence=[word for word, _ in words],
        )
        for genre, words in zip(genres, terms, strict=True)
    ]
    missed, added = any(one.listed and not one.predicted for one in found), any(one.predicted and not one.listed for one in found)
    return WorstTitle(
        title_id=str(row["title_id"]),
        title=str(row["title"]),
        type=str(row["type"]),
        year=None if pd.isna(row["year"]) else int(row["year"]),
        source=str(row["source"]),
        text=text,
        loss=round(loss, 3),
        kind="missed and added" if missed and added else "missed" if missed else "added",
        genres=sorted(found, key=lambda one: -one.probability),
        doubts=doubts,
    )
