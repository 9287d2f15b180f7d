"""The reference in a release is what its held-out titles look like: numbers only, small, and the same from the same release."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from trending.catalogue.content import CatalogueContent
from trending.cleaning.clean import CleaningResult
from trending.genres import GENRES
from trending.monitoring.descriptors import COLUMNS, LABEL_COLUMNS, PROBABILITY_COLUMNS
from trending.monitoring.reference import REFERENCE_FILE, read_reference, write_reference
from trending.releases.bundle import load_bundle


def make_content(starter: CleaningResult, rows: int) -> CatalogueContent:
    """Titles of which half are held out, with probabilities drawn at random."""
    draws = np.random.default_rng(5)
    titles = starter.titles.iloc[:rows].reset_index(drop=True)
    probabilities = draws.random((rows, len(GENRES)))
    return CatalogueContent(titles, pd.Series(["test", "train"] * (rows // 2)), probabilities, probabilities >= 0.8)


def test_a_release_carries_rows_of_its_held_out_titles_and_of_no_others(bundle: Path) -> None:
    release = load_bundle(bundle)
    rows, vectors = read_reference(bundle)
    assert list(rows.columns) == list(COLUMNS)
    assert len(rows) > 200
    assert rows[list(PROBABILITY_COLUMNS)].to_numpy().max() <= 1
    assert set(np.unique(rows[list(LABEL_COLUMNS)])) == {0.0, 1.0}
    assert (vectors is not None) == (release.vectors is not None)
    if vectors is not None:
        assert len(vectors) == min(500, len(rows))
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=0.01)


def test_what_was_learnt_from_is_left_out(starter: CleaningResult, tmp_path: Path) -> None:
    content = make_content(starter, 400)
    content = replace(content, titles=content.titles.assign(plot=["held out"] * 1 + ["learnt"] * 399))
    write_reference(tmp_path, replace(content, splits=pd.Series(["validation"] + ["train"] * 399)), None)
    rows, _ = read_reference(tmp_path)
    assert rows["characters"].tolist() == [len("held out")]


def test_a_reference_of_a_thousand_titles_with_vectors_takes_less_than_a_megabyte(starter: CleaningResult, tmp_path: Path) -> None:
    vectors = np.random.default_rng(1).standard_normal((1_000, 384)).astype(np.float32)
    content = replace(make_content(starter, 1_000), splits=pd.Series(["test"] * 1_000))
    write_reference(tmp_path, content, vectors)
    assert (tmp_path / REFERENCE_FILE).stat().st_size < 1_000_000
    assert len(read_reference(tmp_path)[0]) == 1_000


def test_the_same_release_has_the_same_reference_byte_for_byte(starter: CleaningResult, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_reference(tmp_path / name, make_content(starter, 200), None)
    assert (tmp_path / "one" / REFERENCE_FILE).read_bytes() == (tmp_path / "two" / REFERENCE_FILE).read_bytes()


def test_a_release_without_held_out_titles_has_an_empty_reference(starter: CleaningResult, tmp_path: Path) -> None:
    write_reference(tmp_path, replace(make_content(starter, 20), splits=pd.Series([None] * 20)), np.ones((20, 3), np.float32))
    rows, vectors = read_reference(tmp_path)
    assert rows.empty
    assert vectors is None
