"""Crawls of web pages: one host's trouble is no other's, and who wrote a review is nowhere once the crawl is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.replay.crawling import read_records
from tests.replay.html_site import describe
from tests.replay.running import Replay, replay_server
from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.engine import crawl
from trending.sources.crawl.snapshot import read_snapshot

PAGES = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Replay]:
    with replay_server(pages=PAGES) as running:
        yield running


@pytest.fixture
def replay(server: Replay) -> Replay:
    server.clear()
    return server


def test_a_host_that_asks_for_a_pause_does_not_hold_up_another(replay: Replay, tmp_path: Path) -> None:
    replay.fault("/site/title/0", "status", status=429, retry_after="5", times=1)
    replay.fault("/site/list/0", "slow", seconds=1.0)  # meanwhile the first host has time to take every place there is
    resting = [f"{replay.url}/site/title/{number}" for number in range(PAGES)]
    busy = f"http://localhost:{replay.port}/site/list/0"
    config = CrawlConfig(source="schema_org", delay=0, concurrency=1, options={"urls": [*resting, busy], "follow": "localhost.*/title/"})
    counts = read_snapshot(crawl(config, tmp_path)).counts["response"]
    assert counts.model_dump() == {"fetched": PAGES + 51, "parsed": PAGES + 51, "failed": 0}
    refused = next(entry["time"] for entry in replay.log() if entry["status"] == 429)
    again = [entry["time"] for entry in replay.log("/site/title/0") if entry["host"] == f"127.0.0.1:{replay.port}"]
    assert again[-1] >= refused + 4.9
    others = [entry["time"] for entry in replay.log("/site/title/") if entry["host"] == f"localhost:{replay.port}"]
    assert len(others) == 50
    assert max(others) < refused + 4.9


def test_a_whole_host_resting_is_not_the_same_as_a_slow_one(replay: Replay, tmp_path: Path) -> None:
    replay.fault("/site/title/3", "status", status=500, times=3)
    urls = [f"/title/{number}" for number in range(20)]
    crawl(CrawlConfig(source="schema_org", base_url=f"{replay.url}/site", delay=0, concurrency=1, options={"urls": urls}), tmp_path)
    assert [entry["path"] for entry in replay.log("/site/title/")][-1] == "/site/title/3"  # the others did not wait for it


def test_names_of_reviewers_are_in_no_file_once_the_crawl_is_over(replay: Replay, tmp_path: Path) -> None:
    urls = [f"/title/{number}" for number in range(10)]
    snapshot = crawl(CrawlConfig(source="schema_org", base_url=f"{replay.url}/site", delay=0, options={"urls": urls}), tmp_path)
    names = [review["author"]["name"].encode() for number in range(10) for review in describe(number)["review"]]
    lines = read_records(snapshot)
    assert sum('"kind": "review"' in line for line in lines) == len(names) == 30
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert not [name for name in names if b'"' + name + b'"' in content], path
    assert not [line for line in lines if "Reader " in line]
