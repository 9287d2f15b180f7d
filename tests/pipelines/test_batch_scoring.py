"""Batch scoring on a real local stack: what the new release says, of which titles, with whose model; and what stops it."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from apps.server import Doors
from tests.data.dataset_samples import Publisher, make_tables, make_title
from tests.pipelines.running import QUICK, ROOT, Runner
from trending.cleaning.clean import CleaningResult
from trending.datasets.store import DataStore
from trending.embeddings.titles import describe_title
from trending.genres import GENRES
from trending.insights.maker import InsightMaker
from trending.releases import Release, ReleaseStore, load_bundle
from trending.releases.bundle import CATALOGUE_FILE, VECTORS_FILE
from trending.releases.judge_release import judge_release
from trending.releases.splits import SPLITS_FILE, list_learnt, read_splits
from trending.service.live import LiveService
from trending.service.service import TitleService
from trending.tables import TITLE_SCHEMA

pytestmark = pytest.mark.slow  # a training and scoring runs; tests/code/test_scoring_stream.py has the same without ZenML

KEPT = 300  # titles of the starter catalogue that the scored version holds
NEW, RESTRICTED, WITHOUT_PLOT = (f"shop:{number:05d}" for number in (1, 2, 3))
PLOT = "A sheriff rides out across the desert to hunt the outlaws who robbed the stagecoach at dawn."


@pytest.fixture(scope="module")
def home(runner: Runner, encoder_cache: list[Path]) -> Runner:
    """A home of this module's own; its releases carry the encoder if its weights are installed."""
    return runner.with_home("scoring").with_encoder(*encoder_cache)


@pytest.fixture(scope="module")
def learnt(home: Runner) -> dict[str, Any]:
    """The release that scores: a quick model of the starter catalogue."""
    return home.train(*QUICK)


