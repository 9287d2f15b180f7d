"""The Wikipedia spider, on answers written from MediaWiki's documentation (with sentences of our own) and on recorded ones of general pages."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.code.spider_run import Ran, make_spider, run, serve
from trending.errors import UsageError
from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.engine import crawl
from trending.sources.crawl.snapshot import read_snapshot
from trending.sources.crawl.spiders._wikipedia_pages import find_genres, find_type, find_year, strip_qualifier

NOW = "2026-11-24T10:00:00Z"
FILM = ["2026 films", "2026 horror films", "American comedy films"]


def page(number: int, title: str, categories: list[str], **more: Any) -> dict[str, Any]:
    return {
        "pageid": number,
        "ns": 0,
        "title": title,
        "extract": f"{title} is a 2026 film about page {number}.",
        "touched": "2026-11-01T00:00:00Z",
        "fullurl": f"https://en.wikipedia.org/wiki/{title.replace(' ', '_')}",
        "pageprops": {"wikibase_item": f"Q{number}"},
        "categories": [{"ns": 14, "title": f"Category:{one}"} for one in categories],
        **more,
    }


def site(members: dict[str, list[dict[str, Any]]], batch: int = 20) -> Any:
    """A Wikipedia with these categories, `batch` members an answer, and ten views a day of every article but those called Unread."""

    def answer(url: str) -> tuple[int, Any]:
        parts = urlsplit(url)
        if "metrics/pageviews" in parts.path:
            article, _, first, last = parts.path.rsplit("/", 4)[1:]
            if unquote(article).startswith("Unread"):
                return 404, {"type": "not_found"}
            return 200, {"items": [{"granularity": "daily", "timestamp": f"{day}00", "views": 10} for day in (first, last)]}
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        kinds = {0} | ({14} if "subcat" in query["gcmtype"] else set())
        pages = [one for one in members.get(query["gcmtitle"].removeprefix("Category:"), []) if one["ns"] in kinds]
        start = int(query.get("gcmcontinue", "0"))
        body: dict[str, Any] = {"batchcomplete": True, "curtimestamp": NOW}
        if start + batch < len(pages):
            body["continue"] = {"gcmcontinue": str(start + batch), "continue": "gcmcontinue||"}
        if pages:
            body["query"] = {"pages": pages[start : start + batch]}
        return 200, body

    return answer


def read(members: dict[str, list[dict[str, Any]]], *, batch: int = 20, since: str | None = None, limit: int | None = None, **options: Any) -> Ran:
    options = {"categories": ["2026 films"], **options}
    return run(make_spider("wikipedia", since=since, limit=limit, options=options), site(members, batch))


def test_a_member_of_a_category_becomes_a_title_with_views() -> None:
    ran = read({"2026 films": [page(7, "Night Ferry (2026 film)", FILM)]}, pageviews_days=30)
    [title] = ran.of("title")
    assert title == {
        "source": "wikipedia",
        "data_licence": "CC BY-SA 4.0 (Wikipedia)",
        "rights_class": "open_cc_by_sa",
        "title": "Night Ferry",
        "type": "movie",
        "year": 2026,
        "plot": "Night Ferry (2026 film) is a 2026 film about page 7.",
        "genres": ["comedy", "horror"],
        "source_id": "7",
        "ids": {"wikipedia": "Night_Ferry_(2026_film)", "wikidata": "Q7"},
        "url": "https://en.wikipedia.org/wiki/Night_Ferry_(2026_film)",
    }
    views = {one["period_start"]: one for one in ran.of("signal")}
    assert set(views) == {"2026-10-25", "2026-11-23"}  # thirty days, the last of them yesterday
    assert {(one["kind"], one["value"], one["days"], one["rights_class"]) for one in views.values()} == {("views", 10, 1, "open_cc0")}
    assert ran.spider.watermark == NOW
    assert ran.asked[-1].url.startswith(
        "https://wikimedia.org/api/rest_v1/metrics/pageviews/per-article/en.wikipedia/all-access/user/Night_Ferry_%282026_film%29/"
    )


@pytest.mark.parametrize("batch", [1, 2, 3, 20])
def test_every_member_is_read_once_whatever_the_size_of_an_answer(batch: int) -> None:
    """A page in two categories is one title, and its views are asked for once."""
    pages = [page(number, f"Film {number}", FILM) for number in range(1, 8)]
    ran = read({"2026 films": pages, "Others": pages[2:]}, batch=batch, categories=["2026 films", "Category:Others"])
    assert Counter(title["source_id"] for title in ran.of("title")) == Counter(str(one["pageid"]) for one in pages)
    assert sum("pageviews" in request.url for request in ran.asked) == len(pages)


def test_a_page_given_in_pieces_is_put_together() -> None:
    """The API spreads the properties of one batch over several answers, and marks the last with batchcomplete."""
    whole = page(7, "Night Ferry", [])
    named = {key: whole[key] for key in ("pageid", "ns", "title")}
    pieces = {
        "": {"query": {"pages": [{**whole, "categories": [{"title": "Category:2026 comedy films"}]}]}, "continue": {"clcontinue": "a", "continue": "||x"}},
        "a": {"query": {"pages": [{**named, "categories": [{"title": "Category:Horror films"}]}]}, "continue": {"clcontinue": "b", "continue": "||x"}},
        "b": {"query": {"pages": [named]}, "batchcomplete": True},
    }

    def answer(url: str) -> tuple[int, Any]:
        return 200, {"curtimestamp": NOW, **pieces[parse_qs(urlsplit(url).query).get("clcontinue", [""])[0]]}

    [title] = run(make_spider("wikipedia", options={"categories": ["2026 films"], "pageviews_days": 0}), answer).of("title")
    assert title["genres"] == ["comedy", "horror"]
    assert title["plot"] == whole["extract"]


@pytest.mark.parametrize(("depth", "found"), [(0, {"1"}), (1, {"1", "2"}), (2, {"1", "2", "3"}), (5, {"1", "2", "3"})])
def test_subcategories_are_followed_as_deep_as_asked(depth: int, found: set[str]) -> None:
    """A circle of categories ends, too."""
    sub = {"ns": 14, "pageid": 90, "title": "Category:Sub"}
    deep = {"ns": 14, "pageid": 91, "title": "Category:Deep"}
    top = {"ns": 14, "pageid": 92, "title": "Category:2026 films"}
    members = {"2026 films": [page(1, "One", FILM), sub], "Sub": [page(2, "Two", FILM), deep], "Deep": [page(3, "Three", FILM), top, sub]}
    assert {title["source_id"] for title in read(members, depth=depth).of("title")} == found


def test_only_what_changed_is_given_again_but_views_of_all() -> None:
    old, new = page(1, "Old", FILM, touched="2026-10-01T00:00:00Z"), page(2, "New", FILM, touched="2026-11-20T00:00:00Z")
    ran = read({"2026 films": [old, new]}, since="2026-11-01T00:00:00Z")
    assert [title["source_id"] for title in ran.of("title")] == ["2"]
    assert {one["title_source_id"] for one in ran.of("signal")} == {"1", "2"}


def test_pages_that_are_no_single_work_fail_alone_and_have_no_views() -> None:
    others = [
        page(2, "List of 2026 horror films", FILM),
        page(3, "Night Ferry (soundtrack)", ["2026 soundtrack albums", "2026 films"]),
        page(4, "Pilot (High Moor)", ["2026 American television episodes", "2026 films"]),
        page(5, "Ferry", [], pageprops={"disambiguation": ""}),
        page(6, "A Person", ["1950 births", "Directors of films"]),
        {"ns": 0, "title": "Gone", "missing": True},
    ]
    ran = read({"2026 films": [page(1, "Good", FILM), *others]})
    assert [title["source_id"] for title in ran.of("title")] == ["1"]
    assert len(ran.failures) == len(others)
    assert {one["title_source_id"] for one in ran.of("signal")} == {"1"}


def test_redirects_are_passed_over() -> None:
    """A redirect in a category is another page's text: it would be the plot of many films."""
    ran = read({"2026 films": [page(1, "Alias", FILM, redirect=True)]})
    assert not ran.records
    assert not ran.failures


