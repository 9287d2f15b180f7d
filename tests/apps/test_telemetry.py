"""What the domain tells of models and tools: each outcome as what it is, with what it took, and nothing when nobody listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.chat import open_chat
from apps.mcp import create_server
from tests.apps.mcp_clients import serve_release
from tests.llm.server import ScriptedServer, serve_script
from trending.insights.maker import InsightMaker
from trending.insights.schema import Material
from trending.releases import Release
from trending.settings import load_settings
from trending.telemetry import AnswerChecked, Event, Fallback, LlmCall, ToolCall, listening, span, tell

PLOT = "Two detectives search a fishing village for a missing child. A storm cuts the village off, and the harbour master lies."
Ask = Callable[..., list[Event]]


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedServer]:
    """A model that behaves as its name says."""
    with serve_script() as server:
        yield server


@pytest.fixture
def ask(model: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return a function that asks a model for insights with settings, and returns what was told."""

    def make(name: str, **settings: str) -> list[Event]:
        for setting, value in {"LLM_MODEL": f"openai/{name}", "LLM_API_BASE": model.url, "LLM_TIMEOUT": "90", **settings}.items():
            monkeypatch.setenv(f"TRENDING_{setting}", value)
        load_settings.cache_clear()
        told: list[Event] = []
        with listening(told.append):
            InsightMaker.from_settings().make(Material(title="Night Ferry", plot=PLOT))
        return told

    return make


def test_an_answered_call_is_told_with_what_it_took(ask: Ask) -> None:
    call, checked = ask("good")
    assert isinstance(call, LlmCall)
    assert (call.model, call.outcome, call.task) == ("openai/good", "answered", "insights")
    assert call.asked_chars > len(PLOT)
    assert PLOT[:40] in call.answer
    assert checked == AnswerChecked("insights", passed=True)
    assert call.tokens > 0
    assert call.seconds > 0


@pytest.mark.parametrize(
    ("name", "settings", "outcome"),
    [
        ("401", {}, "failed"),
        ("no-choices", {}, "failed"),
        ("hang", {"LLM_TIMEOUT": "6"}, "timed_out"),
        ("good", {"LLM_MODEL": "openai/gpt-4o", "LLM_BUDGET_USD": "0"}, "not_asked"),
    ],
)
def test_a_call_that_fails_is_told_as_what_it_is_and_then_the_fallback(ask: Ask, name: str, settings: dict[str, str], outcome: str) -> None:
    told = ask(name, **settings)
    assert [one.outcome for one in told if isinstance(one, LlmCall)] == [outcome]
    assert told[-1] == Fallback("insights")


def test_tools_are_told_by_name_and_by_whose_mistake_it_was(release: Release) -> None:
    from mcp import Client

    told: list[Event] = []

    async def main() -> None:
        async with Client(create_server(serve_release(release))) as client:
            await client.call_tool("search_titles", {"query": "ship"})
            await client.call_tool("get_title", {"title_id": "nothing"})
            await client.call_tool("made_up", {})

    with listening(told.append):
        asyncio.run(main())
    assert [(one.tool, one.outcome) for one in told if isinstance(one, ToolCall)] == [
        ("search_titles", "answered"),
        ("get_title", "refused"),
        ("unknown", "refused"),
    ]


def test_a_tool_that_breaks_or_has_nothing_to_serve_is_told_as_our_mistake() -> None:
    from mcp import Client

    from trending.errors import ReleaseError

    class Broken:
        def __init__(self, error: Exception) -> None:
            self.error = error

        def lease(self) -> Any:
            raise self.error

    async def call(error: Exception) -> None:
        async with Client(create_server(Broken(error))) as client:
            await client.call_tool("search_titles", {"query": "ship"})

    told: list[Event] = []
    with listening(told.append):
        asyncio.run(call(ReleaseError("no release is published")))
        asyncio.run(call(RuntimeError("broken")))
    assert [one.outcome for one in told if isinstance(one, ToolCall)] == ["failed", "failed"]


def test_a_chat_whose_model_fails_is_told_as_a_fallback(release: Release, model: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting, value in {"LLM_MODEL": "openai/401", "LLM_API_BASE": model.url, "LLM_TIMEOUT": "10"}.items():
        monkeypatch.setenv(f"TRENDING_{setting}", value)
    load_settings.cache_clear()
    told: list[Event] = []

    async def main() -> None:
        async with open_chat(create_server(serve_release(release))) as agent:
            async for _ in agent.answer("What's trending?"):
                pass

    with listening(told.append):
        asyncio.run(main())
    assert Fallback("chat") in told


def test_where_nobody_listens_or_traces_nothing_happens() -> None:
    tell(Fallback("chat"))
    assert span("work") is span("other work", texts=1)
