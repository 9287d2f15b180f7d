"""TF-IDF with one logistic regression per genre: the reference that everything dearer has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from safetensors.numpy import load_file, save_file

from trending.features.labels import FloatMatrix, IntMatrix
from trending.genres import GENRES
from trending.models.base import GenreModel, Labelled, WeightedTerms
from trending.models.logits import sigmoid
from trending.models.terms import Terms

_STATE = "logreg.safetensors"


class TfidfLogRegModel(GenreModel):
    """One-vs-rest logistic regression on words and bigrams."""

    kind = "tfidf_logreg"
    quick = True
    limits: ClassVar[dict[str, float]] = {"ngrams": 5}

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """`C`: inverse regularisation strength; `balanced`: weigh the rare class up."""
        return {"max_features": 120_000, "ngrams": 2, "min_df": 2, "C": 4.0, "balanced": True}

    def fit(self, texts: Sequence[str], labels: IntMatrix, seed: int, validation: Labelled | None = None) -> None:
        """Learn the terms, then a regression per genre in threads."""
        from joblib import Parallel, delayed
        from sklearn.linear_model import LogisticRegression

        from trending.models.fit_terms import fit_terms

        self.terms, matrix = fit_terms(texts, self.params["max_features"], self.params["min_df"], self.params["ngrams"])
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

    def predict_proba(self, texts: Sequence[str]) -> FloatMatrix:
        """Return the regressions' scores, shape (n, 20); a text's are the same whatever it is asked with."""
        scores = np.empty((len(texts), len(GENRES)), dtype=np.float32)
        for number, text in enumerate(texts):
            columns, values = self.terms.read(text)
            scores[number] = values @ self.coefficients[columns]
        return sigmoid((scores + self.intercepts).astype(np.float64))

    def explain(self, texts: Sequence[str], genres: Sequence[Sequence[int]], top: int) -> list[list[WeightedTerms]]:
        """Return the terms with the largest weight times TF-IDF."""
        found = []
        for text, asked in zip(texts, genres, strict=True):
            columns, values = self.terms.read(text)
            found.append([self.terms.explain(columns, values * self.coefficients[columns, genre], top) for genre in asked])
        return found

    def _save_state(self, directory: Path) -> None:
        self.terms.save(directory)
        save_file({"coefficients": self.coefficients, "intercepts": self.intercepts}, directory / _STATE)

    def _load_state(self, directory: Path) -> None:
        self.terms = Terms.load(directory, self.params["ngrams"])
        state = load_file(directory / _STATE)
        self.coefficients, self.intercepts = state["coefficients"], state["intercepts"]
