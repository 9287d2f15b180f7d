"""Scoring of a file of titles: the same as scoring them at once, in memory that rows don't add to, whole or not there."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from tests.data.dataset_samples import Publisher, make_tables, make_title
from trending.cleaning.clean import CleaningResult
from trending.datasets.store import DataStore
from trending.errors import InputError
from trending.features.facts import write_facts
from trending.genres import GENRES
from trending.models.calibration import Calibrator
from trending.models.fitting import fit_model
from trending.models.predictor import Predictor
from trending.models.rows import predict_rows
from trending.scoring import PREDICTIONS_FILE, TITLES_FILE
from trending.scoring.predictions import PREDICTION_SCHEMA
from trending.scoring.stream import align_predictions, score_titles
from trending.scoring.titles import StagedTitles, read_shown, stage_titles
from trending.sources import SourceConfig, open_source
from trending.tables import TITLE_SCHEMA

ROOT = Path(__file__).resolve().parents[2]
RIGHTS = ["open_*", "unclear"]
NOON = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def predictor(examples: pd.DataFrame) -> Predictor:
    """A quick model with thresholds that many titles are near."""
    model, _ = fit_model("tfidf_logreg", {}, examples, 17)
    thresholds = np.full(len(GENRES), 0.4)
    return Predictor(model, Calibrator(np.ones(len(GENRES)), np.zeros(len(GENRES))), thresholds, [(0.35, 0.45)] * len(GENRES))


@pytest.fixture
def staged(starter: CleaningResult, tmp_path: Path) -> Path:
    """300 titles, every seventh without a plot, every fifth without a year."""
    table = pa.Table.from_pandas(starter.titles.head(300), schema=TITLE_SCHEMA, preserve_index=False)
    rows = table.to_pylist()
    for row in rows[::7]:
        row["plot"] = None
    for row in rows[::5]:
        row["year"] = None
    folder = tmp_path / "titles"
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows, schema=TITLE_SCHEMA), folder / TITLES_FILE, row_group_size=64)
    return folder


def score(predictor: Predictor, titles: Path, folder: Path, batch_size: int = 100, **options: Any) -> pa.Table:
    score_titles(predictor, titles / TITLES_FILE, folder, release="20300101T000000Z-test", scored_at=NOON, batch_size=batch_size, **options)
    return pq.read_table(folder / PREDICTIONS_FILE)


def test_streamed_is_the_same_as_all_at_once_whatever_the_batch(predictor: Predictor, staged: Path, tmp_path: Path) -> None:
    rows = pd.read_parquet(staged / TITLES_FILE)
    rows = rows[rows["plot"].notna()]
    whole = predict_rows(predictor, rows)
    for size in (1, 37, 5_000):
        table = score(predictor, staged, tmp_path / str(size), size)
        assert table.schema.names == PREDICTION_SCHEMA.names
        assert table["title_id"].to_pylist() == rows["title_id"].tolist()
        assert np.array_equal(np.column_stack([table[genre] for genre in GENRES]), whole.round(4).astype(np.float32))


def test_a_row_says_what_a_single_prediction_says(predictor: Predictor, staged: Path, tmp_path: Path) -> None:
    table = score(predictor, staged, tmp_path / "scored")
    titles = {row["title_id"]: row for row in pq.read_table(staged / TITLES_FILE).to_pylist()}
    doubted = 0
    for row in table.to_pylist()[::9]:
        title = titles[row["title_id"]]
        (alone,) = predictor.predict([title["plot"]], 0, [write_facts(title["type"], title["year"])])
        assert row["genres"] == [found.genre for found in alone.genres]
        assert row["uncertain"] == alone.uncertain
        assert {genre: round(row[genre], 4) for genre in GENRES} == alone.scores
        assert (row["release"], row["scored_at"]) == ("20300101T000000Z-test", NOON)
        doubted += bool(alone.uncertain)
    assert doubted


def test_titles_without_a_plot_get_no_prediction(predictor: Predictor, staged: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = score_titles(
        predictor, staged / TITLES_FILE, tmp_path / "scored", release="1", scored_at=NOON, batch_size=64, report=lambda *done: seen.append(done)
    )
    without = 300 // 7 + 1
    assert (report.titles, report.scored) == (300, 300 - without)
    assert (seen[0], seen[-1]) == ((64, 300), (300, 300))
    table = pq.read_table(tmp_path / "scored" / PREDICTIONS_FILE).to_pandas()
    assert len(table) == report.scored
    assert report.uncertain == (table["uncertain"].map(len) > 0).sum() > 0
    assert report.without_genre == (table["genres"].map(len) == 0).sum() > 0


def test_predictions_are_found_again_by_title(predictor: Predictor, staged: Path, tmp_path: Path) -> None:
    """In any order, some of them; those that were not scored have none."""
    scored = score(predictor, staged, tmp_path / "scored").to_pandas().set_index("title_id")
    wanted = pd.read_parquet(staged / TITLES_FILE)["title_id"].iloc[::-2].reset_index(drop=True)
    probabilities, decisions = align_predictions(tmp_path / "scored", wanted)
    assert probabilities.shape == decisions.shape == (len(wanted), len(GENRES))
    for title_id, row, decided in zip(wanted, probabilities, decisions, strict=True):
        known = title_id in scored.index
        assert (row == (scored.loc[title_id, list(GENRES)].to_numpy(float) if known else 0)).all()
        assert {GENRES[genre] for genre in np.flatnonzero(decided)} == (set(scored.loc[title_id, "genres"]) if known else set())


def test_a_failure_half_way_leaves_no_predictions(predictor: Predictor, staged: Path, tmp_path: Path) -> None:
    def fail(done: int, total: int) -> None:
        if done > 100:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        score(predictor, staged, tmp_path / "out" / "scored", 64, report=fail)
    assert list((tmp_path / "out").iterdir()) == []


_QUICK = """
import datetime as dt, os, signal, sys
from pathlib import Path
import numpy as np
from trending.genres import GENRES
from trending.models.calibration import Calibrator
from trending.models.majority import MajorityModel
from trending.models.predictor import Predictor
from trending.scoring.stream import score_titles

