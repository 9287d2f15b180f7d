"""Tracking on real stacks: a run is told to Weights & Biases where the stack has it, offline and without an account, and to ZenML alone where not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from zenml.utils.secret_utils import is_secret_reference

from pipelines.stacks import list_stack_files, read_stack
from tests.offline_runs import OfflineRun, list_offline_runs
from tests.pipelines.running import QUICK, ROOT, Runner
from tests.tracking_samples import FOLDER, HISTORY, SECRET_WORDS, make_release
from trending.genres import GENRES
from trending.tracking.wandb_run import TARGET

STACK = "local-wandb"


@dataclass(frozen=True)
class TrackingRunner(Runner):
    """A runner with W&B's variables as a test says, and none of the developer's."""

    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the runs."""
        kept = {name: value for name, value in super().environment.items() if not name.startswith("WANDB_")}
        return {**kept, "WANDB_CONFIG_DIR": str(self.home / "no-wandb-config"), **self.variables}

    def track(self, release: Path, stack: str = STACK) -> dict[str, Any]:
        """Run the small pipeline and return what it says."""
        code = f"import json\nfrom tests.pipelines.tracked_pipeline import run_tracked\nprint(json.dumps(run_tracked({str(release)!r}, {stack!r})))"
        code = f"from zenml.utils import source_utils\nsource_utils.set_custom_source_root({str(ROOT)!r})\n{code}"
        outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=400, env=self.environment, cwd=ROOT, check=False)
        assert outcome.returncode == 0, outcome.stderr
        found: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1])
        return found


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_release(tmp_path_factory.mktemp("release"))


@contextmanager
def listen() -> Iterator[tuple[str, list[bytes]]]:
    """Listen on loopback for whoever takes the address for a proxy or a server; yields it, and what was said to it."""
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(1_000))

    threading.Thread(target=answer, daemon=True).start()
    with server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard


