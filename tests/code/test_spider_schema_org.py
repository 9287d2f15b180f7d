"""The schema.org spider: whatever way a page writes its JSON-LD, it says the same; and what can't be read takes nothing else with it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.code.spider_run import Ran, make_spider, run, serve
from tests.replay.html_site import make_page
from trending.errors import UsageError
from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.engine import crawl
from trending.sources.crawl.snapshot import iter_failures, read_snapshot

URL = "https://films.example/title/7"
MOVIE: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "Movie",
    "name": "Night Ferry",
    "description": "A ferry crosses at night and one passenger too many walks off it.",
    "genre": ["Drama", "Mystery"],
    "datePublished": "2026-05-17",
    "inLanguage": "en",
    "countryOfOrigin": {"@type": "Country", "name": "Norway"},
    "sameAs": ["https://www.imdb.com/title/tt0000777/", "https://www.wikidata.org/wiki/Q777", "https://en.wikipedia.org/wiki/Night_Ferry"],
    "aggregateRating": {"@type": "AggregateRating", "ratingValue": "4", "bestRating": "5", "worstRating": "1", "ratingCount": "1,250"},
    "review": [
        {"@type": "Review", "reviewBody": "Slow, then not.", "author": {"@type": "Person", "name": "Reader"}, "reviewRating": {"ratingValue": 4}},
        {"@type": "Review", "reviewBody": "Once was enough.", "author": "Another", "datePublished": "2026-06-01", "inLanguage": "en"},
    ],
}


def html(*blocks: Any, body: str = "") -> str:
    texts = (block if isinstance(block, str) else json.dumps(block) for block in blocks)
    scripts = "".join(f'<script type="application/ld+json">{text}</script>' for text in texts)
    return f"<html><head>{scripts}</head><body>{body}</body></html>"


def read(*blocks: Any, **options: Any) -> Ran:
    return run(make_spider("schema_org", options={"urls": [URL], **options}), lambda _: (200, html(*blocks)))


def said(ran: Ran) -> list[str]:
    """What a page said, with nothing left of the order it said it in."""
    return sorted(orjson.dumps([kind, record], option=orjson.OPT_SORT_KEYS).decode() for kind, record in ran.records)


def test_a_film_with_its_rating_and_reviews_becomes_records() -> None:
    ran = read(MOVIE)
    [title] = ran.of("title")
    assert title == {
        "source": "schema_org",
        "data_licence": "the site's own terms (films.example)",
        "rights_class": "schema_org_restricted",
        "title": "Night Ferry",
        "type": "movie",
        "year": 2026,
        "plot": MOVIE["description"],
        "genres": ["Drama", "Mystery"],
        "rating": 7.5,
        "votes": 1250,
        "language": "en",
        "country": "Norway",
        "release_date": "2026-05-17",
        "source_id": "films.example/title/7",
        "imdb_id": "tt0000777",
        "ids": {"imdb": "tt0000777", "wikidata": "Q777", "wikipedia": "Night_Ferry"},
        "url": URL,
    }
    [signal] = ran.of("signal")
    assert (signal["kind"], signal["value"], signal["weight"], signal["period_start"], signal["days"]) == ("rating", 7.5, 1250, "2026-11-23", 1)
    first, second = sorted(ran.of("review"), key=lambda review: review["author"], reverse=True)
    assert (first["text"], first["rating"], first["best_rating"], first["worst_rating"]) == ("Slow, then not.", 4, 5, 1)
    assert (second["author"], second["review_date"], second["language"], second["rating"]) == ("Another", "2026-06-01", "en", None)
    assert {review["title_source_id"] for review in ran.of("review")} == {title["source_id"]}


REVIEWS = MOVIE["review"]
BARE = {key: value for key, value in MOVIE.items() if key not in ("review", "aggregateRating")}


@pytest.mark.parametrize(
    "blocks",
    [
        [[MOVIE]],
        [{"@context": "https://schema.org", "@graph": [{"@type": "WebSite", "name": "Films"}, MOVIE]}],
        [{"@type": "WebPage", "mainEntity": MOVIE}],
        [{**MOVIE, "@type": ["Movie", "Product"]}],
        [{**MOVIE, "@type": "http://schema.org/Movie"}],
        [{**{f"schema:{key}" if key[0] != "@" else key: value for key, value in MOVIE.items()}, "@type": "schema:Movie"}],
        [{**MOVIE, "name": {"@value": "Night Ferry", "@language": "en"}}],
        [{**MOVIE, "genre": "Drama, Mystery"}],
        [{**BARE, "@id": "#film", "review": {"@id": "#a"}, "aggregateRating": {"@id": "#b"}}, {"@id": "#b", **MOVIE["aggregateRating"]}, {"@id": "#c"}],
        [{**BARE, "@id": "#film"}, {"@id": "#film", "@type": "Movie", "aggregateRating": MOVIE["aggregateRating"]}],
        [BARE, {**MOVIE["aggregateRating"], "itemReviewed": {"@type": "Movie", "name": "Night Ferry"}}],
    ],
    ids=["list", "graph", "main entity", "types", "whole type", "prefix", "value", "genres", "references", "two halves", "standalone rating"],
)
def test_every_way_of_writing_it_says_the_same_of_the_film(blocks: list[Any]) -> None:
    ran = read(*blocks)
    assert ran.of("title") == read(MOVIE).of("title")
    assert ran.of("signal") == read(MOVIE).of("signal")
    assert not ran.failures


@pytest.mark.parametrize(
    "blocks",
    [
        [BARE, *({**review, "itemReviewed": {"@type": "Movie", "name": "Night Ferry"}} for review in REVIEWS)],
        [BARE, *REVIEWS],  # on the page of one film, a review is of that film
        [{**BARE, "@id": "#film"}, *({**review, "itemReviewed": {"@id": "#film"}} for review in REVIEWS)],
        [{**BARE, "review": REVIEWS}, *({**review, "itemReviewed": {"@type": "Movie", "name": "Night Ferry"}} for review in REVIEWS)],
        [{**BARE, "reviews": REVIEWS}],
        [{**BARE, "review": [{"@id": "#1"}, {"@id": "#2"}]}, *({**review, "@id": f"#{number}"} for number, review in enumerate(REVIEWS, 1))],
    ],
    ids=["about it", "beside it", "by reference", "twice", "plural", "referred to"],
)
def test_reviews_find_their_film_once(blocks: list[Any]) -> None:
    ran = read(*blocks)
    assert sorted(review["text"] for review in ran.of("review")) == sorted(review["reviewBody"] for review in REVIEWS)
    assert {review["title_source_id"] for review in ran.of("review")} == {"films.example/title/7"}
    assert not ran.failures


def test_a_review_of_a_season_is_one_of_its_series_but_its_rating_is_not() -> None:
    season = {"@type": "TVSeason", "partOfSeries": {"@type": "TVSeries", "name": "High Moor", "url": "/series/1"}, "aggregateRating": MOVIE["aggregateRating"]}
    ran = read({**season, "review": REVIEWS[0]})
    assert ran.of("review")[0]["title_source_id"] == ran.of("title")[0]["source_id"] == "films.example/series/1"
    assert ran.of("title")[0]["type"] == "tv"
    assert not ran.of("signal")


def test_titles_that_are_only_pointed_at_are_not_given() -> None:
    """Lists of what else one may like name films with nothing to them; their own pages will say more."""
    ran = read(MOVIE, {"@type": "ItemList", "itemListElement": [{"@type": "Movie", "name": "Other", "url": "/title/8"}]})
    assert [title["title"] for title in ran.of("title")] == ["Night Ferry"]


def test_films_of_one_page_without_addresses_are_told_apart_by_their_names() -> None:
    ran = read([{**BARE, "name": "One"}, {**BARE, "name": "Two"}])
    assert {title["source_id"] for title in ran.of("title")} == {"films.example/title/7#one", "films.example/title/7#two"}


@pytest.mark.parametrize(
    ("rating", "expected"),
    [
        ({"ratingValue": 8.7, "bestRating": 10, "worstRating": 0}, 8.7),
        ({"ratingValue": "8,5", "bestRating": "10", "worstRating": "0"}, 8.5),
        ({"ratingValue": 5}, 10),
        ({"ratingValue": 1}, 0),
        ({"ratingValue": 0}, 0),
        ({"ratingValue": "85%"}, 8.5),
        ({"ratingValue": "4/5", "worstRating": 0}, 8),
        ({"ratingValue": 87, "bestRating": 100, "worstRating": 0}, 8.7),
    ],
)
def test_ratings_are_brought_to_ten(rating: dict[str, Any], expected: float) -> None:
    [signal] = read({**BARE, "aggregateRating": {"@type": "AggregateRating", **rating}}).of("signal")
    assert signal["value"] == pytest.approx(expected)
    assert "weight" not in signal


@pytest.mark.parametrize(
    "rating",
    [
        {"ratingValue": 8.7},  # out of five, as schema.org has it
        {"ratingValue": -1},
        {"ratingValue": "good"},
        {},
        {"ratingValue": 4, "bestRating": 1, "worstRating": 1},
        {"ratingValue": 4, "ratingCount": 0},
        {"ratingValue": 4, "ratingCount": "many"},
        {"ratingValue": 4, "bestRating": "five"},
    ],
)
def test_a_rating_that_cannot_be_true_fails_alone(rating: dict[str, Any]) -> None:
    ran = read({**BARE, "aggregateRating": {"@type": "AggregateRating", **rating}})
    assert [failure["kind"] for failure in ran.failures] == ["signal"]
    assert ran.of("title")[0]["title"] == "Night Ferry"


def test_what_lacks_its_essence_fails_alone() -> None:
    ran = read([MOVIE, {"@type": "Movie", "url": "/title/9", "description": "A film without a name."}])
    assert [failure["kind"] for failure in ran.failures] == ["title"]
    empty = read({**BARE, "review": [{"@type": "Review", "author": "Silent"}, REVIEWS[0]]})
    assert [failure["kind"] for failure in empty.failures] == ["review"]
    assert len(empty.of("review")) == 1
    stray = read([{**BARE, "url": "/a"}, {**BARE, "url": "/b"}, REVIEWS[0]])
    assert [failure["reason"] for failure in stray.failures] == ["ValueError: a review that doesn't say what it is about"]


TEXT = json.dumps(MOVIE)


@pytest.mark.parametrize(
    "text",
    [
        TEXT[:-1] + ",}",
        f"<!-- data -->\n{TEXT}",
        f"// data\n{TEXT}",
        f"/* data */ {TEXT}",
        f"//<![CDATA[\n{TEXT}\n//]]>",
        TEXT.replace("A ferry", "A\tferry\n"),
        f"\n\n  {TEXT}  \n",
    ],
    ids=["trailing comma", "HTML comment", "line comment", "comment", "CDATA", "control characters", "blanks"],
)
def test_what_can_be_mended_is_mended(text: str) -> None:
    ran = read(text)
    assert not ran.failures
    assert ran.of("signal") == read(MOVIE).of("signal")


@pytest.mark.parametrize(
    "text",
    ["{", TEXT[:-40], "window.x = 1", '{"@type": "Movie" "name": 1}', "[" * 2_000, '"\\ud800', "[" * 500 + "]" * 500],
    ids=["brace", "cut", "script", "comma", "deep", "surrogate", "too deep to write"],
)
def test_what_cannot_is_accounted_for_and_takes_no_other_script_with_it(text: str) -> None:
    ran = read(text, MOVIE)
    assert [failure["kind"] for failure in ran.failures] == ["response"]
    assert ran.of("title") == read(MOVIE).of("title")


def test_pages_without_any_are_read_and_say_nothing() -> None:
    for page in ("", "<html></html>", "<p>", html(""), html("  "), html({}), html([]), html("null"), html("3")):
        ran = run(make_spider("schema_org", options={"urls": [URL]}), lambda _, page=page: (200, page))  # type: ignore[misc]
        assert not ran.records
        assert not ran.failures


def test_what_is_no_page_is_accounted_for() -> None:
    ran = run(make_spider("schema_org", options={"urls": [URL]}), lambda _: (200, b"%PDF-1.7"))
    assert [failure["kind"] for failure in ran.failures] == ["response"]


WORDS = """@type @id @graph @value name url review reviewBody itemReviewed aggregateRating ratingValue bestRating ratingCount genre description author
sameAs datePublished inLanguage countryOfOrigin partOfSeries reviewRating"""
keys = st.sampled_from(WORDS.split())
leaves = st.sampled_from(["Movie", "TVSeries", "Review", "AggregateRating", "TVSeason", "http://[", "#a", "#b", "/t/1", "https://www.imdb.com/title/tt1234567"])
leaves = leaves | st.none() | st.booleans() | st.integers(-9, 200) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
objects = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6), max_leaves=40)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(objects, max_size=3))
def test_no_json_breaks_the_reading(blocks: list[Any]) -> None:
    """Any JSON with schema.org's words in any place: nothing is raised, every record keeps the contract, the accounts balance (see `run`)."""
    assert not [failure for failure in read(*map(json.dumps, blocks)).failures if failure["kind"] == "response"]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_no_text_in_a_script_breaks_the_reading(text: str) -> None:
    read(text.replace("<", "(").replace("\x00", ""), MOVIE)


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same JSON with objects' keys, and lists whose order says nothing, in another order."""
    if isinstance(value, dict):
        pairs = list(value.items())
        chance.shuffle(pairs)
        return {key: shuffled(inner, chance) if key != "genre" else inner for key, inner in pairs}
    if isinstance(value, list):
        return chance.sample([shuffled(inner, chance) for inner in value], len(value))
    return value


