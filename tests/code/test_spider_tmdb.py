"""The TMDB spider, on recorded answers and on ones written from TMDB's documentation; above all, the key stays out of everything kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.code.spider_run import Ran, make_spider, run, serve
from trending.errors import UsageError
from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.engine import crawl
from trending.sources.crawl.snapshot import iter_records, read_snapshot

TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.made-up-signature"
Fixture = Callable[[str], Any]


@pytest.fixture
def fixture(shared_data: Path) -> Fixture:
    """Return the recorded answer to a path of the API."""
    index = {entry["url"]: entry["file"] for entry in json.loads((shared_data / "fixtures" / "index.json").read_text())}
    return lambda path: json.loads((shared_data / "fixtures" / index[f"https://api.themoviedb.org/3/{path}"]).read_text())


def written(path: str) -> tuple[int, Any]:
    """A small TMDB: two pages of films, one of shows, details of all but number 5, two pages of reviews."""
    parts, query = urlsplit(path).path.strip("/").split("/"), parse_qs(urlsplit(path).query)
    page = int(query.get("page", ["1"])[0])
    if "trending" in parts:
        ids = {"movie": {1: list(range(1, 21)), 2: [21, 22]}, "tv": {1: [1, 2]}}[parts[-2]].get(page, [])
        return 200, {"page": page, "results": [{"id": one} for one in ids], "total_pages": 2 if "movie" in parts else 1}
    if parts[-1] == "reviews":
        review = {"id": f"r{parts[-2]}-{page}", "content": f"Review {page} of it.", "author_details": {"username": "someone", "rating": 8.0}}
        return 200, {"page": page, "results": [review], "total_pages": 2}
    if parts[-1] == "5":
        return 404, {"success": False, "status_code": 34}
    name = {"movie": "title", "tv": "name"}[parts[-2]]
    return 200, {"id": int(parts[-1]), name: f"Work {parts[-1]}", "overview": "", "vote_average": 7.5, "vote_count": 40, "genres": [{"name": "Drama"}]}


def read(**options: Any) -> Ran:
    return run(make_spider("tmdb", key=TOKEN, options=options), written)


def test_recorded_answers_become_records(fixture: Fixture) -> None:
    """A film, a show, their reviews and two real trending lists: every entry is read and none fails."""
    known = {
        "trending/movie/week": fixture("trending/movie/week"),
        "trending/tv/week": fixture("trending/tv/week"),
        "movie/47964": {**fixture("movie/47964"), "external_ids": fixture("movie/335984/external_ids")},
        "tv/1396": {**fixture("tv/1396"), "external_ids": fixture("tv/1399/external_ids")},
        "movie/47964/reviews": fixture("movie/47964/reviews"),
        "tv/1396/reviews": fixture("tv/1396/reviews?page=1"),
    }
    known["trending/movie/week"]["results"][4]["id"], known["trending/tv/week"]["results"][4]["id"] = 47964, 1396

    def site(url: str) -> tuple[int, Any]:
        path = urlsplit(url).path.removeprefix("/3/")
        return (200, known[path]) if path in known else (404, {})

    ran = run(make_spider("tmdb", key=TOKEN, options={"pages": 1}), site)
    assert {failure["kind"] for failure in ran.failures} == {"response"}  # the details that weren't recorded
    film, show = sorted(ran.of("title"), key=lambda title: title["type"])
    assert (film["source_id"], film["year"], film["release_date"], film["country"]) == ("movie-47964", 2013, "2013-02-06", "US")
    assert film["genres"] == ["Action", "Thriller"]
    assert film["ids"] == {"tmdb_movie": "47964", "imdb": "tt1856101", "wikidata": "Q21500755"}
    assert (show["source_id"], show["year"], show["type"]) == ("tv-1396", 2008, "tv")
    assert show["ids"]["thetvdb"] == "121361"
    ranks = {one["title_source_id"]: one["value"] for one in ran.of("signal") if one["kind"] == "rank"}
    assert ranks["movie-47964"] == ranks["tv-1396"] == 5
    assert len(ranks) == len(known["trending/movie/week"]["results"]) + len(known["trending/tv/week"]["results"])
    expected = len(known["movie/47964/reviews"]["results"]) + len(known["tv/1396/reviews"]["results"])
    assert len(ran.of("review")) == expected > 0
    assert all(review["text"] and review["author"] and review["review_date"] for review in ran.of("review"))
    assert {record["rights_class"] for _, record in ran.records} == {"tmdb_restricted"}


def test_pages_are_followed_as_far_as_asked_and_ranks_run_on() -> None:
    ran = read(pages=2, review_pages=2)
    ranks = {one["title_source_id"]: one["value"] for one in ran.of("signal") if one["kind"] == "rank"}
    assert ranks["movie-22"] == 22
    assert ranks["tv-2"] == 2
    assert len(ran.of("title")) == 22 + 2 - 1  # film number 5 isn't there
    assert len(ran.of("review")) == 2 * 24
    assert [failure["reason"] for failure in ran.failures] == ["HTTP 404"]
    one = read(pages=1, review_pages=0, types=["tv"])
    assert len(one.of("title")) == 2
    assert not one.of("review")


def test_a_week_of_ranks_has_ended_when_it_is_given() -> None:
    """The list of 24 November speaks of the seven days before, so a score of that day may read it."""
    rank = next(one for one in read().of("signal") if one["kind"] == "rank")
    assert (rank["period_start"], rank["days"]) == ("2026-11-17", 7)
    rating = next(one for one in read().of("signal") if one["kind"] == "rating")
    assert (rating["period_start"], rating["days"], rating["value"], rating["weight"]) == ("2026-11-23", 1, 7.5, 40)


def test_a_limit_is_shared_among_the_lists() -> None:
    ran = run(make_spider("tmdb", key=TOKEN, limit=3), written)
    assert sorted(title["source_id"] for title in ran.of("title")) == ["movie-1", "movie-2", "tv-1", "tv-2"]


@pytest.mark.parametrize("entry", [None, [], {}, {"id": "12"}, {"id": None}, {"id": True}], ids=["null", "list", "no id", "text", "null id", "true"])
def test_a_bad_entry_of_a_list_fails_alone(entry: Any) -> None:
    def site(path: str) -> tuple[int, Any]:
        return (200, {"results": [entry, {"id": 2}]}) if "trending" in path else written(path)

    ran = run(make_spider("tmdb", key=TOKEN, options={"types": ["movie"]}), site)
    assert [failure["kind"] for failure in ran.failures] == ["signal"]
    assert [title["source_id"] for title in ran.of("title")] == ["movie-2"]


@pytest.mark.parametrize("body", [b'{"results": [', b"[1]", {"results": None}, b"\xff\xfe"], ids=["cut", "list", "none", "bytes"])
def test_an_answer_that_cannot_be_read_is_accounted_for(body: Any) -> None:
    ran = run(make_spider("tmdb", key=TOKEN), lambda _: (200, body))
    assert [failure["kind"] for failure in ran.failures] == ["response", "response"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", None), ("title", " "), ("release_date", "soon"), ("vote_count", "many"), ("genres", [{}]), ("external_ids", [1])],
)
def test_details_that_cannot_be_read_fail_alone(field: str, value: Any) -> None:
    def site(path: str) -> tuple[int, Any]:
        status, body = written(path)
        return status, {**body, field: value} if "/movie/1?" in path else body

    ran = run(make_spider("tmdb", key=TOKEN, options={"types": ["movie"], "pages": 1}), site)
    assert "title" in [failure["kind"] for failure in ran.failures]
    assert "movie-2" in [title["source_id"] for title in ran.of("title")]


@pytest.mark.parametrize("key", [None, "", "0123456789abcdef0123456789abcdef", "two words"])
def test_without_a_proper_token_nothing_is_asked(key: str | None) -> None:
    """A v3 key is refused too: it could only travel in addresses."""
    with pytest.raises(UsageError, match=r"themoviedb\.org/settings/api"):
        list(make_spider("tmdb", key=key).first_requests())


@pytest.mark.parametrize("options", [{"types": []}, {"types": ["person"]}, {"window": "year"}, {"pages": 0}, {"review_pages": -1}, {"language": "x&y"}])
def test_an_option_that_cannot_be_read_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="options"):
        list(make_spider("tmdb", key=TOKEN, options=options).first_requests())


def test_the_key_is_sent_and_kept_nowhere(tmp_path: Path) -> None:
    """Over HTTP: every request carries the token; no address and no file of the crawl does, while it runs or after."""
    on_disk: list[bytes] = []

    def site(path: str) -> tuple[int, Any]:
        on_disk.extend(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
        return written(path)

    with serve(site) as (root, log):
        config = CrawlConfig(source="tmdb", base_url=root, delay=0, options={"pages": 1})
        folder = crawl(config, tmp_path, key=TOKEN)
    asked = [entry for entry in log if entry["path"] != "/robots.txt"]
    assert {entry["authorization"] for entry in asked} == {f"Bearer {TOKEN}"}
    assert not any(TOKEN in entry["path"] for entry in log)
    assert all("authorization" not in entry for entry in log if entry["path"] == "/robots.txt")
    assert not any(TOKEN.encode() in content for content in on_disk)
    assert not any(TOKEN.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert read_snapshot(folder).counts["title"].parsed == 21
    assert all(TOKEN not in json.dumps(record) for record in iter_records(folder))