def find_processes(marker: str) -> list[str]:
    """Return the command lines of living processes whose environment holds a word."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it has ended, or isn't ours
    return found


@dataclass(frozen=True)
class Tracked:
    """A run of the small pipeline on the stack with the tracker."""

    said: dict[str, Any]
    logged: OfflineRun
    heard: list[bytes]
    runner: TrackingRunner


@pytest.fixture(scope="module")
def tracked(zenml_state: Path, release: Path) -> Tracked:
    """Offline, with no key, and with an ear at the door."""
    with listen() as (address, heard):
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), address)
        runner = TrackingRunner(zenml_state, home_name="tracked", variables={"WANDB_MODE": "offline", **proxies})
        said = runner.track(release)
    (logged,) = list_offline_runs(runner.home)
    return Tracked(said, logged, heard, runner)


def test_the_ear_hears_who_calls() -> None:
    with listen() as (address, heard):
        subprocess.run(
            [sys.executable, "-c", "import requests, sys; requests.get('http://example.org', timeout=9)"],
            env={**os.environ, "http_proxy": address},
            check=False,
        )
    assert heard
    assert b"example.org" in heard[0]


def test_one_step_is_attached_to_the_stacks_tracker(tracked: Tracked) -> None:
    assert tracked.said["tracker"] == tracked.said["attached"] == tracked.said["metadata"]["tracker"] == "wandb_tracker"


def test_an_offline_run_says_what_was_run_on_which_code_and_data(tracked: Tracked) -> None:
    config = tracked.logged.config
    assert tracked.logged.finished
    assert config["zenml_pipeline_run_name"] == tracked.said["run"]
    assert config["parameters"]["seed"] == 17
    assert config["code"]["git_sha"] == "a" * 40
    assert config["data"]["fingerprint"] == "0" * 64


def test_an_offline_run_holds_figures_curves_and_tables(tracked: Tracked) -> None:
    run = tracked.logged
    assert {name: run.summary[name] for name in tracked.said["figures"]} == tracked.said["figures"]
    assert (run.summary["macro_f1"], run.summary["macro_f1_low"], run.summary["models/bert/macro_f1"]) == (0.5, 0.49, 0.4)
    assert run.curve("curves/bert/loss") == [row["loss"] for row in HISTORY]
    assert {row["genre"] for row in run.table("genres")} == set(GENRES)
    assert {(row["part"], row["slice"]) for row in run.table("slices")} == {("type", "movie"), ("type", "tv")}
    assert {row["model"]: row["single_ms"] for row in run.table("frontier")} == {"tfidf_logreg": 0.1, "bert": 8.0}
    assert sum(row["true_positives"] + row["false_negatives"] for row in run.table("outcomes")) > 0
    assert len(run.table("confusion")) == len(GENRES) + 1
    assert [row["state"] for row in run.table("search")] == ["COMPLETE", "PRUNED"]


def test_the_release_is_a_model_whose_link_waits_for_the_sync(tracked: Tracked) -> None:
    model = tracked.logged.model()
    assert "candidate" in model.aliases
    assert "champion" not in model.aliases  # it was not published
    assert tracked.logged.config["registry"] == {"target": TARGET, "aliases": ["candidate"]}
    assert tracked.logged.summary["registry"] == tracked.said["metadata"]["registry"] == "waiting"
    assert set(model.files) == {"model/model.json", "model/weights.safetensors", "release.json", "model_card.md"}
    assert all(copy.exists() for copy in model.files.values())  # the sync sends these, long after the run


def test_offline_nobody_is_asked(tracked: Tracked) -> None:
    assert tracked.heard == []


def test_no_process_outlives_the_run(tracked: Tracked) -> None:
    assert find_processes(str(tracked.runner.home)) == []


def test_a_killed_run_leaves_no_process(tmp_path: Path) -> None:
    code = "import os, wandb; wandb.init(); print('open', flush=True); os.kill(os.getpid(), 9)"
    variables = {"WANDB_MODE": "offline", "WANDB_DIR": str(tmp_path), "WANDB_CACHE_DIR": str(tmp_path), "WANDB_ERROR_REPORTING": "false"}
    outcome = subprocess.run([sys.executable, "-c", code], env={**os.environ, **variables}, capture_output=True, text=True, timeout=120, check=False)
    assert "open" in outcome.stdout
    deadline = time.monotonic() + 60  # wandb-core looks every few seconds whether its parent lives
    while left := find_processes(str(tmp_path)):
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


def test_titles_texts_and_folders_stay_here(tracked: Tracked) -> None:
    """Looks at every byte that a sync would send."""
    (folder,) = (tracked.runner.home / "wandb").glob("offline-run-*")
    sent = [*folder.glob("*.wandb"), *(folder / "files").rglob("*"), *(copy for one in tracked.logged.artifacts for copy in one.files.values())]
    content = b"".join(path.read_bytes() for path in sent if path.is_file())
    assert b"macro_f1" in content
    for secret in (SECRET_WORDS, FOLDER, "files:secret", str(ROOT)):
        assert secret.encode() not in content


def test_a_tracked_step_is_never_taken_from_the_cache(tracked: Tracked) -> None:
    """What it writes lies outside ZenML."""
    assert tracked.said["may_be_cached"] is False


@pytest.mark.slow
def test_without_a_tracker_zenml_alone_is_told(zenml_state: Path, release: Path) -> None:
    runner = TrackingRunner(zenml_state, home_name="untracked")
    said = runner.track(release, "local")
    assert said["tracker"] is None
    assert said["attached"] is None
    assert said["may_be_cached"] is not False
    assert said["metadata"]["registry"] == "none"
    assert said["figures"]["macro_f1"] == 0.5
    assert said["wandb_imported"] is False
    assert not (runner.home / "wandb").exists()


@pytest.mark.slow
def test_what_the_user_has_set_for_wandb_counts(tracked: Tracked, release: Path, tmp_path: Path) -> None:
    mine = {"WANDB_MODE": "offline", "WANDB_PROJECT": "mine", "WANDB_ENTITY": "us", "WANDB_DIR": str(tmp_path), "WANDB_API_KEY": "1" * 40}
    runner = replace(tracked.runner, home_name="mine", variables=mine)
    runner.track(release)
    (run,) = list_offline_runs(tmp_path)
    assert (run.run["project"], run.run["entity"]) == ("mine", "us")
    assert not list_offline_runs(runner.home)
    code = """