works = st.fixed_dictionaries(
    {"@type": st.sampled_from(["Movie", "TVSeries", ["Movie", "Product"]]), "name": st.sampled_from(["One", "Two", "Three"])},
    optional={
        "@id": st.sampled_from(["#1", "#2"]),
        "url": st.sampled_from(["/t/1", "/t/2"]),
        "description": st.sampled_from(["Short.", "Somewhat longer.", "As long again."]),
        "aggregateRating": st.fixed_dictionaries({"@type": st.just("AggregateRating"), "ratingValue": st.integers(1, 5), "ratingCount": st.integers(1, 9)}),
        "review": st.lists(st.fixed_dictionaries({"@type": st.just("Review"), "reviewBody": st.sampled_from(["Good.", "Bad."])}), max_size=3),
    },
)
about = st.fixed_dictionaries({"@type": st.just("Review"), "reviewBody": st.sampled_from(["Fine.", "Poor."]), "itemReviewed": works})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(works | about, max_size=5), st.randoms(use_true_random=False))
def test_the_order_things_stand_in_changes_nothing(nodes: list[Any], chance: random.Random) -> None:
    graph = {"@context": "https://schema.org", "@graph": nodes}
    assert said(read(graph)) == said(read(shuffled(graph, chance)))
    assert said(read(graph)) == said(read(*shuffled(nodes, chance)))


