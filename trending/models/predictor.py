"""A fitted model with its calibration and thresholds: from plain text to genres with reasons. What releases carry and apps serve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trending.features.labels import FloatMatrix
from trending.features.store.plots import prepare_plot
from trending.genres import GENRES
from trending.models.base import GenreModel, WeightedTerms
from trending.models.calibration import Calibrator, FloatVector
from trending.predictions import Evidence, GenrePrediction, Prediction


class Predictor:
    """Repairs and masks a text as training did, then scores, calibrates, decides and explains."""

    def __init__(self, model: GenreModel, calibrator: Calibrator, thresholds: FloatVector, bands: Sequence[tuple[float, float]] | None = None) -> None:
        """Take the parts.

        Args:
            model: Fitted.
            calibrator: Of its scores.
            thresholds: Shape (20,).
            bands: Per genre, the probabilities too near the threshold to decide, its ends included; by default the threshold alone.
        """
        self.model = model
        self.calibrator = calibrator
        self.thresholds = thresholds
        self.bands = np.asarray(bands if bands is not None else np.column_stack([thresholds, thresholds]), dtype=np.float64)

    def prepare(self, text: str, facts: str = "") -> str:
        """Return the text as the model reads it.

        Args:
            text: A plot.
            facts: What else is known of the title, as `trending.features.facts.write_facts` says it; for models that read it.
        """
        plot = prepare_plot(text)
        return facts + plot if self.model.reads == "described" else plot

    def predict_proba(self, prepared: Sequence[str]) -> FloatMatrix:
        """Return calibrated probabilities for prepared texts, shape (n, 20)."""
        return self.calibrator.apply(self.model.predict_proba(prepared))

    def decide(self, probabilities: FloatMatrix) -> npt.NDArray[np.bool_]:
        """Return which genres are predicted, shape (n, 20)."""
        return np.asarray(probabilities >= self.thresholds)

    def predict(self, texts: Sequence[str], evidence: int = 5, facts: Sequence[str] | None = None) -> list[Prediction]:
        """Predict genres with up to `evidence` words each for a few texts, with the `facts` of each where they are known."""
        prepared = [self.prepare(text, known) for text, known in zip(texts, facts or [""] * len(texts), strict=True)]
        probabilities = self.predict_proba(prepared)
        ranked = np.argsort(-probabilities, kind="stable", axis=1)
        genres = [order[row[order] >= self.thresholds[order]].tolist() for order, row in zip(ranked, probabilities, strict=True)]
        explained = self.model.explain(prepared, genres, evidence) if evidence else [[[] for _ in asked] for asked in genres]
        return [self._describe(*parts) for parts in zip(probabilities, genres, explained, strict=True)]

    def _describe(self, probabilities: FloatVector, genres: Sequence[int], explained: Sequence[WeightedTerms]) -> Prediction:
        rounded = [round(score, 4) for score in probabilities.tolist()]
        found = [
            GenrePrediction(genre=GENRES[genre], probability=rounded[genre], threshold=round(float(self.thresholds[genre]), 4), evidence=_shares(terms))
            for genre, terms in zip(genres, explained, strict=True)
        ]
        doubtful = (probabilities >= self.bands[:, 0]) & (probabilities <= self.bands[:, 1])
        return Prediction(genres=found, scores=dict(zip(GENRES, rounded, strict=True)), uncertain=[GENRES[genre] for genre in np.flatnonzero(doubtful)])


def _shares(weighted: Sequence[tuple[str, float]]) -> list[Evidence]:
    total = sum(weight for _, weight in weighted) or 1.0
    return [Evidence(text=text, weight=round(weight / total, 3)) for text, weight in weighted]
