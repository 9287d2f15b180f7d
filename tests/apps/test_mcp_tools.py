"""Every tool through a real client: answers, limits, pages, hints, refusals, and what tools/list costs."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pandas as pd
import pytest

from apps.mcp import create_server
from tests.apps.mcp_clients import Checked, Fixed, serve_release, talk
from trending.cleaning.clean import CleaningResult
from trending.genres import GENRES
from trending.releases import Release

TOOLS = {
    "search_titles",
    "get_title",
    "get_titles",
    "get_trending",
    "predict_genres",
    "get_insights",
    "get_reviews",
    "compare_titles",
    "find_similar",
}


@pytest.fixture(scope="module")
def live(release: Release) -> Fixed:
    """The published release's service."""
    return serve_release(release)


@pytest.fixture(scope="module")
def reviewed(release: Release, starter: CleaningResult) -> str:
    """A title with many reviews."""
    counted = {title_id: release.catalogue.describe(title_id).reviews for title_id in starter.titles["title_id"]}
    return max(counted, key=lambda title_id: counted[title_id])


def test_tools_are_few_read_only_described_in_a_sentence_and_cheap_to_list(live: Fixed) -> None:
    async def story(checked: Checked) -> Any:
        return await checked.client.list_tools()

    listed = talk(live, story)
    assert {tool.name for tool in listed.tools} == TOOLS
    for tool in listed.tools:
        hints = tool.annotations
        assert hints is not None
        assert (hints.read_only_hint, hints.idempotent_hint, hints.open_world_hint) == (True, True, False), tool.name
        assert tool.title
        assert tool.description
        assert tool.description.endswith(".")
        assert "\n" not in tool.description
        assert len(tool.description) < 160
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
        assert tool.input_schema["additionalProperties"] is False
    assert len(listed.model_dump_json(by_alias=True, exclude_none=True)) < 12_000


def test_inputs_name_what_is_allowed(live: Fixed) -> None:
    async def story(checked: Checked) -> Any:
        return {tool.name: tool.input_schema["properties"] for tool in (await checked.client.list_tools()).tools}

    inputs = talk(live, story)
    for name in ("search_titles", "get_trending", "find_similar"):
        assert inputs[name]["genre"]["items"]["enum"] == list(GENRES)
        assert inputs[name]["type"]["enum"] == ["movie", "tv"]
        assert (inputs[name]["limit"]["minimum"], inputs[name]["limit"]["maximum"]) == (1, 50)
    assert inputs["get_trending"]["window"]["enum"] == ["week", "month", "quarter"]
    assert inputs["get_titles"]["title_ids"]["maxItems"] == 20
    assert inputs["compare_titles"]["title_ids"]["minItems"] == 2