def links(*targets: str) -> str:
    return "".join(f'<a href="{target}">x</a>' for target in targets)


def test_only_links_of_the_same_host_that_match_are_followed_each_once() -> None:
    pages = {
        "https://films.example/": html(body=links("/title/1", "/title/1#cast", "title/2", "/about", "https://else.example/title/3", "http://[bad", "mailto:a")),
        "https://films.example/title/1": html({**MOVIE, "name": "First"}, body=links("/", "/title/2")),
        "https://films.example/title/2": html({**MOVIE, "name": "Second"}, body=links("/title/1")),
    }
    ran = run(make_spider("schema_org", options={"urls": ["https://films.example/"], "follow": "/title/"}), lambda url: (200, pages[url]))
    assert sorted(request.url for request in ran.asked) == sorted(pages)
    assert sorted(title["title"] for title in ran.of("title")) == ["First", "Second"]
    alone = run(make_spider("schema_org", options={"urls": ["https://films.example/"]}), lambda url: (200, pages[url]))
    assert len(alone.asked) == 1


def test_max_pages_and_limit_end_the_asking() -> None:
    def endless(url: str) -> tuple[int, str]:
        number = int(url.rsplit("/", 1)[-1])
        return 200, html({**MOVIE, "name": f"Film {number}"}, body=links(*(f"/title/{number + step}" for step in range(1, 4))))

    start = {"urls": ["https://films.example/title/0"], "follow": "/title/"}
    assert len(run(make_spider("schema_org", options={**start, "max_pages": 10}), endless).asked) == 10
    assert len(run(make_spider("schema_org", options={**start, "max_pages": 500}, limit=10), endless).asked) < 50


