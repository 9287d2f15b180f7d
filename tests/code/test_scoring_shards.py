"""Scoring in shards: cut anywhere it may be cut, the joined predictions are the bytes that one process would have written."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trending.cleaning.clean import CleaningResult
from trending.errors import QualityError
from trending.genres import GENRES
from trending.models.calibration import Calibrator
from trending.models.fitting import fit_model
from trending.models.predictor import Predictor
from trending.releases import load_bundle
from trending.scoring import PREDICTIONS_FILE, TITLES_FILE
from trending.scoring.apart import score_apart
from trending.scoring.predictions import ScoringReport
from trending.scoring.shards import cut_titles, join_predictions, join_reports, plan_shards
from trending.scoring.stream import score_titles
from trending.tables import TITLE_SCHEMA

NOON = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def predictor(examples: pd.DataFrame) -> Predictor:
    """A quick model with thresholds that many titles are near."""
    model, _ = fit_model("tfidf_logreg", {}, examples, 17)
    return Predictor(model, Calibrator(np.ones(len(GENRES)), np.zeros(len(GENRES))), np.full(len(GENRES), 0.4), [(0.35, 0.45)] * len(GENRES))


@pytest.fixture(scope="module")
def titles(starter: CleaningResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 titles, every seventh without a plot, in row groups that no batch size divides."""
    rows = pa.Table.from_pandas(starter.titles.head(300), schema=TITLE_SCHEMA, preserve_index=False).to_pylist()
    for row in rows[::7]:
        row["plot"] = None
    file = tmp_path_factory.mktemp("staged") / TITLES_FILE
    pq.write_table(pa.Table.from_pylist(rows, schema=TITLE_SCHEMA), file, row_group_size=70)
    return file


def score(predictor: Predictor, titles: Path, folder: Path, batch_size: int) -> ScoringReport:
    return score_titles(predictor, titles, folder, release="20300101T000000Z-test", scored_at=NOON, batch_size=batch_size)


def test_shards_are_whole_batches_none_is_empty_and_none_holds_two_batches_more_than_another() -> None:
    for titles, shards, batch_size in itertools.product((1, 7, 64, 65, 1_000), (1, 2, 3, 8, 2_000), (1, 8, 64)):
        sizes = plan_shards(titles, shards, batch_size)
        batches = -(-titles // batch_size)
        assert sum(sizes) == titles
        assert len(sizes) == min(shards, batches)
        assert all(size % batch_size == 0 for size in sizes[:-1])
        filled = [-(-size // batch_size) for size in sizes]
        assert min(filled) >= max(1, max(filled) - 1)


@pytest.mark.parametrize(("shards", "batch_size"), [(2, 100), (3, 37), (7, 16), (4, 1_000)])
def test_predictions_joined_from_shards_are_the_bytes_of_those_scored_at_once(
    predictor: Predictor, titles: Path, tmp_path: Path, shards: int, batch_size: int
) -> None:
    whole = score(predictor, titles, tmp_path / "whole", batch_size)
    sizes = cut_titles(titles, tmp_path / "shards", shards, batch_size)
    folders = sorted((tmp_path / "shards").iterdir())
    assert [pq.read_metadata(folder / TITLES_FILE).num_rows for folder in folders] == sizes
    reports = [score(predictor, folder / TITLES_FILE, tmp_path / "scored" / folder.name, batch_size) for folder in folders]
    rows = join_predictions(sorted((tmp_path / "scored").iterdir()), tmp_path / "joined")
    assert (tmp_path / "joined" / PREDICTIONS_FILE).read_bytes() == (tmp_path / "whole" / PREDICTIONS_FILE).read_bytes()
    joined = join_reports(reports)
    assert rows == joined.scored == whole.scored < 300
    assert (joined.titles, joined.uncertain, joined.without_genre) == (whole.titles, whole.uncertain, whole.without_genre)


def test_the_cut_titles_are_the_staged_ones_in_their_order(titles: Path, tmp_path: Path) -> None:
    cut_titles(titles, tmp_path / "shards", 3, 37)
    parts = [pq.read_table(folder / TITLES_FILE) for folder in sorted((tmp_path / "shards").iterdir())]
    assert pa.concat_tables(parts).equals(pq.read_table(titles))


def test_a_shard_that_cannot_be_scored_says_why_in_one_line(titles: Path, tmp_path: Path, bundle: Path) -> None:
    damaged = tmp_path / "titles.parquet"
    damaged.write_bytes(titles.read_bytes()[:-100])
    with pytest.raises(QualityError, match=r"scoring a shard failed \(.+\); if it was killed") as caught:
        score_apart(load_bundle(bundle), damaged, tmp_path / "scored", 64)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "scored").exists()


def test_scored_in_a_process_of_its_own_a_shard_is_scored_as_here(titles: Path, tmp_path: Path, bundle: Path) -> None:
    release = load_bundle(bundle)
    report = score_apart(release, titles, tmp_path / "apart", 64)
    here = score_titles(release.predictor, titles, tmp_path / "here", release=release.manifest.version, scored_at=NOON, batch_size=64)
    assert (report.titles, report.scored, report.uncertain) == (here.titles, here.scored, here.uncertain)
    apart, there = (pq.read_table(tmp_path / name / PREDICTIONS_FILE).drop(["scored_at"]) for name in ("apart", "here"))
    assert apart.equals(there)
