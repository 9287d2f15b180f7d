"""Whatever a site does, a crawl ends with all that could be had, and with each thing that couldn't, accounted for with its reason."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.replay.crawling import crawl_tvmaze, read_failures, read_records
from tests.replay.faults import BIG_BYTES
from tests.replay.running import Replay, replay_server
from trending.errors import TrendingError
from trending.sources.crawl.job import source_folder
from trending.sources.crawl.snapshot import list_snapshots, read_snapshot

SHOWS = 600
PAGE = "/synthetic.tvmaze/shows?page=1"
LIVING = SHOWS - SHOWS // 40
IN_PAGE = 250 - 250 // 40


@pytest.fixture(scope="module")
def server() -> Iterator[Replay]:
    with replay_server(shows=SHOWS) as running:
        yield running


@pytest.fixture
def replay(server: Replay) -> Iterator[Replay]:
    server.clear()
    yield server
    server.steer(robots="User-agent: *\nDisallow:\n", latency=0)


def asked_at(replay: Replay, path: str) -> list[float]:
    return [entry["time"] for entry in replay.log(path)]


@pytest.mark.parametrize(
    ("mode", "details"),
    [
        ("slow", {"seconds": 1.5, "times": 1}),
        ("status", {"status": 500, "times": 3}),
        ("status", {"status": 503, "times": 1}),
        ("reset", {"times": 2}),
        ("cut", {"times": 1}),
        ("big", {}),
    ],
)
def test_what_passes_costs_nothing(replay: Replay, tmp_path: Path, mode: str, details: dict[str, float]) -> None:
    replay.fault(PAGE, mode, **details)
    snapshot = crawl_tvmaze(replay, tmp_path)
    assert len(read_records(snapshot)) == LIVING
    assert read_failures(snapshot) == []
    assert read_snapshot(snapshot).watermark is not None
    if mode == "big":
        assert read_snapshot(snapshot).http["bytes"] > BIG_BYTES


def test_backoff_grows(replay: Replay, tmp_path: Path) -> None:
    replay.fault(PAGE, "status", status=500, times=3)
    crawl_tvmaze(replay, tmp_path)
    times = asked_at(replay, PAGE)
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert len(waits) == 3
    assert all(wait >= 0.9 * 0.25 * 2**step for step, wait in enumerate(waits))  # at least half of 0.5, 1, 2 seconds


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured_and_the_whole_host_is_left_alone_meanwhile(replay: Replay, tmp_path: Path, as_date: bool) -> None:
    wait = 3
    asked = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 5)) if as_date else str(wait)
    replay.fault("/synthetic.tvmaze/updates", "status", status=429, retry_after=asked, times=1)
    snapshot = crawl_tvmaze(replay, tmp_path)
    first, second, *rest = replay.log()
    assert first["path"] == second["path"]
    assert second["time"] - first["time"] >= (1.0 if as_date else wait - 0.05)
    assert all(entry["time"] >= second["time"] for entry in rest)
    assert len(read_records(snapshot)) == LIVING
    assert read_snapshot(snapshot).http["retries"] == 1


@pytest.mark.parametrize(
    ("mode", "details", "said"),
    [
        ("truncated", {}, "can't be read"),
        ("encoding", {}, "can't be read"),
        ("redirect_loop", {}, "redirected in a circle"),
        ("status", {"status": 500}, "HTTP 500"),
        ("status", {"status": 403}, "HTTP 403"),
        ("reset", {}, "Download"),
        ("slow", {"seconds": 5}, "Timeout"),
    ],
)
def test_what_does_not_pass_is_a_failure_that_holds_the_watermark_back(replay: Replay, tmp_path: Path, mode: str, details: dict[str, float], said: str) -> None:
    replay.fault(PAGE, mode, **details)
    snapshot = crawl_tvmaze(replay, tmp_path, retries=1, timeout=2)
    failure = next(iter(read_failures(snapshot)))
    assert said in failure["reason"]
    assert PAGE in failure["url"]
    found = read_snapshot(snapshot)
    assert found.counts["response"].failed == 1
    assert found.counts["response"].balanced
    assert found.watermark is None
    assert found.counts["title"].parsed == len(read_records(snapshot)) == LIVING - IN_PAGE


def test_an_answer_that_could_not_be_read_is_asked_for_anew_by_the_next_crawl(replay: Replay, tmp_path: Path) -> None:
    replay.fault(PAGE, "truncated", times=1)
    crawl_tvmaze(replay, tmp_path)
    replay.clear()
    snapshot = crawl_tvmaze(replay, tmp_path)
    assert [(entry["if-none-match"], entry["status"]) for entry in replay.log(PAGE)] == [(None, 200)]
    assert len(read_records(snapshot)) == LIVING


def test_one_bad_record_does_not_take_the_others_with_it(replay: Replay, tmp_path: Path) -> None:
    replay.fault("/synthetic.tvmaze/shows?page=0", "encoding", times=0)
    replay.fault("/synthetic.tvmaze/schedule", "status", status=404)
    snapshot = crawl_tvmaze(replay, tmp_path, options={"schedule_country": "US"})
    assert [failure["reason"] for failure in read_failures(snapshot)] == ["HTTP 404"]
    assert len(read_records(snapshot)) == LIVING


def test_nothing_goes_to_a_host_that_asked_for_a_pause_not_even_what_was_about_to(replay: Replay, tmp_path: Path) -> None:
    replay.fault("/synthetic.tvmaze/shows/59", "status", status=429, retry_after="3", times=1)
    snapshot = crawl_tvmaze(replay, tmp_path, since="1700032400", concurrency=1)  # the last sixty shows
    refused = next(entry["time"] for entry in replay.log() if entry["status"] == 429)
    later = [entry["time"] - refused for entry in replay.log() if entry["time"] > refused]
    assert len(later) > 5
    assert min(later) > 2.95
    assert len(read_records(snapshot)) == read_snapshot(snapshot).counts["title"].parsed == 58
    assert read_failures(snapshot) == []


def test_robots_txt_is_obeyed_and_the_refusal_is_accounted_for(replay: Replay, tmp_path: Path) -> None:
    replay.steer(robots="User-agent: *\nDisallow: /synthetic.tvmaze/shows\n")
    snapshot = crawl_tvmaze(replay, tmp_path)
    assert replay.paths() == ["/synthetic.tvmaze/updates/shows?since=day"]
    assert all("robots.txt" in failure["reason"] for failure in read_failures(snapshot))
    assert read_snapshot(snapshot).counts["response"].failed == 4


def test_nothing_is_fetched_where_robots_txt_cannot_be_read(replay: Replay, tmp_path: Path) -> None:
    replay.fault("/robots.txt", "status", status=500)
    with pytest.raises(TrendingError, match=r"none of \d requests was answered .* robots\.txt can't be read: HTTP 500"):
        crawl_tvmaze(replay, tmp_path, retries=1)
    assert replay.paths() == []
    assert not list_snapshots(source_folder(tmp_path, "tvmaze"))


def test_a_source_that_refuses_everything_is_one_clear_line_and_no_snapshot(replay: Replay, tmp_path: Path) -> None:
    replay.fault("/synthetic.tvmaze", "status", status=403)
    with pytest.raises(TrendingError, match=r"none of .* the first: HTTP 403") as caught:
        crawl_tvmaze(replay, tmp_path)
    assert "\n" not in str(caught.value)
    assert not list_snapshots(source_folder(tmp_path, "tvmaze"))


def test_requests_are_spaced_and_say_who_asks(replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDING_CONTACT", "crawls@example.org")
    crawl_tvmaze(replay, tmp_path, delay=0.4, concurrency=1)
    times = [entry["time"] for entry in replay.log()]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.4 * 0.5 - 0.02  # jitter is half of the delay
    assert times[-1] - times[0] >= 0.4 * (len(times) - 1) * 0.7
    assert all(entry["user-agent"].startswith("TrendingNow/") and "(+crawls@example.org)" in entry["user-agent"] for entry in replay.log())
    assert len(replay.log("/robots.txt")) == 1


def test_no_more_than_the_allowed_number_of_requests_are_under_way(replay: Replay, tmp_path: Path) -> None:
    replay.steer(latency=0.5)
    crawl_tvmaze(replay, tmp_path, concurrency=2, since="1700030000", limit=12)
    times = [entry["time"] for entry in replay.log("/synthetic.tvmaze/shows/")]
    assert len(times) >= 12
    assert all(later - earlier >= 0.45 for earlier, later in zip(times, times[2:], strict=False))
