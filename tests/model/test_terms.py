"""Reading of texts: the same features as scikit-learn's vectoriser gives, to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from trending.models.fit_terms import fit_terms
from trending.models.terms import Terms


@pytest.mark.parametrize("ngrams", [1, 2, 3])
def test_a_text_is_read_as_scikit_learn_reads_it(examples: pd.DataFrame, tmp_path: Path, ngrams: int) -> None:
    corpus = examples["text"].dropna().tolist()
    fit_terms(corpus, 5_000, 3, ngrams)[0].save(tmp_path)
    terms = Terms.load(tmp_path, ngrams)
    reference = TfidfVectorizer(ngram_range=(1, ngrams), max_features=5_000, min_df=3, sublinear_tf=True, strip_accents="unicode", dtype=np.float32)
    reference.fit(corpus)
    assert terms.names == reference.get_feature_names_out().tolist()
    texts = [*corpus, "", " ", "a", "zzqq", "\u00c9t\u00e9 \u00e0 la MER", "\u0130stanbul \ufb01re", "ghost " * 500, "\u202e\0"]
    theirs = reference.transform(texts)
    theirs.sort_indices()
    for text, row in zip(texts, theirs, strict=True):
        columns, values = terms.read(text)
        assert np.array_equal(columns, row.indices)
        assert np.array_equal(values, row.data)


def test_words_that_tell_nothing_are_no_evidence() -> None:
    terms, _ = fit_terms(["the ghost of the house", "of the moon", "a house of ghosts"], 100, 1, 2)
    columns = np.arange(len(terms), dtype=np.int32)
    shown = terms.explain(columns, np.ones(len(terms), dtype=np.float32), 100)
    assert {"ghost", "house", "moon"} <= {name for name, _ in shown}
    assert not {"the", "of", "of the"} & {name for name, _ in shown}
