"""ZenML follows what is current: the stage `production` moves with promotion and rollback, and a killed promotion is made up for by `release verify`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipelines.running import QUICK, Runner
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail

DIE_BEFORE_THE_ENTRY = """
import os, signal
from trending.releases import ReleaseStore, audit
from trending.releases.promotion import promote
audit.AuditTrail.add = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
promote(ReleaseStore.from_settings(), {version!r})
"""
STAGES = """
import json
from zenml.client import Client
names = {names!r}
print(json.dumps({{name: Client().get_model_version("trending-now-genres", name).stage for name in names}}))
"""


@pytest.fixture(scope="module")
def two(runner: Runner) -> tuple[Runner, dict[str, str]]:
    """A home with two releases that training published, by their age: version -> ZenML model version; the second is current."""
    promoted = runner.with_home("promoted")
    results = [promoted.train(*QUICK, "--set", f"seed={seed}") for seed in (5, 6)]
    return promoted, {one["release"]: one["model_version"] for one in results}


def in_production(runner: Runner, models: dict[str, str]) -> list[str]:
    """Return the releases whose model version is in the stage production."""
    stages = runner.python(STAGES.format(names=list(models.values())))
    return [release for release, model in models.items() if stages[model] == "production"]


@pytest.mark.slow
def test_stage_and_trail_follow_publishing_rollback_promotion_and_repair(two: tuple[Runner, dict[str, str]]) -> None:
    runner, models = two
    old, new = models
    store = ReleaseStore(str(runner.home / "releases"), runner.home / "cache" / "releases")
    assert in_production(runner, models) == [new]

    started = time.perf_counter()
    switched: list[float] = []
    command = [sys.executable, "run.py", "release", "rollback", "--reason", "it was worse", "--json"]
    process = subprocess.Popen(command, cwd=runner.root, env=runner.environment, stdout=subprocess.PIPE, text=True)
    while process.poll() is None:
        if not switched and runner.current() == old:
            switched.append(time.perf_counter() - started)
        time.sleep(0.02)
    whole = time.perf_counter() - started
    assert process.stdout is not None
    told = json.loads(process.stdout.read())
    assert told == {"current": old, "followers": {"ZenML": f"trending-now-genres:{models[old]} is in production"}}
    assert in_production(runner, models) == [old]
    print(f"CURRENT after {switched[0]:.1f} s, ZenML after {whole:.1f} s")
    assert switched[0] < 10, "CURRENT waits for nobody"

    killed = subprocess.run([sys.executable, "-c", DIE_BEFORE_THE_ENTRY.format(version=new)], cwd=runner.root, env=runner.environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (runner.current(), in_production(runner, models)) == (new, [old])
    verified = runner.run("release", "verify", "--json")
    assert verified.returncode == 0, verified.stdout
    assert "finished; ZenML" in json.loads(verified.stdout)["repaired"]
    assert in_production(runner, models) == [new]

    entries = list(AuditTrail.from_store(store).entries())
    assert [(entry.action, entry.release) for entry in entries] == [("published", old), ("published", new), ("rolled_back", old), ("promoted", new)]
    assert entries[2].reason == "it was worse"
    assert entries[0].run.pipeline == "training"
    assert AuditTrail.from_store(store).verify() is None


@pytest.mark.slow
def test_a_machine_without_zenmls_state_gets_none_by_rolling_back(two: tuple[Runner, dict[str, str]], tmp_path: Path) -> None:
    """Such as a workflow's, which sees the releases alone."""
    runner, models = two
    environment = runner.environment | {"ZENML_CONFIG_PATH": str(tmp_path / "zenml"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "run.py", "release", "promote", list(models)[1]], cwd=runner.root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
