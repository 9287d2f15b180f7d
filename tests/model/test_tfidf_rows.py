"""Reading of single texts: the same features as scikit-learn's own vectoriser gives, to the last bit."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
import pytest

from trending.models.base import GenreModel
from trending.models.tfidf import TfidfGenreModel


@pytest.mark.parametrize("kind", ["tfidf_logreg", "xgboost"])
def test_a_text_is_read_as_scikit_learn_reads_it(fitted_models: dict[str, GenreModel], examples: pd.DataFrame, kind: str) -> None:
    model = cast("TfidfGenreModel", fitted_models[kind])
    texts = [*examples["text"].dropna(), "", " ", "a", "zzqq", "\u00c9t\u00e9 \u00e0 la MER", "ghost " * 500, "\u202e\0"]
    ours, theirs = model.vectorise(texts), model.vectoriser.transform(texts)
    theirs.sort_indices()
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    for name in ("data", "indices", "indptr"):
        assert np.array_equal(getattr(ours, name), getattr(theirs, name))
