"""Matching of the shared data, blind to ids: precision and recall where the truth is known, and better than comparing titles and years."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmarks.matching_quality import list_pairs, match_catalogue
from benchmarks.matching_truth import Truth, label_by_directors, label_by_ids, read_catalogue
from benchmarks.perturb import RAW_SCHEMA, write_perturbed


@pytest.fixture(scope="module")
def catalogue(shared_data: Path) -> pd.DataFrame:
    return read_catalogue(shared_data)


@pytest.fixture(scope="module")
def works(catalogue: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> pd.Series:
    return match_catalogue(catalogue, tmp_path_factory.mktemp("matching"), plots=True)


def measure(catalogue: pd.DataFrame, works: pd.Series, truth: Truth) -> tuple[float, float]:
    """Return precision and recall."""
    known = catalogue["title_id"].isin(truth.key)
    verdicts = [verdict for pair in list_pairs(catalogue.loc[known, "title_id"], works[known]) if (verdict := truth.judge(pair)) is not None]
    return sum(verdicts) / len(verdicts), sum(verdicts) / len(truth.same)


def test_pairs_with_known_ids_are_matched(catalogue: pd.DataFrame, works: pd.Series) -> None:
    truth = label_by_ids(catalogue, as_labelled=False)
    precision, recall = measure(catalogue, works, truth)
    assert len(truth.same) >= 200
    assert precision >= 0.98
    assert recall >= 0.90


def test_films_with_known_directors_are_matched(catalogue: pd.DataFrame, works: pd.Series, shared_data: Path) -> None:
    truth = label_by_directors(catalogue, shared_data)
    precision, recall = measure(catalogue, works, truth)
    assert len(truth.same) >= 1_500
    assert precision >= 0.98
    assert recall >= 0.95
    by_year = catalogue["key"] + catalogue["type"] + catalogue["year"].astype(str)
    assert recall > measure(catalogue, by_year, truth)[1]


def test_perturbed_titles_are_as_many_as_asked_for_and_the_same_every_time(shared_data: Path, tmp_path: Path) -> None:
    source = tmp_path / "few.parquet"
    pq.write_table(pq.read_table(shared_data / "titles.parquet").slice(0, 300), source)
    for name in ("one", "two"):
        write_perturbed(source, tmp_path / name, 1_000, seed=5)
    table = pq.read_table(tmp_path / "one")
    assert table.schema.equals(RAW_SCHEMA)
    assert table.equals(pq.read_table(tmp_path / "two"))
    frame = table.to_pandas()
    assert frame["title_id"].nunique() == len(frame) == 1_000
    assert not frame["imdb_id"].dropna().duplicated().any()
    assert frame["imdb_id"].notna().any()