def test_an_article_nobody_has_read_has_no_views_and_is_no_failure() -> None:
    ran = read({"2026 films": [page(1, "Unread", FILM)]})
    assert ran.of("title")
    assert not ran.of("signal")
    assert not ran.failures


def test_limit_ends_the_asking() -> None:
    pages = [page(number, f"Film {number}", FILM) for number in range(1, 100)]
    ran = read({"2026 films": pages}, batch=5, limit=12)
    assert len(ran.of("title")) == 12
    assert len(ran.asked) == 12 + 3


@pytest.mark.parametrize(
    "body", [b'{"query": ', {"error": {"code": "internal", "info": "no"}}, [], {"batchcomplete": True}], ids=["cut", "error", "list", "empty category"]
)
def test_an_answer_that_cannot_be_read_is_accounted_for(body: Any) -> None:
    ran = run(make_spider("wikipedia", options={"categories": ["A"]}), lambda _: (200, body))
    assert [failure["kind"] for failure in ran.failures] == ["response"]


def test_recorded_answers_of_general_pages_fail_one_by_one(shared_data: Path) -> None:
    """Real shapes of the API: a writer and a disambiguation page are no films, and say so."""
    folder = shared_data / "fixtures"
    index = json.loads((folder / "index.json").read_text())
    real = [json.loads((folder / entry["file"]).read_text()) for entry in index if "exintro" in entry["url"]]
    assert len(real) == 3
    for body in real:
        ran = run(make_spider("wikipedia", options={"categories": ["A"]}), lambda _, body=body: (200, {**body, "continue": None}))  # type: ignore[misc]
        assert [failure["kind"] for failure in ran.failures] == ["title"]


