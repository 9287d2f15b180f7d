"""TVmaze: everything once, then only what changed, and nothing lost between the two."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.replay.crawling import crawl_tvmaze, read_failures, read_records
from tests.replay.running import Replay, replay_server
from tests.replay.tvmaze_site import FIRST_UPDATE
from trending.cleaning.clean import clean_titles
from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.engine import crawl
from trending.sources.crawl.snapshot import read_snapshot
from trending.sources.crawl.spiders.tvmaze import Spider, parse_show

SHOWS = 600
NEWEST = FIRST_UPDATE + 60 * (SHOWS - 1)  # the last id was deleted


@pytest.fixture
def replay() -> Iterator[Replay]:
    with replay_server(shows=SHOWS) as running:
        yield running


def titles(snapshot: Path) -> dict[str, dict[str, Any]]:
    return {one["record"]["source_id"]: one["record"] for one in map(json.loads, read_records(snapshot))}


def test_an_incremental_crawl_asks_only_for_what_changed(replay: Replay, tmp_path: Path) -> None:
    watermark = read_snapshot(crawl_tvmaze(replay, tmp_path)).watermark
    assert watermark == str(NEWEST)
    replay.clear()
    empty = crawl_tvmaze(replay, tmp_path, since=watermark)
    assert replay.paths() == ["/synthetic.tvmaze/updates/shows"]
    assert read_records(empty) == []
    assert read_snapshot(empty).watermark == watermark
    for number in (7, 11, SHOWS + 5):
        replay.update(number, NEWEST + 100 + number)
    replay.clear()
    changed = crawl_tvmaze(replay, tmp_path, since=watermark)
    assert sorted(replay.paths("/synthetic.tvmaze/shows/")) == sorted(f"/synthetic.tvmaze/shows/{number}" for number in (7, 11, SHOWS + 5))
    assert len(replay.log()) == 4
    assert set(titles(changed)) == {"7", "11", str(SHOWS + 5)}
    assert read_snapshot(changed).watermark == str(NEWEST + 100 + SHOWS + 5)
    assert replay.log("/synthetic.tvmaze/updates")[0]["if-none-match"] is not None


@pytest.mark.parametrize(("days", "period"), [(0, "?since=day"), (1, "?since=week"), (6, "?since=week"), (7, "?since=month"), (28, "")])
def test_the_shortest_list_of_updates_that_covers_is_asked_for(days: int, period: str) -> None:
    config = CrawlConfig(source="tvmaze", since=str(int(time.time()) - 86_400 * days - 60))
    assert [request.url for request in Spider(config).first_requests()] == [f"https://api.tvmaze.com/updates/shows{period}"]


def test_a_limited_incremental_crawl_takes_the_oldest_updates_and_the_next_goes_on(replay: Replay, tmp_path: Path) -> None:
    since, seen = str(NEWEST - 60 * 10), set()
    for _ in range(3):
        snapshot = crawl_tvmaze(replay, tmp_path, since=since, limit=4)
        assert not seen & set(titles(snapshot))
        seen |= set(titles(snapshot))
        since = str(read_snapshot(snapshot).watermark)
    assert seen == {str(number) for number in range(SHOWS - 10, SHOWS)}


def test_what_the_cached_index_has_old_or_not_yet_is_got_by_itself(replay: Replay, tmp_path: Path) -> None:
    now = int(time.time()) - 100
    replay.update(3, now, in_index=False)  # old in the index
    replay.update(40, now + 1, in_index=False)  # missing in a page
    replay.update(SHOWS + 400, now + 2, in_index=False)  # behind the last page
    snapshot = crawl_tvmaze(replay, tmp_path)
    found = titles(snapshot)
    assert found["3"]["plot"] == f"<p>Updated at {now}.</p>"
    assert len(found) == len(read_records(snapshot)) == SHOWS - SHOWS // 40 + 2
    assert {"40", str(SHOWS + 400)} <= set(found)
    assert read_snapshot(snapshot).watermark == str(now + 2)


def test_an_update_in_the_second_of_the_answer_is_not_skipped_by_the_next_crawl(replay: Replay, tmp_path: Path) -> None:
    replay.update(3, int(time.time()) + 30)  # as if the show had been updated just now, and another still may be
    watermark = read_snapshot(crawl_tvmaze(replay, tmp_path)).watermark
    assert int(str(watermark)) < int(time.time())


def test_a_server_without_the_list_of_updates_is_crawled_all_the_same(replay: Replay, tmp_path: Path) -> None:
    replay.fault("/synthetic.tvmaze/updates", "status", status=404)
    snapshot = crawl_tvmaze(replay, tmp_path)
    assert len(read_records(snapshot)) == SHOWS - SHOWS // 40
    assert read_snapshot(snapshot).watermark == str(NEWEST)


def test_a_show_deleted_after_it_was_listed_is_no_failure(replay: Replay, tmp_path: Path) -> None:
    replay.fault("/synthetic.tvmaze/shows/599", "status", status=404)
    snapshot = crawl_tvmaze(replay, tmp_path, since=str(NEWEST - 61))
    assert len(read_records(snapshot)) == 1
    assert read_failures(snapshot) == []
    assert read_snapshot(snapshot).watermark == str(NEWEST)


def test_a_limited_crawl_leaves_no_watermark_so_that_the_rest_is_not_lost(replay: Replay, tmp_path: Path) -> None:
    snapshot = crawl_tvmaze(replay, tmp_path, limit=300)
    assert set(replay.paths()) == {"/synthetic.tvmaze/shows?page=0", "/synthetic.tvmaze/shows?page=1"}
    assert len(read_records(snapshot)) == 243 + 50  # ids 1 to 249 without six, and the first fifty of the next page
    assert read_snapshot(snapshot).watermark is None


def test_the_schedule_adds_each_show_once(replay: Replay, tmp_path: Path) -> None:
    snapshot = crawl_tvmaze(replay, tmp_path, since=str(NEWEST), options={"schedule_country": "US", "schedule_date": "2026-11-20"})
    assert "/synthetic.tvmaze/schedule?country=US&date=2026-11-20" in replay.paths()
    assert set(titles(snapshot)) == {"1", "2", "3"}


def test_records_come_through_cleaning(replay: Replay, tmp_path: Path) -> None:
    snapshot = crawl_tvmaze(replay, tmp_path)
    kept = clean_titles(titles(snapshot).values()).titles
    assert len(kept) == SHOWS - SHOWS // 40
    one = kept[kept["title_id"] == "tvmaze:7"].iloc[0]
    assert one["type"] == "tv"
    assert one["country"] == "US"
    assert "<" not in one["plot"]
    assert "Documentary" in one["genres"]  # of the label type:Documentary
    assert one["rights_class"] == "open_cc_by_sa"


@pytest.mark.parametrize("lacking", ["network", "webChannel", "premiered", "rating", "externals", "summary", "type", "genres", "weight"])
def test_a_show_may_lack_anything_but_its_name_and_id(lacking: str) -> None:
    from tests.replay.tvmaze_site import make_show

    show = make_show(7, {"title": "A", "year": 2001, "genres": ["Drama"], "plot": "B."})
    for value in (show | {lacking: None}, {name: value for name, value in show.items() if name != lacking}):
        record = parse_show(value)
        assert (record["source_id"], record["title"]) == ("7", "A 7")


def test_recorded_answers_of_the_real_service_are_read_whole(shared_data: Path, tmp_path: Path) -> None:
    with replay_server(fixtures=shared_data / "fixtures") as recorded:
        snapshot = crawl(CrawlConfig(source="tvmaze", base_url=recorded.recorded("api.tvmaze.com"), delay=0), tmp_path)
        found = titles(snapshot)
        assert len(found) == 240
        assert read_failures(snapshot) == []
        assert sum(record["imdb_id"] is not None for record in found.values()) > 200
        watermark = int(str(read_snapshot(snapshot).watermark))
        later = crawl(CrawlConfig(source="tvmaze", base_url=recorded.recorded("api.tvmaze.com"), delay=0, since=str(watermark - 86_400 * 30)), tmp_path)
        assert 0 < len(titles(later)) < 240
        assert all(found[number] == record for number, record in titles(later).items())
