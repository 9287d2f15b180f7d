"""The scripted questions: each asserts the tools that are called, their arguments, and facts of the answer, against the real MCP server over a real release."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp import Client
from mcp.server.mcpserver import MCPServer

from apps.chat import Answer, ChatAgent, Done, TextDelta, ToolFinished, ToolStarted, Turn
from apps.chat.grammar import make_plan
from apps.chat.markdown import LINK, to_plain
from apps.chat.plans import Plan
from apps.chat.resolve import Found, find_title, fold
from apps.chat.toolbox import Toolbox, sum_up
from apps.mcp.server import create_server
from tests.apps.chat_release import Lender
from trending.sources.starter import StarterSource

QUESTIONS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("chat_questions.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def server(chat_home: Path) -> MCPServer[Any]:
    """The real MCP server over the chat's release."""
    return create_server(Lender(chat_home))


def converse(server: MCPServer[Any], *questions: str) -> Answer:
    """Return the answer to the last of the questions, asked one after the other."""

    async def ask() -> Answer:
        history: list[Turn] = []
        async with Client(server) as client:
            agent = ChatAgent(client)
            for question in questions:
                events = [event async for event in agent.answer(question, history)]
                assert isinstance(events[-1], Done)
                answer = events[-1].answer
                # What was told on the way is what the answer holds.
                assert "".join(event.text for event in events if isinstance(event, TextDelta)) == answer.text
                assert [(one.name, one.arguments) for one in events if isinstance(one, ToolStarted)] == [(one.name, one.arguments) for one in answer.calls]
                assert [one.summary for one in events if isinstance(one, ToolFinished)] == [one.summary for one in answer.calls]
                history.append(Turn(question=question, answer=answer))
        return history[-1].answer

    return asyncio.run(ask())


@pytest.mark.parametrize("case", QUESTIONS, ids=lambda case: " / ".join([case["ask"]] if isinstance(case["ask"], str) else case["ask"]))
def test_question_is_answered_with_the_right_tool_and_facts(server: MCPServer[Any], case: dict[str, Any]) -> None:
    """Tools, arguments, words and cited titles are as scripted; every link leads to a title that a tool returned."""
    asked = case["ask"]
    answer = converse(server, *([asked] if isinstance(asked, str) else asked))
    called, plain = [one.name for one in answer.calls], to_plain(answer.text)
    assert called[-len(case["calls"]) :] == case["calls"] if case["calls"] else not called, (called, plain)
    main = next((one for one in reversed(answer.calls) if one.name == (case["calls"] or [""])[-1]), None)
    if "with" in case:
        by_tool = [one.arguments for one in answer.calls if all(one.arguments.get(key) == value for key, value in case["with"].items())]
        assert by_tool, (case["with"], main)
    for words in case.get("says", []):
        assert str(words) in plain, plain
    for words in case.get("lacks", []):
        assert str(words) not in plain, plain
    if "cites" in case:
        assert answer.cited == case["cites"], plain
    assert answer.maker == "rules"
    assert {target for _, target in LINK.findall(answer.text) if not target.startswith("https://made.example/")} <= set(answer.cited)


# Written small, these are also what people say: a question, or a wish for titles about something.
SMALL_TALK = {"all about eve", "all about my mother", "where is the friend's house?", "that '70s show", "10 things i hate about you"}


def test_every_title_alone_is_looked_up_and_found(server: MCPServer[Any]) -> None:
    """Whatever its words, a title of the starter catalogue typed alone means that title; typed small too, with few exceptions."""
    names = sorted({row["title"] for row in StarterSource().records()})

    async def find(plans: list[Plan]) -> list[Found]:
        async with Client(server) as client:
            tools = Toolbox(client, lambda _: None)
            return [await find_title(tools, plan.names[0]) for plan in plans]

    plans = [make_plan(name) for name in names]
    assert [name for name, plan in zip(names, plans, strict=True) if plan.intent != "lookup"] == []
    found = asyncio.run(find(plans))
    assert [name for name, one in zip(names, found, strict=True) if one.title is None or not one.exact or fold(one.title.title) != fold(name)] == []
    small = {name.casefold(): make_plan(name.casefold()) for name in names}
    assert {name for name, plan in small.items() if plan.intent != "lookup" or fold(plan.names[0].text) != fold(name)} == SMALL_TALK


def test_calls_are_summed_up_in_words() -> None:
    """The noun is of the whole number, which stands before it."""
    rows = [{}, {}]
    assert sum_up({"titles": rows[:1], "total": 1_268}) == "1 of 1,268 titles"
    assert (sum_up({"titles": rows[:1], "total": 1}), sum_up({"titles": rows})) == ("1 title", "2 titles")


def test_there_are_enough_questions_over_every_tool() -> None:
    """At least 40 questions, and every tool of the server is used by one."""
    used = {tool for case in QUESTIONS for tool in case["calls"]}
    assert len(QUESTIONS) >= 40
    assert used >= {"search_titles", "get_title", "get_trending", "predict_genres", "get_insights", "get_reviews", "compare_titles", "find_similar"}
