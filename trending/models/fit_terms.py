"""Learning of TF-IDF terms, by scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

from trending.models.terms import Terms


def fit_terms(texts: Sequence[str], max_features: int, min_df: int, ngrams: int) -> tuple[Terms, Any]:
    """Learn the terms of a corpus; one too small for `min_df` is taken as it is.

    Returns:
        The terms, and the texts' features: a sparse float32 matrix, shape (n texts, n terms).
    """
    vectoriser = TfidfVectorizer(
        ngram_range=(1, ngrams),
        max_features=max_features,
        min_df=1 if len(texts) < 50 * min_df else min_df,
        sublinear_tf=True,
        strip_accents="unicode",
        dtype=np.float32,
    )
    matrix = vectoriser.fit_transform(texts)
    matrix.sort_indices()  # XGBoost's histograms write out of bounds on unsorted ones
    names = vectoriser.get_feature_names_out().tolist()
    telling = np.asarray([not ENGLISH_STOP_WORDS.issuperset(name.split()) for name in names])
    return Terms(names, vectoriser.idf_.astype(np.float32), telling, ngrams), matrix
