"""TF-IDF with one logistic regression per genre: the reference that everything dearer has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from joblib import Parallel, delayed
from safetensors.numpy import load_file, save_file
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from trending.features.labels import FloatMatrix, IntMatrix
from trending.genres import GENRES
from trending.models.base import WeightedTerms
from trending.models.tfidf import TfidfGenreModel, fit_vectoriser, load_vectoriser, save_vectoriser, top_terms

_STATE = "logreg.safetensors"


class TfidfLogRegModel(TfidfGenreModel):
    """One-vs-rest logistic regression on words and bigrams."""

    kind = "tfidf_logreg"
    quick = True
    limits: ClassVar[dict[str, float]] = {"ngrams": 5}

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """`C`: inverse regularisation strength; `balanced`: weigh the rare class up."""
        return {"max_features": 120_000, "ngrams": 2, "min_df": 2, "C": 4.0, "balanced": True}

    def fit(self, texts: Sequence[str], labels: IntMatrix, seed: int) -> None:
        """Fit the vectoriser, then a regression per genre in threads."""
        matrix = fit_vectoriser(self.vectoriser, texts)
        weight = "balanced" if self.params["balanced"] else None

        def fit_genre(target: Any) -> tuple[Any, float]:
            if target.min() == target.max():  # a genre that all or none have: nothing to learn but that
                return np.zeros(matrix.shape[1]), 10.0 if target.max() else -10.0
            regression = LogisticRegression(C=self.params["C"], class_weight=weight, solver="liblinear", random_state=seed)
            regression.fit(matrix, target)
            return regression.coef_[0], float(regression.intercept_[0])

        fitted = Parallel(n_jobs=-1, prefer="threads")(delayed(fit_genre)(labels[:, genre]) for genre in range(len(GENRES)))
        self.coefficients = np.asarray([pair[0] for pair in fitted], dtype=np.float32).T.copy()
        self.intercepts = np.asarray([pair[1] for pair in fitted], dtype=np.float32)

    def score(self, matrix: Any) -> FloatMatrix:
        """Return the regressions' scores."""
        return np.asarray(expit((matrix @ self.coefficients + self.intercepts).astype(np.float64)))

    def explain(self, texts: Sequence[str], genres: Sequence[Sequence[int]], top: int) -> list[list[WeightedTerms]]:
        """Return the terms with the largest weight times TF-IDF."""
        rows = (self.read(text) for text in texts)
        return [[top_terms(self.terms, *row, self.coefficients[:, genre], top) for genre in asked] for row, asked in zip(rows, genres, strict=True)]

    def _save_state(self, directory: Path) -> None:
        save_vectoriser(self.vectoriser, directory)
        save_file({"coefficients": self.coefficients, "intercepts": self.intercepts}, directory / _STATE)

    def _load_state(self, directory: Path) -> None:
        load_vectoriser(self.vectoriser, directory)
        state = load_file(directory / _STATE)
        self.coefficients, self.intercepts = state["coefficients"], state["intercepts"]
