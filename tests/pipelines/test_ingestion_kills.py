"""An ingestion killed with SIGKILL at random moments and started again ends with the rows of one that was never killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipelines.running import Runner
from tests.replay.running import replay_server
from trending.datasets.store import DataStore

SHOWS = 2_500
SEED = 20


def fingerprint(runner: Runner, version: str) -> str:
    """Return the hash of a version's tables, which depends on their rows alone."""
    return DataStore(str(runner.home / "data"), Path(runner.home) / "cache" / "data").manifest(version).fingerprint


def check_kills(runner: Runner, kills: int) -> None:
    draw = random.Random(SEED)
    with replay_server(shows=SHOWS, latency=0.1) as server:
        keys = ("source=tvmaze", f"base_url={server.tvmaze}", "delay=0.3", "concurrency=2", "checks.sample=300")
        arguments = [part for key in keys for part in ("--set", key)]
        unkilled = runner.with_home(f"unkilled-{kills}")
        started = time.perf_counter()
        whole = unkilled.ingest(*arguments)
        length = time.perf_counter() - started
        killed = runner.with_home(f"killed-{kills}")
        server.clear()
        done = 0
        for attempt in range(3 * kills):
            if done == kills:
                break
            command = [sys.executable, str(killed.root / "run.py"), "--pipeline", "ingestion", *arguments]
            process = subprocess.Popen(command, env=killed.environment, cwd=killed.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(draw.uniform(0.1, 0.9) * length)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            if process.wait() == 0:
                # What earlier runs had done let this one end before its moment came: begin anew elsewhere.
                killed, length = runner.with_home(f"killed-{kills}-{attempt}"), 0.8 * length
                continue
            assert process.returncode == -signal.SIGKILL
            assert killed.run("data", "list", "--json").returncode == 0
            done += 1
        assert done == kills
        ended = killed.ingest(*arguments)
        assert ended["rows"] == whole["rows"]
        assert fingerprint(killed, ended["version"]) == fingerprint(unkilled, whole["version"])


@pytest.mark.slow
def test_killed_twice(runner: Runner) -> None:
    check_kills(runner, 2)


@pytest.mark.slow
def test_killed_ten_times(runner: Runner) -> None:
    check_kills(runner, 10)
