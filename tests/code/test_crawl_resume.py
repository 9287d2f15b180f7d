"""A crawl killed at any moment goes on where it was: the same records in the end, and nothing that was got is asked for twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.replay.crawling import crawl_tvmaze, read_failures, read_records, start_crawl, tvmaze_config
from tests.replay.running import Replay, replay_server
from tests.replay.tvmaze_site import FIRST_UPDATE
from trending.sources.crawl.job import hold_lock, load_job, source_folder
from trending.sources.crawl.responses import ResponseTable
from trending.sources.crawl.snapshot import list_snapshots, read_snapshot

SHOWS = 400
SINCE = str(FIRST_UPDATE + 60 * 200)


@pytest.fixture(scope="module")
def server() -> Iterator[Replay]:
    with replay_server(shows=SHOWS, latency=0.03) as running:
        yield running


@pytest.fixture
def replay(server: Replay) -> Replay:
    server.clear()
    return server


def stored_urls(home: Path) -> set[str]:
    """Wait for the worker to be gone; return what the job has answers of."""
    folder = source_folder(home, "tvmaze")
    with hold_lock(folder / "worker.lock", wait=10):
        job = load_job(folder / "job")
    if job is None or not job.responses.exists():
        return set()
    table = ResponseTable(job.responses)
    try:
        return table.urls(job.job_id)
    finally:
        table.close()


def kill_at(replay: Replay, home: Path, seconds: float) -> bool:
    """Start the crawl, kill it after some seconds; tell whether it had ended before."""
    running = start_crawl(tvmaze_config(replay, since=SINCE), home)
    try:
        running.wait(seconds)
    except subprocess.TimeoutExpired:
        running.kill()
    running.communicate()
    return running.returncode == 0


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_killed_at_random_moments_it_ends_with_the_same_records_and_asks_for_nothing_twice(replay: Replay, tmp_path: Path, kills: int) -> None:
    unkilled = read_records(crawl_tvmaze(replay, tmp_path / "unkilled", since=SINCE))
    assert len(unkilled) == 195
    seed = random.randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")
    moments, got = random.Random(seed), set()
    for _ in range(kills):
        replay.clear()
        ended = kill_at(replay, tmp_path / "killed", moments.uniform(0.3, 2.6))
        assert not got & {replay.url + path for path in replay.paths("/")}
        got = stored_urls(tmp_path / "killed")
        if ended:
            break
    replay.clear()
    snapshots = list_snapshots(source_folder(tmp_path / "killed", "tvmaze"))
    snapshot = snapshots[0] if snapshots else crawl_tvmaze(replay, tmp_path / "killed", since=SINCE)
    assert read_records(snapshot) == unkilled
    assert read_failures(snapshot) == []
    assert not got & {replay.url + path for path in replay.paths("/")}


def test_a_kill_near_the_end_costs_only_what_was_under_way(replay: Replay, tmp_path: Path) -> None:
    running = start_crawl(tvmaze_config(replay, since=SINCE), tmp_path)
    while len(replay.log()) < 150:
        time.sleep(0.02)
    running.kill()
    running.communicate()
    got = stored_urls(tmp_path)
    asked = set(replay.paths())
    assert len(asked) - len(got - {replay.url + "/robots.txt"}) <= 4  # the requests that were under way
    replay.clear()
    snapshot = crawl_tvmaze(replay, tmp_path, since=SINCE)
    assert len(replay.log()) == 196 - (len(got) - 1)
    assert read_snapshot(snapshot).http["resumed"] == len(got)


def test_the_worker_dies_with_its_parent_and_with_ctrl_c(replay: Replay, tmp_path: Path) -> None:
    replay.fault("/synthetic.tvmaze/shows/", "slow", seconds=60)
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        replay.steer(clear=["log"])
        running = start_crawl(tvmaze_config(replay, since=SINCE), tmp_path)
        while not replay.log("/synthetic.tvmaze/shows/"):
            time.sleep(0.02)
        os.kill(running.pid, how)
        running.communicate(timeout=20)
        with hold_lock(source_folder(tmp_path, "tvmaze") / "worker.lock", wait=5):
            assert running.returncode != 0


def test_a_crawl_killed_after_its_snapshot_was_made_is_not_made_again(replay: Replay, tmp_path: Path) -> None:
    script = (
        "import os; from trending.sources.crawl import engine; engine._close = lambda job: os._exit(9); "
        "from pathlib import Path; from tests.replay.crawling import *; from tests.replay.running import Replay; "
        f"crawl_tvmaze(Replay({replay.port}), Path({str(tmp_path)!r}), since={SINCE!r})"
    )
    outcome = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False)
    assert outcome.returncode == 9
    replay.clear()
    snapshot = crawl_tvmaze(replay, tmp_path, since=SINCE)
    assert replay.log() == []
    assert list_snapshots(source_folder(tmp_path, "tvmaze")) == [snapshot]
    assert len(read_records(snapshot)) == 195