model = MajorityModel()
model.fit([""], np.ones((1, len(GENRES)), np.int8), 1)
predictor = Predictor(model, Calibrator(np.ones(len(GENRES)), np.zeros(len(GENRES))), np.full(len(GENRES), 0.5))
titles, folder, kill = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

def report(done, total):
    if kill and done >= kill:
        os.kill(os.getpid(), signal.SIGKILL)

found = score_titles(predictor, titles, folder, release="1", scored_at=dt.datetime.now(dt.UTC), batch_size=512, report=report)
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
print(found.scored, status["VmHWM"].split()[0])  # not ru_maxrss, which begins with what the parent had
"""


def run_quick(titles: Path, folder: Path, kill: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _QUICK, str(titles), str(folder), str(kill)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT, check=False)


def write_many(path: Path, rows: int) -> Path:
    """Write titles with plots of 1,500 characters that don't compress well, in words so long that masking is soon done."""
    draw = np.random.default_rng(3)
    with pq.ParquetWriter(path, TITLE_SCHEMA, compression="zstd") as writer:
        for start in range(0, rows, 1_000):
            made = [make_title(number, plot=draw.bytes(750).hex(" ", 75)) for number in range(start, start + 1_000)]
            writer.write_table(pa.Table.from_pylist(made, schema=TITLE_SCHEMA))
    return path


def test_memory_does_not_grow_with_rows(tmp_path: Path) -> None:
    """Peak memory of a process: 15,000 more plots are some 22 MB as they come, and twice that as text."""
    peaks = {}
    for rows in (5_000, 20_000):
        titles = write_many(tmp_path / f"{rows}.parquet", rows)
        runs = [tuple(map(int, run_quick(titles, tmp_path / f"scored-{rows}-{number}").stdout.split())) for number in range(3)]
        assert {scored for scored, _ in runs} == {rows}
        peaks[rows] = min(peak for _, peak in runs) / 1_024  # the allocator's luck only ever adds to it
    assert peaks[20_000] < peaks[5_000] + 12, peaks


def test_killed_half_way_leaves_no_predictions_and_is_begun_anew(tmp_path: Path) -> None:
    titles, folder = write_many(tmp_path / "titles.parquet", 3_000), tmp_path / "scored"
    killed = run_quick(titles, folder, kill=1_500)
    assert killed.returncode == -signal.SIGKILL
    assert not folder.exists()
    assert run_quick(titles, folder).stdout.split()[0] == "3000"
    assert pq.read_metadata(folder / PREDICTIONS_FILE).num_rows == 3_000


def test_a_version_is_staged_as_it_is(tmp_path: Path) -> None:
    tables = make_tables(2_500)
    tables["titles"][0] |= {"rights_class": "tmdb_restricted"}
    tables["titles"][1] |= {"plot": None}
    Publisher(DataStore.from_settings(), tmp_path / "versions").publish(tables)
    folder = tmp_path / "staged"
    assert stage_titles(open_source(SourceConfig(source="catalogue")), folder, RIGHTS) == StagedTitles(titles=5_000, with_plot=4_999, shown=4_999)
    assert sorted(pq.read_table(folder / TITLES_FILE).to_pylist(), key=lambda row: row["title_id"]) == sorted(tables["titles"], key=lambda row: row["title_id"])
    assert pq.read_metadata(folder / TITLES_FILE).num_row_groups > 1
    assert tables["titles"][0]["title_id"] not in set(read_shown(folder, RIGHTS)["title_id"])


def test_any_other_source_is_staged_as_training_cleans_it(starter: CleaningResult, tmp_path: Path) -> None:
    staged = stage_titles(open_source(SourceConfig()), tmp_path / "staged", RIGHTS)
    assert staged.titles == staged.shown == len(starter.titles)
    assert_frame_equal(read_shown(tmp_path / "staged", RIGHTS), starter.titles)


@pytest.fixture
def write_file(tmp_path: Path) -> Callable[[dict[str, list[Any]]], SourceConfig]:
    def write(columns: dict[str, list[Any]]) -> SourceConfig:
        pd.DataFrame(columns).to_csv(tmp_path / "titles.csv", index=False)
        return SourceConfig(source="files", path=str(tmp_path / "titles.csv"))

    return write


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"title": ["A", "B"], "type": ["movie"] * 2, "plot": [None] * 2}, "none of its 2 titles has a plot"),
        ({"title": ["A"], "type": ["podcast"], "plot": ["Two friends talk about films."]}, "not one title"),
        ({"title": ["A"], "type": ["movie"], "plot": ["A man comes home."], "rights_class": ["tmdb_restricted"]}, "none of its 1 titles may be shown"),
    ],
)
def test_what_leaves_nothing_to_score_or_show_is_refused(
    write_file: Callable[[dict[str, list[Any]]], SourceConfig], columns: dict[str, list[Any]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        stage_titles(open_source(write_file(columns)), tmp_path / "staged", RIGHTS)
    assert not (tmp_path / "staged").exists()
