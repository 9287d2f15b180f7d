"""A crawl over real HTTP: all records and no more, a snapshot that can't change unnoticed, and one clear line when it can't be done."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.replay.crawling import crawl_tvmaze, read_failures, read_records, start_crawl, tvmaze_config
from tests.replay.running import Replay, replay_server
from trending.errors import InputError, NotFoundError, SourceUnreachable, UsageError
from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.engine import check_reachable, crawl
from trending.sources.crawl.snapshot import RECORDS, list_snapshots, read_snapshot

SHOWS = 600
LIVING = SHOWS - SHOWS // 40


@pytest.fixture(scope="module")
def server() -> Iterator[Replay]:
    with replay_server(shows=SHOWS) as running:
        yield running


@pytest.fixture
def replay(server: Replay) -> Replay:
    server.clear()
    return server


def test_a_snapshot_holds_every_show_and_says_how_it_came_about(replay: Replay, tmp_path: Path) -> None:
    progress: list[dict[str, int]] = []
    snapshot = crawl(tvmaze_config(replay), tmp_path, on_progress=progress.append)
    found = read_snapshot(snapshot)
    assert len(read_records(snapshot)) == len(set(read_records(snapshot))) == found.counts["title"].parsed == LIVING
    assert all(count.balanced for count in found.counts.values())
    assert found.http["requests"] == len(replay.log()) + 1  # and robots.txt
    assert found.watermark is not None
    assert progress[-1]["parsed"] >= LIVING
    assert not (tmp_path / "crawls" / "tvmaze" / "job" / "job.json").exists()


def test_a_snapshot_is_read_only_and_a_change_is_noticed(replay: Replay, tmp_path: Path) -> None:
    snapshot = crawl_tvmaze(replay, tmp_path)
    paths = [snapshot, *snapshot.iterdir()]
    assert not any(path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) for path in paths)
    records = snapshot / RECORDS
    for path in (snapshot, records):
        path.chmod(0o755)
    records.write_bytes(records.read_bytes()[:-1])
    with pytest.raises(InputError, match="was changed after the crawl"):
        read_snapshot(snapshot)
    with pytest.raises(NotFoundError):
        read_snapshot(tmp_path / "none")


def test_each_crawl_makes_a_snapshot_of_its_own_and_asks_only_whether_pages_changed(replay: Replay, tmp_path: Path) -> None:
    first = crawl_tvmaze(replay, tmp_path)
    replay.clear()
    second = crawl_tvmaze(replay, tmp_path)
    assert list_snapshots(first.parents[1]) == sorted([first, second])
    assert read_records(first) == read_records(second)
    asked = [entry for entry in replay.log() if "page=" in entry["path"] and entry["status"] != 404]
    assert [entry["status"] for entry in asked] == [304, 304, 304]
    assert all(entry["if-none-match"] for entry in asked)
    assert read_snapshot(second).http["not_modified"] == 5  # the updates and robots.txt too


def test_two_crawls_of_one_source_at_once_are_refused_in_one_line(replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trending.sources.crawl.job.hold_lock.__wrapped__.__defaults__", (0.5,))
    replay.fault("/synthetic.tvmaze/updates", "slow", seconds=4.0, times=1)
    running = start_crawl(tvmaze_config(replay), tmp_path)
    while not replay.log():
        time.sleep(0.05)
    with pytest.raises(UsageError, match="another crawl of this source is running") as caught:
        crawl_tvmaze(replay, tmp_path)
    assert len(str(caught.value).splitlines()) == 1
    out, error = running.communicate(timeout=60)
    assert running.returncode == 0, error
    assert len(read_records(Path(out.strip()))) == LIVING


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_an_unreachable_host_is_one_line_that_names_it_and_leaves_nothing(base_url: str, tmp_path: Path) -> None:
    started = time.perf_counter()
    config = CrawlConfig(source="tvmaze", base_url=base_url)
    with pytest.raises(SourceUnreachable) as caught:
        crawl(config, tmp_path)
    assert time.perf_counter() - started < 10
    assert base_url.removeprefix("http://") in str(caught.value)
    assert "python run.py --pipeline ingestion --set source=starter" in str(caught.value)
    assert caught.value.exit_code == 1
    assert not list(tmp_path.rglob("snapshot*"))
    assert not list(tmp_path.rglob("job.json"))
    with pytest.raises(SourceUnreachable):
        check_reachable(config)


def test_a_host_that_accepts_connections_but_never_answers_is_unreachable_too(replay: Replay, tmp_path: Path) -> None:
    replay.fault("/", "reset")
    with pytest.raises(SourceUnreachable, match="no request was answered"):
        crawl_tvmaze(replay, tmp_path, retries=0)
    assert not list_snapshots(tmp_path / "crawls" / "tvmaze")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"options": {"colour": "red"}}, "no option 'colour'"),
        ({"since": "yesterday"}, "the watermark is no Unix time"),
        ({"source": "tmdb"}, "needs an API key"),
    ],
)
def test_what_a_source_does_not_understand_is_refused(replay: Replay, tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        crawl_tvmaze(replay, tmp_path, **changes)
    assert len(str(caught.value).splitlines()) == 1
    assert not list(tmp_path.rglob("job.json"))


def test_a_key_is_written_nowhere(replay: Replay, tmp_path: Path) -> None:
    crawl(tvmaze_config(replay), tmp_path, key="s3cret-k3y")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert not [path for path in files if b"s3cret-k3y" in path.read_bytes()]


def test_an_unfinished_job_of_another_configuration_is_replaced(replay: Replay, tmp_path: Path) -> None:
    replay.fault("/synthetic.tvmaze/shows", "slow", seconds=30)
    running = start_crawl(tvmaze_config(replay), tmp_path)
    while len(replay.log()) < 2:
        time.sleep(0.05)
    running.kill()
    running.communicate()
    replay.clear()
    snapshot = crawl_tvmaze(replay, tmp_path, limit=10)
    assert len(read_records(snapshot)) == 10
    assert read_failures(snapshot) == []
