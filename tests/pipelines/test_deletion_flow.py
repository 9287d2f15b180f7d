"""Deletion on request through the whole flow: data version, features, catalogue of the next release, and what a source brings again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data.dataset_samples import Publisher
from tests.pipelines.planted import AUTHOR, NAME, PLOT, TITLE, find_planted, make_version
from tests.pipelines.running import QUICK, Runner
from trending.cleaning.clean import CleaningResult
from trending.datasets.store import DataStore
from trending.datasets.tables import read_table
from trending.releases import ReleaseStore

LEARN = ["--set", "source=catalogue", "--set", "version=latest", *QUICK]
ARTIFACTS = """
import json
from zenml.client import Client
run = Client().get_pipeline_run({run!r})
print(json.dumps(sorted({{version[0].uri for step in run.steps.values() for version in step.outputs.values()}})))
"""


@pytest.fixture(scope="module")
def home(runner: Runner) -> Runner:
    """A home of this module's own."""
    return runner.with_home("deletion")


@pytest.fixture(scope="module")
def data(home: Runner) -> DataStore:
    """Its data versions."""
    return DataStore(str(home.home / "data"), home.home / "cache" / "data")


def delete(home: Runner, *arguments: str) -> dict[str, Any]:
    outcome = home.run("data", "delete", "--reason", "asked for in a letter", "--json", *arguments)
    assert outcome.returncode == 0, outcome.stderr
    result: dict[str, Any] = json.loads(outcome.stdout)
    return result


def write_titles(file: Path) -> list[str]:
    """Write the planted title and twenty others into a file, and return what lets ingestion read it."""
    others = [
        f"{number},Harbour Lights {number},movie,Two sisters run the lighthouse of harbour number {number} and hide a sailor.,{['Drama', 'Crime'][number % 2]}"
        for number in range(20)
    ]
    file.write_text("\n".join(["source_id,title,type,plot,genres", f'00077,{NAME},movie,"{PLOT}",Crime', *others]) + "\n", encoding="utf-8")
    return ["--set", "source=files", "--set", f"path={file}", "--set", "constants={source: shop}"]


@pytest.mark.slow
def test_what_a_gate_stopped_comes_in_without_what_was_meanwhile_deleted_and_a_purge_forgets_both_runs(runner: Runner, tmp_path: Path) -> None:
    home, artifacts = runner.with_home("stopped"), runner.folder / "stores"
    data, reading = DataStore(str(home.home / "data"), home.home / "cache" / "data"), write_titles(tmp_path / "titles.csv")
    others = set(find_planted(artifacts))
    stopped = home.run("--pipeline", "ingestion", *reading, "--set", "gates.default.min_rows=1000")
    assert stopped.returncode
    assert "min_rows" in stopped.stderr
    assert data.versions() == []
    assert delete(home, "--title", TITLE)["rows"] == {}
    run = home.ingest(*reading)
    assert run["steps_cached"] == 2, "what doesn't depend on requests comes from the cache"
    assert NAME not in read_table(data.pull(), "titles").column("title").to_pylist()
    assert "Harbour Lights 7" in read_table(data.pull(), "titles").column("title").to_pylist()
    assert set(find_planted(artifacts)) > others, "snapshots and cleaned rows hold it"
    purged = delete(home, "--title", TITLE, "--purge")
    assert run["run"] in purged["removed"]["runs"]
    assert len(purged["removed"]["runs"]) == 2
    assert set(find_planted(artifacts)) <= others
    assert not list(find_planted(home.home))


@pytest.mark.slow
def test_what_is_deleted_is_in_nothing_that_comes_after_and_with_purge_in_nothing_at_all(
    home: Runner, data: DataStore, starter: CleaningResult, tmp_path: Path
) -> None:
    first = Publisher(data, tmp_path / "versions").publish(make_version(starter))
    before = home.train(*LEARN)
    releases = ReleaseStore(str(home.home / "releases"), home.home / "cache" / "releases")
    held = {path.relative_to(home.home).parts[0] for path in find_planted(home.home)}
    assert {"data", "releases", "features", "cache"} <= held, "or the search finds nothing"

    assert delete(home, "--author", AUTHOR)["rows"] == {"reviews": 3}
    done = delete(home, "--title", TITLE)
    assert done["rows"] == {"titles": 1, "identifiers": 1, "matches": 1} or done["rows"] == {"titles": 1, "matches": 1}
    assert done["holding"]["releases"] == [before["release"]]
    assert first in done["holding"]["versions"]
    assert done["version"] not in done["holding"]["versions"]
    assert done["holding"]["runs"] == [before["run"]]

    after = home.train(*LEARN)
    assert after["release"] != before["release"]
    old_made = [Path(uri) for uri in home.python(ARTIFACTS.format(run=before["run"]))]
    assert list(find_planted(*old_made))
    made = [Path(uri) for uri in home.python(ARTIFACTS.format(run=after["run"]))]
    assert made
    assert not list(find_planted(home.home / "releases" / after["release"], home.home / "features", *made))
    assert after["titles"] == before["titles"] - 1

    purged = delete(home, "--title", TITLE, "--purge")
    assert purged["holding"] == {"versions": [], "releases": [], "runs": []}
    assert (purged["removed"]["releases"], purged["removed"]["runs"]) == ([before["release"]], [before["run"]])
    assert not list(find_planted(home.home, *old_made))
    assert all(path.exists() for path in made), "what the current release came out of stays"
    assert releases.versions() == [after["release"]]
    assert home.run("release", "verify").returncode == 0
    data.verify()

    home.ingest(*write_titles(tmp_path / "again.csv"))
    again = data.pull()
    assert NAME not in read_table(again, "titles").column("title").to_pylist()
    assert read_table(again, "quarantine").column("reason").to_pylist() == ["deleted_on_request"]
    assert "Harbour Lights 7" in read_table(again, "titles").column("title").to_pylist()
    assert not list(find_planted(home.home / "data", again))


@pytest.mark.parametrize(
    "arguments",
    [
        ["data", "delete", "--reason", "x"],
        ["data", "delete", "--title", "x:1"],
        ["data", "delete", "20300101T000000Z-00000000", "--title", "x:1", "--reason", "x"],
        ["data", "delete", "--title", "x:1", "--author", "00000000", "--reason", "x"],
        ["data", "list", "--purge"],
    ],
)
def test_a_request_that_can_not_be_carried_out_is_refused_in_one_line(home: Runner, arguments: list[str]) -> None:
    refused = home.run(*arguments)
    assert (refused.returncode, refused.stdout, len(refused.stderr.strip().splitlines())) == (2, "", 1)