import json
from zenml.client import Client
secret = Client().get_secret_by_name_and_private_status("wandb")
print(json.dumps({"key": secret.secret_values["api_key"], "private": secret.private}))
"""
    assert runner.python(code) == {"key": "1" * 40, "private": True}


def test_online_without_a_key_the_run_ends_before_anything_is_trained(zenml_state: Path, release: Path) -> None:
    runner = TrackingRunner(zenml_state, home_name="online")
    code = f"""
import json
from contextlib import suppress
from tests.pipelines.tracked_pipeline import run_tracked
from trending.errors import UsageError
from zenml.client import Client
with suppress(KeyError):
    Client().delete_secret("wandb")
before = Client().list_pipeline_runs().total
try:
    run_tracked({str(release)!r}, {STACK!r})
except UsageError as error:
    print(json.dumps({{"said": str(error), "runs": Client().list_pipeline_runs().total - before}}))
"""
    assert runner.python(code) == {"said": "WANDB_API_KEY: no key for Weights & Biases; set it, or set WANDB_MODE=offline", "runs": 0}


@pytest.mark.parametrize("name", list_stack_files())
def test_no_stack_holds_a_secret(name: str) -> None:
    for component in read_stack(name)["components"].values():
        for key, value in component["configuration"].items():
            if any(word in key for word in ("key", "password", "secret", "token")):
                assert isinstance(value, bool) or is_secret_reference(value), key  # a switch is none


@pytest.mark.slow
def test_zenml_itself_imports_the_stack(runner: Runner) -> None:
    command = [str(Path(sys.executable).with_name("zenml")), "stack", "import", "imported", "-f", str(ROOT / "stacks" / f"{STACK}.yaml")]
    outcome = subprocess.run(command, env=runner.environment, capture_output=True, text=True, timeout=120, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    code = """
import json
from zenml.client import Client
stack = Client().get_stack("imported")
print(json.dumps({str(kind): one[0].flavor_name for kind, one in stack.components.items()}))
"""
    assert runner.python(code)["experiment_tracker"] == "wandb"


@pytest.mark.slow
def test_a_training_run_is_logged_with_its_release(zenml_state: Path) -> None:
    runner = TrackingRunner(zenml_state, home_name="training", variables={"WANDB_MODE": "offline"})
    outcome = runner.run("--pipeline", "training", "--json", "--stack", STACK, *QUICK, timeout=800)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    result = json.loads(outcome.stdout)
    (run,) = list_offline_runs(runner.home)
    lineage = json.loads(runner.run("release", "lineage", result["release"], "--json").stdout)
    assert run.config["release"] == result["release"]
    assert run.config["code"]["git_sha"] == json.loads((Path(result["location"]) / "release.json").read_text(encoding="utf-8"))["git_sha"]
    assert run.config["data"]["fingerprint"] == lineage["data_fingerprint"]
    assert set(run.config["parameters"]["models"]) == {"majority", "tfidf_logreg"}
    assert run.summary["macro_f1"] == result["macro_f1"]["value"]
    assert {row["genre"] for row in run.table("genres")} == set(GENRES)
    assert {"tfidf_logreg", "majority"} <= {row["model"] for row in run.table("frontier")}
    assert {"candidate", "champion"} <= set(run.model().aliases)
    assert "model/model.json" in run.model().files
    assert find_processes(str(runner.home)) == []