def test_each_tool_answers_with_its_release_and_schema(live: Fixed, reviewed: str) -> None:
    async def story(checked: Checked) -> None:
        found = await checked.call("search_titles", query="a detective hunts a killer", limit=4)
        ids = [card["title_id"] for card in found["titles"]]
        assert len(ids) == 4
        assert found["total"] >= 4
        one = await checked.call("get_title", title_id=ids[0])
        assert one["card"]["title_id"] == ids[0]
        assert one["card"]["attribution"]["source"]
        assert {score["genre"] for score in one["genre_scores"]} <= set(GENRES)
        many = await checked.call("get_titles", title_ids=[*ids, "nobody:0"])
        assert [title["card"]["title_id"] for title in many["titles"]] == ids
        assert many["missing"] == ["nobody:0"]
        trending = await checked.call("get_trending", limit=3)
        assert [entry["rank"] for entry in trending["entries"]] == [1, 2, 3]
        assert all(part["sentence"] for entry in trending["entries"] for part in entry["parts"])
        predicted = await checked.call("predict_genres", texts=["A sheriff rides out to find the men who robbed the stagecoach.", "Two cooks fall in love."])
        assert len(predicted["predictions"]) == 2
        assert set(predicted["predictions"][0]["scores"]) == set(GENRES)
        reviews = await checked.call("get_reviews", title_id=reviewed, limit=2, spoilers=True)
        assert reviews["reviews"][0]["text"]
        insights = await checked.call("get_insights", title_id=reviewed)
        assert insights["insights"]["provenance"]["from_reviews"] > 0
        own = await checked.call("get_insights", plot="A lighthouse keeper finds a boat without a crew.", reviews=["Quiet and beautiful, I loved it."])
        assert own["insights"]["summary"]
        assert "title_id" not in own
        compared = await checked.call("compare_titles", title_ids=ids[:2])
        assert compared["findings"]
        similar = await checked.call("find_similar", title_id=ids[0], limit=3)
        assert ids[0] not in {one["title"]["title_id"] for one in similar["titles"]}
        assert all(one["why"] for one in similar["titles"])
        version = live.service.version
        assert {answer["release"] for answer in (found, one, many, trending, predicted, reviews, insights, own, compared, similar)} == {version}

    talk(live, story)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_clients_of_2025_and_2026_get_the_same(live: Fixed, mode: str) -> None:
    async def story(checked: Checked) -> Any:
        return checked.client.protocol_version, await checked.call("search_titles", query="ship", limit=2), checked.client.instructions

    version, found, instructions = talk(live, story, mode=mode)
    assert version == {"legacy": "2025-11-25", "auto": "2026-07-28"}[mode]
    assert len(found["titles"]) == 2
    for tool in TOOLS:
        assert tool in instructions


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [("search_titles", {"genre": ["Drama"]}), ("search_titles", {"query": "love"}), ("get_trending", {}), ("get_reviews", {"spoilers": True})],
)
def test_pages_follow_each_other_without_a_gap_or_a_repeat(live: Fixed, reviewed: str, tool: str, arguments: dict[str, Any]) -> None:
    about = {"title_id": reviewed} if tool == "get_reviews" else {}

    async def read(checked: Checked, limit: int, most: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        cursor: dict[str, str] = {}
        while len(items) < most:
            page = await checked.call(tool, limit=limit, **about, **arguments, **cursor)
            items += page.get("titles") or page.get("entries") or page.get("reviews") or []
            if "next_cursor" not in page:
                break
            cursor = {"cursor": page["next_cursor"]}
        return items[:most], page["total"]

    async def story(checked: Checked) -> None:
        some, total = await read(checked, 2, 12)
        same, _ = await read(checked, 12, 12)
        assert some == same
        assert len(some) == min(total, 12)
        assert len({json.dumps(one, sort_keys=True) for one in some}) == len(some)

    talk(live, story)


def test_an_empty_result_is_an_answer_with_a_hint(live: Fixed, starter: CleaningResult) -> None:
    async def story(checked: Checked) -> None:
        found = await checked.call("search_titles", query="xqzzvw pfffgh")
        assert found["titles"] == [] or found["by_meaning"]
        nothing = await checked.call("search_titles", genre=["Western", "Sport", "War", "Music"])
        assert nothing["titles"] == []
        assert "leave one out" in nothing["hint"]
        assert (await checked.call("get_trending", genre=["Western", "Sport", "War", "Music"]))["hint"]

    talk(live, story)


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("get_title", {"title_id": "nobody:0"}, "search for the title to get its id"),
        ("get_title", {}, "title_id: Field required"),
        ("get_reviews", {"title_id": "nobody:0"}, "no title"),
        ("find_similar", {"title_id": "nobody:0"}, "no title"),
        ("compare_titles", {"title_ids": ["nobody:0", "nobody:1"]}, "search for their ids first"),
        ("compare_titles", {"title_ids": ["nobody:0"]}, "at least 2 items"),
        ("get_titles", {"title_ids": [f"a:{number}" for number in range(21)]}, "at most 20 items"),
        ("search_titles", {"genre": ["Space opera"]}, "'Science Fiction'"),
        ("search_titles", {"type": "film"}, "'movie' or 'tv'"),
        ("search_titles", {"tag": "no such vibe"}, "use one of"),
        ("search_titles", {"language": "Klingon"}, "use one of"),
        ("search_titles", {"limit": 51}, "less than or equal to 50"),
        ("search_titles", {"query": "a" * 301}, "at most 300 characters"),
        ("search_titles", {"cursor": "bm90IG91cnM"}, "without it"),
        ("search_titles", {"genres": ["Drama"]}, "no such argument: genres; it takes query, genre"),
        ("get_trending", {"window": "year"}, "'week', 'month' or 'quarter'"),
        ("predict_genres", {"texts": [" "]}, "blank"),
        ("predict_genres", {"texts": ["a" * 20_001]}, "at most 20,000"),
        ("predict_genres", {"texts": []}, "at least 1 item"),
        ("get_insights", {}, "give either title_id, or plot, reviews or both"),
        ("get_insights", {"title_id": "a:1", "plot": "Both."}, "give either"),
        ("no_such_tool", {}, "there are search_titles"),
    ],
)
def test_a_refusal_is_one_line_that_says_how_to_mend_it(live: Fixed, tool: str, arguments: dict[str, Any], said: str) -> None:
    async def story(checked: Checked) -> str:
        return await checked.fail(tool, **arguments)

    assert said in talk(live, story)