@pytest.fixture(scope="module")
def publisher(home: Runner, tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    """A store of data versions where the runs look for it."""
    return Publisher(DataStore(str(home.home / "data"), home.home / "cache" / "data"), tmp_path_factory.mktemp("versions"))


def make_version(starter: CleaningResult, extra: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Return tables: some titles that were learnt from, one nobody has seen, one that may not be shown, one without a plot."""
    import pyarrow as pa

    tables = make_tables(0)
    titles = pa.Table.from_pandas(starter.titles.head(KEPT), schema=TITLE_SCHEMA, preserve_index=False).to_pylist()
    given = [make_title(number, "shop", plot=PLOT, genres=[]) for number in range(1, 4 + extra)]
    given[1] |= {"rights_class": "tmdb_restricted"}
    given[2] |= {"plot": None}
    tables["quarantine"] = []
    tables["titles"] = titles + given
    tables["matches"] = [{"title_id": row["title_id"], "work_id": row["title_id"], "how": "single", "score": 1.0} for row in tables["titles"]]
    tables["reviews"] = [make_tables(1, ["shop"])["reviews"][0] | {"review_id": "shop:r", "title_id": NEW, "rights_class": "open_cc_by_sa"}]
    return tables


@pytest.fixture(scope="module")
def version(publisher: Publisher, starter: CleaningResult) -> str:
    """The version that is scored."""
    return publisher.publish(make_version(starter))


@pytest.fixture(scope="module")
def scored(home: Runner, learnt: dict[str, Any], version: str) -> dict[str, Any]:
    """The first run."""
    return run_scoring(home)


def run_scoring(runner: Runner, *arguments: str) -> dict[str, Any]:
    outcome = runner.run("--pipeline", "batch_scoring", "--json", *arguments)
    assert outcome.returncode == 0, outcome.stderr
    result: dict[str, Any] = json.loads(outcome.stdout)
    return result


def open_releases(*results: dict[str, Any]) -> list[Release]:
    return [load_bundle(Path(result["location"])) for result in results]


def read_predictions(runner: Runner, run: str) -> pd.DataFrame:
    """Read the predictions of a run back, as whoever uses the artifact would."""
    code = f"""
import json
import pyarrow.parquet as pq
from zenml.client import Client
folder = Client().get_pipeline_run({run!r}).steps["score_titles"].outputs["predictions"][0].load()
print(json.dumps(pq.read_table(folder / "predictions.parquet").drop(["scored_at"]).to_pylist()))
"""
    return pd.DataFrame(runner.python(code))


@pytest.fixture
def api(home: Runner, scored: dict[str, Any]) -> Iterator[TestClient]:
    """The API on what is published, in this process."""
    service = LiveService(ReleaseStore(str(home.home / "releases"), home.home / "cache" / "releases"))
    with TestClient(Doors(service, ["api"])) as client:
        assert client.get("/ready").json()["release"] == scored["release"]
        yield client


def test_a_run_says_what_it_scored_and_serves_it(home: Runner, learnt: dict[str, Any], scored: dict[str, Any], version: str) -> None:
    assert (scored["new"], scored["scored_from"], scored["data_version"]) == (True, learnt["release"], version)
    assert (scored["titles"], scored["scored"], scored["shown"]) == (KEPT + 3, KEPT + 2, KEPT + 2)
    assert home.current() == scored["release"] != learnt["release"]
    assert home.run("release", "verify").returncode == 0


def test_the_api_answers_with_the_predictions(home: Runner, scored: dict[str, Any], api: TestClient) -> None:
    """A title of the catalogue, its row among the predictions, and its plot sent by anybody are told the same."""
    predictions = read_predictions(home, scored["run"]).set_index("title_id")
    assert set(predictions["release"]) == {scored["scored_from"]}
    for title_id in [NEW, *predictions.index[:KEPT:25]]:
        held = api.get(f"/v1/titles/{quote(title_id)}").json()["title"]
        title, row = held["title"], predictions.loc[title_id]
        (asked,) = api.post("/v1/predict", json={"texts": [title["plot"]], "type": title["type"], "year": title["year"], "evidence": 0}).json()["predictions"]
        assert {genre: round(row[genre], 4) for genre in GENRES} == asked["scores"]
        assert (row["genres"], row["uncertain"]) == ([found["genre"] for found in asked["genres"]], asked["uncertain"])
        assert held["predicted"] == [{"genre": found["genre"], "probability": found["probability"]} for found in asked["genres"]]


def test_only_what_may_be_shown_is_and_without_a_plot_nothing_is_predicted(home: Runner, scored: dict[str, Any], api: TestClient) -> None:
    assert api.get(f"/v1/titles/{NEW}").json()["title"]["predicted"]
    assert api.get(f"/v1/titles/{RESTRICTED}").status_code == 404
    assert api.get(f"/v1/titles/{WITHOUT_PLOT}").json()["title"]["predicted"] == []
    ids = set(read_predictions(home, scored["run"])["title_id"])
    assert RESTRICTED in ids
    assert WITHOUT_PLOT not in ids


def test_the_catalogue_finds_and_describes_the_scored_titles(scored: dict[str, Any], learnt: dict[str, Any]) -> None:
    after, before = open_releases(scored, learnt)
    assert after.catalogue.count() == KEPT + 2 < before.catalogue.count()
    assert after.catalogue.search("title 1", limit=3).cards[0].title_id == NEW
    assert before.catalogue.get(NEW) is None
    assert after.catalogue.reviews(NEW).total == 1
    insights = after.catalogue.insights(NEW)
    assert insights is not None
    assert insights.provenance.from_reviews == 1


def test_where_there_is_an_encoder_the_scored_titles_are_found_by_meaning(scored: dict[str, Any], encoder: Path | None) -> None:
    """A row of the index is the same row of the catalogue."""
    (release,) = open_releases(scored)
    assert (release.encoder is None) == (release.vectors is None) == (encoder is None)
    if release.encoder is None or release.vectors is None:
        return
    assert len(release.vectors) == release.catalogue.count()
    with sqlite3.connect(release.directory / CATALOGUE_FILE) as connection:
        rows = dict(connection.execute("SELECT title_id, row FROM titles"))
    for title_id in (NEW, WITHOUT_PLOT):
        title = release.catalogue.get(title_id).title
        found, (similarity,) = release.vectors.search(release.encoder.encode([describe_title(title.title, title.plot)])[0], 1)
        assert found[0] == rows[title_id]
        assert similarity > 0.99


def test_model_and_cards_are_the_scorer_s_and_the_manifest_says_whose_data_is_where(learnt: dict[str, Any], scored: dict[str, Any], version: str) -> None:
    after, before = open_releases(scored, learnt)
    changed = {CATALOGUE_FILE, VECTORS_FILE, SPLITS_FILE}
    assert {name: value for name, value in after.manifest.files.items() if name not in changed} == {
        name: value for name, value in before.manifest.files.items() if name not in changed
    }
    assert after.manifest.catalogue is not None
    assert before.manifest.catalogue is None
    own = {"version", "created", "catalogue", "files", "digest"}
    assert after.manifest.model_dump(exclude=own) == before.manifest.model_dump(exclude=own)  # data, run, figures: of the model
    origin = after.manifest.catalogue
    assert (origin.data.source, origin.data.rows, origin.shown, origin.version) == ("catalogue", KEPT + 3, KEPT + 2, version)
    assert (origin.scored_from, origin.run.run_name) == (learnt["release"], scored["run"])
    assert not origin.data.starter


def test_whoever_asks_is_told_where_model_and_catalogue_come_from(home: Runner, learnt: dict[str, Any], scored: dict[str, Any], version: str) -> None:
    told = json.loads(home.run("release", "lineage", scored["release"], "--json").stdout)
    assert (told["scored_from"], told["catalogue"], told["catalogue_titles"]) == (learnt["release"], version, KEPT + 2)
    assert (told["data"], told["scoring_run"]) == ("starter", scored["run"])
    assert "scored_from" not in json.loads(home.run("release", "lineage", learnt["release"], "--json").stdout)
    (line,) = [line for line in home.run("release", "list").stdout.splitlines() if scored["release"] in line]
    assert line.endswith(f"{KEPT + 3} titles  catalogue")
    (release,) = open_releases(scored)
    origin = TitleService(release, InsightMaker.from_settings()).lineage()["catalogue"]
    assert origin["scored_from"] == learnt["release"]


def test_what_was_learnt_from_is_still_known(learnt: dict[str, Any], scored: dict[str, Any], starter: CleaningResult) -> None:
    """Of the catalogue's titles by their split; of those that are gone from it, too."""
    after, before = open_releases(scored, learnt)
    for title_id in starter.titles["title_id"].iloc[:KEPT:10]:
        assert after.catalogue.get(title_id).split == before.catalogue.get(title_id).split is not None
    assert after.catalogue.get(NEW).split is None
    assert read_splits(after).equals(read_splits(before))
    assert list_learnt(after) == list_learnt(before)
    assert len(list_learnt(after)[0]) > 1_000


def test_a_judgement_tells_what_was_learnt_from_though_the_catalogue_holds_it_no_more(
    learnt: dict[str, Any], scored: dict[str, Any], starter_records: list[dict[str, Any]]
) -> None:
    after, before = (judge_release(release, starter_records) for release in open_releases(scored, learnt))
    assert after == before
    assert after["seen_in_training"] > KEPT


def test_the_same_again_publishes_nothing_and_says_so_in_one_line(home: Runner, scored: dict[str, Any]) -> None:
    """From the cache, and scored anew: what would be published says nothing that isn't said already."""
    releases = home.home / "releases"
    before = sorted(releases.iterdir())
    cached = home.run("--pipeline", "batch_scoring")
    (line,) = cached.stdout.strip().splitlines()
    assert line.startswith(f"Nothing new: release {scored['release']} already shows these titles")
    assert cached.stderr == ""
    again = run_scoring(home, "--no-cache", "--stack", "local")
    assert (again["new"], again["release"], again["steps_cached"]) == (False, scored["release"], 0)
    assert sorted(releases.iterdir()) == before


def test_titles_the_model_was_learnt_from_are_shown_by_its_release_already(home: Runner, learnt: dict[str, Any], scored: dict[str, Any]) -> None:
    """And are served again from there: the catalogue that scoring gives is training's own."""
    result = run_scoring(home, "--set", "source=starter")
    assert (result["new"], result["release"]) == (False, learnt["release"])
    assert home.current() == learnt["release"]
    assert run_scoring(home)["release"] == home.current() == scored["release"]


def kill_at(runner: Runner, step: str) -> None:
    command = [sys.executable, str(ROOT / "tests" / "pipelines" / "kill_at_step.py"), step, "--pipeline", "batch_scoring", "--no-cache"]
    environment = {**runner.environment, "PYTHONPATH": str(ROOT)}
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment, cwd=ROOT, check=False)
    assert outcome.returncode == -signal.SIGKILL, outcome.stderr


def test_killed_it_leaves_what_is_served_and_a_newer_version_is_then_scored(
    home: Runner, scored: dict[str, Any], publisher: Publisher, starter: CleaningResult
) -> None:
    before = sorted((home.home / "releases").iterdir())
    newer = publisher.publish(make_version(starter, extra=5))
    for step in ("rescore_release", "publish_release"):
        kill_at(home, step)
        assert home.current() == scored["release"]
        assert sorted((home.home / "releases").iterdir()) == before
    after = run_scoring(home)
    assert (after["new"], after["data_version"], after["shown"]) == (True, newer, KEPT + 7)
    assert after["scored_from"] == scored["scored_from"]


def test_a_model_whose_first_release_is_gone_scores_from_a_later_one(home: Runner, scored: dict[str, Any], learnt: dict[str, Any], version: str) -> None:
    """What it answers is the same, so nothing is published."""
    other = home.with_home("scoring-pruned")
    shutil.copytree(home.home, other.home)
    shutil.rmtree(other.home / "releases" / learnt["release"])
    result = run_scoring(other, "--set", f"version={version}", "--set", f"release={scored['release']}")
    assert (result["new"], result["release"], result["scored_from"]) == (False, scored["release"], learnt["release"])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--set", "release=20200101T000000Z-00000000"], 2, "no release '20200101T000000Z-00000000'"),
        (["--set", "version=19990101T000000Z"], 2, "no data version '19990101T000000Z'"),
        (["--set", "source=files"], 2, "needs a path"),
        (["--set", "source=tvmaze"], 2, "is a live source"),
        (["--set", "batch_size=0"], 2, "'batch_size'"),
        (["--set", "rights=[tmdb_restricted_]"], 2, "is not a rights pattern"),
        (["--set", "rights=[imdb_restricted]"], 2, "may be shown"),
        (["--stack", "nowhere"], 2, "nowhere"),
    ],
)
def test_what_cannot_be_scored_ends_in_one_line(home: Runner, scored: dict[str, Any], arguments: list[str], code: int, message: str) -> None:
    before = home.current()
    outcome = home.run("--pipeline", "batch_scoring", *arguments)
    assert (outcome.returncode, outcome.stdout) == (code, "")
    (line,) = outcome.stderr.strip().splitlines()
    assert message in line
    assert home.current() == before


def test_without_a_release_it_says_how_to_make_one(runner: Runner) -> None:
    outcome = runner.with_home("nothing-to-score-with").run("--pipeline", "batch_scoring", "--set", "source=starter")
    assert (outcome.returncode, outcome.stdout) == (1, "")
    (line,) = outcome.stderr.strip().splitlines()
    assert "no release is published" in line
    assert "--pipeline training" in line