def test_recorded_views_are_refused_unless_daily(shared_data: Path) -> None:
    """The recording is monthly: were a month taken for a day, its views would be thirty times too high."""
    [recorded] = (shared_data / "fixtures" / "wikimedia_pageviews").iterdir()
    items = json.loads(recorded.read_text())["items"]
    members = site({"2026 films": [page(1, "Good", FILM)]})
    monthly = run(make_spider("wikipedia", options={"categories": ["2026 films"]}), lambda url: (200, {"items": items}) if "pageviews" in url else members(url))
    assert [failure["kind"] for failure in monthly.failures] == ["signal"] * len(items)
    daily = [{**item, "granularity": "daily"} for item in items]
    ran = run(make_spider("wikipedia", options={"categories": ["2026 films"]}), lambda url: (200, {"items": daily}) if "pageviews" in url else members(url))
    assert [one["value"] for one in ran.of("signal")] == [item["views"] for item in items]


@pytest.mark.parametrize(
    ("base", "option", "root"),
    [
        (None, None, "https://wikimedia.org"),
        ("http://127.0.0.1:9/en.wikipedia.org", None, "http://127.0.0.1:9/wikimedia.org"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9/views/", "http://127.0.0.1:9/views"),
    ],
)
def test_views_are_asked_for_beside_the_wiki(base: str | None, option: str | None, root: str) -> None:
    spider = make_spider("wikipedia", base_url=base, options={"categories": ["2026 films"], "pageviews_url": option})
    ran = run(spider, site({"2026 films": [page(1, "Good", FILM)]}))
    assert ran.asked[-1].url.startswith(f"{root}/api/rest_v1/metrics/")


@pytest.mark.parametrize(
    "config",
    [
        {"options": {"categories": []}},
        {"options": {"categories": "2026 films"}},
        {"options": {"depth": -1}},
        {"options": {"pageviews_days": 1.5}},
        {"options": {"pageviews_url": "wikimedia"}},
        {"base_url": "http://127.0.0.1:9"},
        {"since": "yesterday"},
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_asked(config: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        list(make_spider("wikipedia", **config).first_requests())


def test_robots_txt_is_passed_over_only_where_the_user_says_so() -> None:
    for chosen in (False, True):
        ran = read({"2026 films": [page(1, "Good", FILM)]}, under_api_policy=chosen)
        assert {request.meta.get("dont_obey_robotstxt", False) for request in ran.asked} == {chosen}


@pytest.mark.parametrize(
    ("name", "categories", "expected"),
    [
        ("Night Ferry", ["2026 films"], "movie"),
        ("Night Ferry", ["2026 films", "2026 American television series debuts", "American drama television series"], "tv"),
        ("High Moor (British TV series)", ["2026 films"], "tv"),
        ("High Moor (TV film)", ["American television series"], "movie"),
        ("High Moor", ["2026 television films"], "movie"),
        ("High Moor", ["Television shows set in Leeds", "2020s British sitcoms"], "tv"),
    ],
)
def test_the_type_is_told_by_the_name_or_by_most_categories(name: str, categories: list[str], expected: str) -> None:
    assert find_type(name, categories) == expected


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        (["2026 romantic comedy films"], ["romantic comedy"]),
        (["American science fiction action films"], ["action", "science fiction"]),
        (["Horror films", "2020s horror films"], ["horror"]),
        (["2026 comedy-drama films"], ["comedy", "drama"]),
        (["American Western (genre) films"], ["western"]),
        (["Legal drama television series"], ["drama", "legal"]),
        (["DreamWorks Animation films", "Music Box Films films", "Films about music", "Adventure film scores", "Action figures"], []),
        (["2026 films", "English-language films", "American independent films"], []),
    ],
)
def test_genres_are_read_from_categories_of_works_only(categories: list[str], expected: list[str]) -> None:
    assert find_genres(categories) == expected


def test_the_year_is_that_of_the_name_then_of_the_first_category_then_of_the_lead() -> None:
    assert find_year("Dune (2021 film)", ["2020 films"], "is a 1999 film") == 2021
    assert find_year("High Moor", ["2012 television series debuts", "2010 films", "2014 American television series endings"], "") == 2010
    assert find_year("Night Ferry", ["2020s films"], "Night Ferry is an upcoming 2027 film.") == 2027
    assert find_year("1917", [], "A film.") is None


@pytest.mark.parametrize(
    ("name", "expected"), [("Dune (2021 film)", "Dune"), ("Her (name)", "Her (name)"), ("(500) Days", "(500) Days"), ("X (TV series)", "X")]
)
def test_only_what_tells_works_apart_is_taken_off_a_name(name: str, expected: str) -> None:
    assert strip_qualifier(name) == expected


def test_an_answer_that_says_not_now_is_asked_for_again(tmp_path: Path) -> None:
    """Over HTTP: MediaWiki says so with status 200, a header and an error; it is waited out, and never taken for an answer."""
    members = site({"2026 films": [page(1, "Good", FILM)]})
    asked: list[str] = []

    def lagging(path: str) -> tuple[int, Any]:
        asked.append(path)
        return (200, {"error": {"code": "maxlag", "info": "Waiting for a database"}}) if len(asked) == 1 else members(path)

    with serve(lagging, {"MediaWiki-API-Error": "maxlag", "Retry-After": "0"}, while_true=lambda: len(asked) == 1) as (root, log):
        options = {"categories": ["2026 films"], "pageviews_url": f"{root}/views", "pageviews_days": 3}
        snapshot = read_snapshot(crawl(CrawlConfig(source="wikipedia", base_url=root, delay=0, options=options), tmp_path))
    assert snapshot.counts["title"].parsed == 1
    assert snapshot.counts["signal"].parsed == 2
    assert snapshot.counts["response"].failed == 0
    assert snapshot.watermark == NOW
    assert len([entry for entry in log if "api.php" in entry["path"]]) == 2