def test_what_assistants_often_send_is_understood(live: Fixed) -> None:
    """One value for a list of one, a list as JSON in a string, a genre in lower case, null for what is left out."""

    async def story(checked: Checked) -> None:
        expected = await checked.call("search_titles", genre=["Western"], limit=3)
        for given in ("western", "Western", '["Western"]'):
            assert await checked.call("search_titles", genre=given, limit=3, tag=None, cursor=None) == expected

    talk(live, story)


def test_an_unexpected_error_is_logged_and_not_shown(live: Fixed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def burst(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(live.service), "get_title", burst)

    async def story(checked: Checked) -> str:
        return await checked.fail("get_title", title_id="a:1")

    said = talk(live, story)
    assert "secret" not in said
    assert "logged" in said
    assert "secret detail" in caplog.text


def test_a_cursor_of_another_question_is_refused(live: Fixed) -> None:
    async def story(checked: Checked) -> str:
        page = await checked.call("search_titles", genre=["Drama"], limit=2)
        return await checked.fail("search_titles", genre=["Comedy"], limit=2, cursor=page["next_cursor"])

    assert "without it" in talk(live, story)


def test_every_output_schema_is_still_that_of_the_service(live: Fixed) -> None:
    """A field that the service's answers gain or lose is in the short schema too."""
    from trending import answers

    models = {
        "search_titles": answers.SearchAnswer,
        "get_title": answers.TitleAnswer,
        "get_titles": answers.TitlesAnswer,
        "get_trending": answers.TrendingAnswer,
        "predict_genres": answers.PredictAnswer,
        "get_insights": answers.InsightsAnswer,
        "get_reviews": answers.ReviewsAnswer,
        "compare_titles": answers.CompareAnswer,
        "find_similar": answers.SimilarAnswer,
    }

    async def story(checked: Checked) -> Any:
        return {tool.name: tool.output_schema for tool in (await checked.client.list_tools()).tools}

    for name, schema in talk(create_server(live), story).items():
        assert set(schema["properties"]) == set(models[name].model_fields), name


def test_titles_of_the_catalogue_are_found_by_name(live: Fixed, starter: CleaningResult) -> None:
    rows: pd.DataFrame = starter.titles.sample(15, random_state=4)

    async def story(checked: Checked) -> None:
        for title, title_id in zip(rows["title"], rows["title_id"], strict=True):
            found = await checked.call("search_titles", query=title, limit=5)
            assert title_id in {card["title_id"] for card in found["titles"]}, title

    talk(live, story)
