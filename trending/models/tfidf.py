"""TF-IDF features that can be stored without pickle: words in a JSON file, weights as safetensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

_TERMS, _WEIGHTS = "terms.json", "idf.safetensors"


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
    return vectoriser.fit_transform(texts)


def save_vectoriser(vectoriser: TfidfVectorizer, directory: Path) -> None:
    """Write the terms, in column order, and their inverse document frequencies."""
    terms = sorted(vectoriser.vocabulary_, key=vectoriser.vocabulary_.__getitem__)
    (directory / _TERMS).write_text(json.dumps(terms, ensure_ascii=False), encoding="utf-8")
    save_file({"idf": np.asarray(vectoriser.idf_, dtype=np.float32)}, directory / _WEIGHTS)


def load_vectoriser(vectoriser: TfidfVectorizer, directory: Path) -> TfidfVectorizer:
    """Give a vectoriser made with the same parameters what `save_vectoriser` wrote."""
    terms = json.loads((directory / _TERMS).read_text(encoding="utf-8"))
    vectoriser.vocabulary_ = {term: column for column, term in enumerate(terms)}
    vectoriser.fixed_vocabulary_ = True
    vectoriser.idf_ = load_file(directory / _WEIGHTS)["idf"]
    return vectoriser


def top_terms(vectoriser: TfidfVectorizer, row: Any, weights: Any, top: int) -> list[tuple[str, float]]:
    """Return the terms of one text that contribute most to a linear score, strongest first.

    Args:
        vectoriser: The fitted vectoriser.
        row: One sparse row, shape (1, n terms).
        weights: The score's weight per term, shape (n terms,).
        top: How many at the most.
    """
    contributions = row.data * weights[row.indices]
    order = np.argsort(-contributions, kind="stable")
    names = vectoriser.get_feature_names_out()
    chosen: list[tuple[str, float]] = []
    for position in order:
        weight = float(contributions[position])
        if weight <= 0 or len(chosen) == top:
            break
        term = str(names[row.indices[position]])
        if all(word in ENGLISH_STOP_WORDS for word in term.split()):
            continue  # its weight is real, but no one learns anything from being shown "on"
        # "outer" and "outer space" are one piece of evidence: keep the stronger.
        if not any(term in known.split() or known in term.split() for known, _ in chosen):
            chosen.append((term, weight))
    return chosen
