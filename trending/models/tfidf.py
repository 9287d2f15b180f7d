"""TF-IDF features that can be stored without pickle (words in a JSON file, weights as safetensors), and the models' common ground on them."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

from trending.features.labels import FloatMatrix
from trending.genres import GENRES
from trending.models.base import GenreModel

_TERMS, _WEIGHTS = "terms.json", "idf.safetensors"
_REMEMBERED = 128
Row = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]  # columns and values of a text


def build_vectoriser(max_features: int, ngrams: int, min_df: int) -> TfidfVectorizer:
    """Return an unfitted vectoriser: words and n-grams, accents stripped, sublinear term frequency, unit length."""
    return TfidfVectorizer(
        ngram_range=(1, ngrams),
        max_features=max_features,
        min_df=min_df,
        sublinear_tf=True,
        strip_accents="unicode",
        token_pattern=r"(?u)\b\w\w+\b",
        dtype=np.float32,
    )


def fit_vectoriser(vectoriser: TfidfVectorizer, texts: Any) -> Any:
    """Fit and transform; a corpus too small for `min_df` is taken as it is.

    Returns:
        A sparse float32 matrix, shape (n texts, n terms).
    """
    if len(texts) < 50 * int(vectoriser.min_df):
        vectoriser.set_params(min_df=1)
    matrix = vectoriser.fit_transform(texts)
    matrix.sort_indices()  # XGBoost's histograms write out of bounds on unsorted ones
    return matrix


def save_vectoriser(vectoriser: TfidfVectorizer, directory: Path) -> None:
    """Write the terms, in column order, and their inverse document frequencies."""
    (directory / _TERMS).write_text(json.dumps(list_terms(vectoriser), ensure_ascii=False), encoding="utf-8")
    save_file({"idf": np.asarray(vectoriser.idf_, dtype=np.float32)}, directory / _WEIGHTS)


def load_vectoriser(vectoriser: TfidfVectorizer, directory: Path) -> TfidfVectorizer:
    """Give a vectoriser made with the same parameters what `save_vectoriser` wrote."""
    terms = json.loads((directory / _TERMS).read_text(encoding="utf-8"))
    vectoriser.vocabulary_ = {term: column for column, term in enumerate(terms)}
    vectoriser.fixed_vocabulary_ = True
    vectoriser.idf_ = load_file(directory / _WEIGHTS)["idf"]
    return vectoriser


def list_terms(vectoriser: TfidfVectorizer) -> list[str]:
    """Return the terms in column order."""
    return sorted(vectoriser.vocabulary_, key=vectoriser.vocabulary_.__getitem__)


def sparse_rows(matrix: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the columns and values of each row of a CSR matrix."""
    for start, end in pairwise(matrix.indptr):
        yield matrix.indices[start:end], matrix.data[start:end]


def top_terms(terms: Sequence[str], columns: Any, values: Any, weights: Any, top: int) -> list[tuple[str, float]]:
    """Return the terms of one text that contribute most to a score, strongest first.

    Args:
        terms: All terms in column order.
        columns: Columns of the terms in the text, shape (k,).
        values: Their values, shape (k,).
        weights: The score's weight per term, shape (n terms,).
        top: How many at the most.
    """
    contributions = values * weights[columns]
    order = np.argsort(-contributions, kind="stable")
    chosen: list[tuple[str, float]] = []
    for column, weight in zip(columns[order].tolist(), contributions[order].tolist(), strict=True):
        if weight <= 0 or len(chosen) == top:
            break
        term = terms[column]
        words = term.split()
        if ENGLISH_STOP_WORDS.issuperset(words):
            continue  # its weight is real, but no one learns anything from being shown "on"
        # "outer" and "outer space" are one piece of evidence: keep the stronger.
        if not any(term in known.split() or known in words for known, _ in chosen):
            chosen.append((term, weight))
    return chosen


class TfidfGenreModel(GenreModel):
    """A genre model on TF-IDF features; what it learns on them is up to the subclass.

    Its parameters hold `max_features`, `min_df` and, if not single words alone, `ngrams`.
    """

    def __init__(self, **params: Any) -> None:
        """Build the vectoriser the parameters describe."""
        super().__init__(**params)
        self.vectoriser = build_vectoriser(self.params["max_features"], self.params.get("ngrams", 1), self.params["min_df"])

    @cached_property
    def terms(self) -> list[str]:
        """The terms in column order; kept, for listing them takes as long as several predictions."""
        return list_terms(self.vectoriser)

    @abstractmethod
    def score(self, matrix: Any) -> FloatMatrix:
        """Return scores in [0, 1] for a sparse matrix of shape (n, n terms)."""

    def predict_proba(self, texts: Sequence[str]) -> FloatMatrix:
        """Return scores, shape (n, 20)."""
        return self.score(self.vectorise(texts)) if texts else np.zeros((0, len(GENRES)))

    def vectorise(self, texts: Sequence[str]) -> Any:
        """Return the same sparse matrix as the vectoriser's own `transform`, to the last bit.

        For a single text scikit-learn checks its input five times as long as it works on it, and a service asks for single texts.
        """
        rows = [self.read(text) for text in texts]
        ends = np.cumsum([0, *(len(columns) for columns, _ in rows)], dtype=np.int32)
        columns, values = (np.concatenate(part) for part in zip(*rows, strict=True))
        return csr_matrix((values, columns, ends), shape=(len(rows), len(self.vectoriser.vocabulary_)))

    @cached_property
    def read(self) -> Callable[[str], Row]:
        """The reader of one text, to columns and values; it remembers the last ones, as whoever asks what a text is asks why next."""
        analyse, idf, find = self.vectoriser.build_analyzer(), self.vectoriser.idf_, self.vectoriser.vocabulary_.get

        @lru_cache(maxsize=_REMEMBERED)
        def read(text: str) -> Row:
            counts = Counter(column for term in analyse(text) if (column := find(term)) is not None)
            columns = np.asarray(sorted(counts), dtype=np.int32)
            values = np.log(np.asarray([counts[column] for column in columns.tolist()], dtype=np.float32)) + np.float32(1)
            values *= idf[columns]
            length = np.sqrt(np.add.accumulate(values * values, dtype=np.float64)[-1]) if len(values) else 1.0
            return columns, (values / length).astype(np.float32)

        return read
