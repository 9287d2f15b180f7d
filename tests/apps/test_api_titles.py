"""The real server: lists, pages, parts of titles, comparisons, insights about given text, feedback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pandas as pd
import pytest

from trending.cleaning.clean import CleaningResult
from trending.insights.schema import Insights
from trending.releases import ReleaseStore

CheckProblem = Callable[[httpx.Response, int], dict[str, Any]]
SLASHED = ["odd:a/b", "odd:a", "odd:a/insights", "odd:a/insights/reviews", "odd:similar", "insights"]


@pytest.fixture(scope="module")
def some_ids(api: httpx.Client) -> list[str]:
    return [one["title_id"] for one in api.get("/v1/search", params={"q": "detective", "limit": 5}).json()["titles"]]


def test_pages_follow_each_other_without_gap_or_repetition(api: httpx.Client) -> None:
    params: dict[str, Any] = {"genre": ["Western"], "limit": 7}
    whole = api.get("/v1/search", params=params | {"limit": 50}).json()
    found, cursor = [], None
    while len(found) < 50:
        page = api.get("/v1/search", params=params | ({"cursor": cursor} if cursor else {})).json()
        found += [one["title_id"] for one in page["titles"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(set(found)) == len(found)
    assert found[:50] == [one["title_id"] for one in whole["titles"]][: len(found)]


def test_filters_hold_for_every_title_found(api: httpx.Client) -> None:
    found = api.get("/v1/search", params={"genre": ["Drama", "Crime"], "type": "movie", "year_from": 1990, "year_to": 2010, "limit": 50}).json()["titles"]
    assert found
    for one in found:
        assert {"Drama", "Crime"} <= set(one["genres"] or (score["genre"] for score in one["predicted"]))
        assert one["type"] == "movie"
        assert 1990 <= one["year"] <= 2010


@pytest.mark.parametrize(
    "query",
    ["genre=Horor", "type=film", "limit=0", "limit=51", "min_score=101", "year_from=x", "genres=Horror", "cursor=", f"q={'x' * 301}", "by_meaning=perhaps"],
)
def test_a_parameter_out_of_bounds_or_unknown_is_422_and_named(api: httpx.Client, check_problem: CheckProblem, query: str) -> None:
    assert query.partition("=")[0] in check_problem(api.get(f"/v1/search?{query}"), 422)["detail"]


@pytest.mark.parametrize("query", ["tag=nosuchvibe", "language=klingon", "cursor=garbage"])
def test_a_value_this_release_does_not_know_is_400_and_says_what_to_do(api: httpx.Client, check_problem: CheckProblem, query: str) -> None:
    assert "; " in check_problem(api.get(f"/v1/search?{query}"), 400)["detail"]


def test_a_cursor_of_another_question_is_400(api: httpx.Client, check_problem: CheckProblem) -> None:
    cursor = api.get("/v1/search", params={"genre": "Drama", "limit": 1}).json()["next_cursor"]
    assert cursor
    check_problem(api.get("/v1/search", params={"genre": "Comedy", "limit": 1, "cursor": cursor}), 400)


def test_several_titles_at_once_and_those_unknown(api: httpx.Client, some_ids: list[str]) -> None:
    answer = api.get("/v1/titles", params={"ids": [*some_ids, "no:such"]}).json()
    assert [one["card"]["title_id"] for one in answer["titles"]] == some_ids
    assert answer["missing"] == ["no:such"]


@pytest.mark.parametrize("count", [0, 21])
def test_no_title_or_too_many_are_422(api: httpx.Client, check_problem: CheckProblem, count: int) -> None:
    check_problem(api.get("/v1/titles", params={"ids": [f"x:{number}" for number in range(count)]}), 422)


def test_titles_are_compared(api: httpx.Client, some_ids: list[str], check_problem: CheckProblem) -> None:
    answer = api.get("/v1/compare", params={"ids": some_ids[:3]}).json()
    assert [one["card"]["title_id"] for one in answer["titles"]] == some_ids[:3]
    assert answer["findings"]
    check_problem(api.get("/v1/compare", params={"ids": some_ids[:1]}), 422)
    check_problem(api.get("/v1/compare", params={"ids": [some_ids[0], "no:such"]}), 404)
    check_problem(api.get("/v1/compare", params={"ids": [some_ids[0]] * 2}), 400)


def test_similar_titles_do_not_hold_the_title_itself(api: httpx.Client, some_ids: list[str]) -> None:
    answer = api.get(f"/v1/titles/{quote(some_ids[0], safe='')}/similar", params={"limit": 5}).json()
    assert some_ids[0] not in [one["title"]["title_id"] for one in answer["titles"]]
    assert answer["titles"]


@pytest.mark.parametrize("part", ["", "/insights", "/reviews", "/similar"])
def test_every_part_of_an_unknown_title_is_404(api: httpx.Client, check_problem: CheckProblem, part: str) -> None:
    check_problem(api.get(f"/v1/titles/no:such{part}"), 404)


def test_insights_of_given_text_say_who_made_them(api: httpx.Client) -> None:
    body = {"plot": "A sheriff hunts outlaws across the desert.", "reviews": ["Wonderful, gripping and beautifully shot.", "Slow, but the ending is superb."]}
    insights = Insights(**api.post("/v1/insights", json=body).json()["insights"])
    assert (insights.provenance.from_plot, insights.provenance.from_reviews) == (True, 2)
    assert "Western" in insights.genres


@pytest.mark.parametrize(
    "body",
    [{}, {"plot": None}, {"plot": " "}, {"reviews": []}, {"reviews": [""]}, {"reviews": ["a"] * 51}, {"plot": "x" * 20_001}, {"plot": "a", "kind": "tv"}],
    ids=lambda body: str(body)[:30],
)
def test_insights_need_a_text(api: httpx.Client, check_problem: CheckProblem, body: Any) -> None:
    check_problem(api.post("/v1/insights", json=body), 422)


def test_evidence_can_be_left_out(api: httpx.Client) -> None:
    texts = ["A sheriff rides out to find the men who robbed the stagecoach."]
    with_words = api.post("/v1/predict", json={"texts": texts}).json()["predictions"][0]
    without = api.post("/v1/predict", json={"texts": texts, "evidence": 0}).json()["predictions"][0]
    assert without["scores"] == with_words["scores"]
    assert any(found["evidence"] for found in with_words["genres"])
    assert not any(found["evidence"] for found in without["genres"])


def test_feedback_is_kept_with_the_release_and_without_personal_data(api: httpx.Client, published_home: Path, check_problem: CheckProblem) -> None:
    title_id = api.get("/v1/search?limit=1").json()["titles"][0]["title_id"]
    body = {"about": "genres", "title_id": title_id, "genres": ["Western"], "comment": "No comedy. Write to jane.doe@example.org \U0001f920"}
    answer = api.post("/v1/feedback", json=body)
    assert answer.status_code == 201
    lines = [json.loads(file.read_text(encoding="utf-8")) for file in (published_home / "feedback").glob("*/*/*.json")]
    kept = [line for line in lines if line["title_id"] == title_id]
    assert kept[-1]["release"] == answer.json()["release"]
    assert kept[-1]["genres"] == ["Western"]
    assert "jane.doe" not in kept[-1]["comment"]
    for wrong in ({}, body | {"about": "weather"}, body | {"genres": ["Westerns"]}, body | {"comment": "x" * 1_001}, body | {"name": "Jane"}):
        check_problem(api.post("/v1/feedback", json=wrong), 422)
    check_problem(api.post("/v1/feedback", json=body | {"title_id": "no:such"}), 404)


@pytest.fixture
def slashed(start_server: Callable[..., Any], make_bundle_of: Callable[..., Path], starter: CleaningResult, tmp_path: Path) -> Iterator[httpx.Client]:
    titles = starter.titles.head(30).reset_index(drop=True)
    titles["title_id"] = pd.Series(SLASHED).reindex(titles.index).fillna(titles["title_id"])
    home = tmp_path / "slashed"
    ReleaseStore(str(home / "releases"), home / "cache").publish(make_bundle_of(1, titles))
    server = start_server(home)
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client
    server.stop()


def test_ids_with_slashes_reach_their_title_and_its_parts(slashed: httpx.Client, check_problem: CheckProblem) -> None:
    """Escaped, every id is unambiguous; with slashes as they are, what ends like a part is the part."""
    for title_id in SLASHED:
        escaped = quote(title_id, safe="")
        assert slashed.get(f"/v1/titles/{escaped}").json()["title"]["title"]["title_id"] == title_id
        for part in ("insights", "reviews", "similar"):
            assert slashed.get(f"/v1/titles/{escaped}/{part}").json()["title_id"] == title_id
    assert slashed.get("/v1/titles/odd:a/b").json()["title"]["title"]["title_id"] == "odd:a/b"
    assert slashed.get("/v1/titles/odd:a/b/similar").json()["title_id"] == "odd:a/b"
    assert slashed.get("/v1/titles/odd:a/insights").json()["title_id"] == "odd:a"
    assert slashed.get("/v1/titles/odd:a/insights/reviews").json()["title_id"] == "odd:a/insights"
