"""Batch scoring in shards on a real local stack: the same release as without, from steps that are cached one by one; and what stops it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.running import QUICK, Runner
from tests.pipelines.stacked import StackRunner
from trending.cleaning.clean import CleaningResult
from trending.releases.manifest import read_manifest

pytestmark = pytest.mark.slow  # four runs; tests/code/test_scoring_shards.py has the same without ZenML

SHARDED = ["--set", "scale=sharded", "--set", "shards=3", "--set", "batch_size=64"]


@pytest.fixture(scope="module")
def home(runner: Runner, encoder_cache: list[Path]) -> Runner:
    """A home with a quick release of the starter catalogue, which carries the encoder if its weights are installed."""
    home = runner.with_home("sharded").with_encoder(*encoder_cache)
    home.train(*QUICK)
    return home


@pytest.fixture(scope="module")
def titles(starter: CleaningResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 titles in a file: five batches of 64."""
    file = tmp_path_factory.mktemp("titles") / "titles.parquet"
    starter.titles.head(300).to_parquet(file)
    return file


def run_scoring(runner: Runner, titles: Path, *arguments: str) -> dict[str, Any]:
    outcome = runner.run("--pipeline", "batch_scoring", "--json", "--set", "source=files", "--set", f"path={titles}", *arguments)
    assert outcome.returncode == 0, outcome.stderr
    result: dict[str, Any] = json.loads(outcome.stdout)
    return result


@pytest.fixture(scope="module")
def single(home: Runner, titles: Path) -> dict[str, Any]:
    """The run in one piece."""
    return run_scoring(home, titles, "--set", "batch_size=64")


@pytest.fixture(scope="module")
def sharded(home: Runner, single: dict[str, Any], titles: Path) -> tuple[Runner, dict[str, Any]]:
    """The same in shards, in a copy of the home that doesn't know of the other's release."""
    other = replace(home, home_name="sharded-other")
    shutil.copytree(home.home, other.home)
    shutil.rmtree(other.home / "cache" / "vectors", ignore_errors=True)  # computed anew, not taken from the single run's
    shutil.rmtree(other.home / "releases" / single["release"])
    (other.home / "releases" / "CURRENT").write_text(single["scored_from"], encoding="utf-8")
    return other, run_scoring(other, titles, "--no-cache", *SHARDED)


def read_steps(runner: Runner, run: str, step: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return a run's steps with how each ended, and its predictions."""
    code = f"""
import json
import pyarrow.parquet as pq
from zenml.client import Client
run = Client().get_pipeline_run({run!r})
table = pq.read_table(run.steps[{step!r}].outputs["predictions"][0].load() / "predictions.parquet").drop(["scored_at"])
print(json.dumps([{{name: step.status.value for name, step in run.steps.items()}}, table.to_pylist()]))
"""
    steps, rows = runner.python(code)
    return steps, rows


def test_a_sharded_run_publishes_the_release_a_single_one_does(home: Runner, single: dict[str, Any], sharded: tuple[Runner, dict[str, Any]]) -> None:
    """Catalogue, vectors and all else, to the last byte; only the runs and the moment differ."""
    other, result = sharded
    assert (single["new"], result["new"]) == (True, True)
    told = ("titles", "scored", "uncertain", "without_genre", "shown", "scored_from", "model_kind")
    assert {name: result[name] for name in told} == {name: single[name] for name in told}
    ours, theirs = read_manifest(Path(result["location"])), read_manifest(Path(single["location"]))
    assert ours.files == theirs.files
    assert ours.catalogue is not None
    assert theirs.catalogue is not None
    assert ours.catalogue.content == theirs.catalogue.content
    own = {"version", "created", "catalogue", "digest"}
    assert ours.model_dump(exclude=own) == theirs.model_dump(exclude=own)
    assert other.run("release", "verify").returncode == 0


def test_every_prediction_is_the_same_in_the_same_place(
    home: Runner, single: dict[str, Any], sharded: tuple[Runner, dict[str, Any]], encoder: Path | None
) -> None:
    other, result = sharded
    steps, rows = read_steps(other, result["run"], "join_predictions")
    mapped = ["score_shard"] if encoder is None else ["embed_shard", "score_shard"]
    assert [name for name in sorted(steps) if name.startswith("map:")] == [f"map:{step}:{number}" for step in mapped for number in range(3)]
    assert rows == read_steps(home, single["run"], "score_titles")[1]


def test_with_nothing_changed_every_shard_comes_from_the_cache(sharded: tuple[Runner, dict[str, Any]], titles: Path) -> None:
    other, result = sharded
    again = run_scoring(other, titles, *SHARDED)
    assert (again["new"], again["release"]) == (False, result["release"])
    assert again["steps_cached"] == again["steps"] - 1  # all but publishing


def test_an_orchestrator_that_must_know_all_steps_before_is_refused_in_one_line(home: Runner, tmp_path: Path) -> None:
    airflow = StackRunner(home.folder, home_name=home.home_name, variables={"TRENDING_AIRFLOW_DAGS": str(tmp_path)})
    outcome = airflow.run("--pipeline", "batch_scoring", "--stack", "airflow", "--set", "source=starter", "--set", "scale=sharded")
    assert outcome.returncode == 2
    (line,) = outcome.stderr.strip().splitlines()
    assert "stack airflow: its orchestrator (airflow) can't run steps in shards" in line


def test_shards_of_a_run_in_one_piece_are_refused(home: Runner) -> None:
    outcome = home.run("--pipeline", "batch_scoring", "--set", "shards=3")
    assert outcome.returncode == 2
    assert outcome.stderr.strip() == "run.py: scale: shards is 3 but scale is single; add --set scale=sharded"