def test_the_user_says_what_may_be_done_with_a_site() -> None:
    [title] = read(MOVIE, rights_class="open_cc_by", licence="CC BY 4.0").of("title")
    assert (title["rights_class"], title["data_licence"]) == ("open_cc_by", "CC BY 4.0 (films.example)")


@pytest.mark.parametrize(
    "options",
    [
        {"urls": []},
        {"urls": "https://films.example/"},
        {"urls": ["films.example"]},
        {"urls": [URL], "follow": "("},
        {"urls": [URL], "max_pages": 0},
        {"urls": [URL], "rights_class": "mine"},
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_asked(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="options"):
        list(make_spider("schema_org", options=options).first_requests())


def test_over_http_a_site_is_read_and_its_robots_txt_obeyed(tmp_path: Path) -> None:
    def site(path: str) -> tuple[int, str]:
        number = path.rsplit("/", 1)[-1]
        return 200, make_page(int(number)).decode() if number.isdigit() else html(body=links("/title/1", "/title/2", "/private/3"))

    robots = "User-agent: *\nDisallow: /private/\n"
    with serve(site, robots=robots) as (root, log):
        config = CrawlConfig(source="schema_org", delay=0, options={"urls": [f"{root}/"], "follow": "/(title|private)/"})
        folder = crawl(config, tmp_path)
    snapshot = read_snapshot(folder)
    assert snapshot.counts["title"].parsed == 2
    assert snapshot.counts["review"].parsed == 6
    assert not [entry for entry in log if entry["path"].startswith("/private/")]
    assert [failure["url"] for failure in iter_failures(folder)] == [f"{root}/private/3"]
