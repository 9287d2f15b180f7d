"""The chat's model over real HTTP: text as it is made, calls of tools whole, and an end in time whatever the server does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.llm.server import LIMIT, SLACK, ScriptedServer
from trending.insights.client import Finished, LlmClient, ModelUnavailable, TextDelta, ToolCall
from trending.insights.gateway import Gateway
from trending.insights.maker import InsightMaker

Configure = Callable[..., InsightMaker]
pytestmark = pytest.mark.usefixtures("litellm")
TOOLS = [{"type": "function", "function": {"name": "search_titles", "parameters": {"type": "object", "properties": {}}}}]


def collect_stream(tools: Sequence[dict[str, Any]] = TOOLS) -> list[Any]:
    """Return the pieces of one chat answer of the models configured."""

    async def collect() -> list[Any]:
        client = LlmClient.from_settings()
        assert client is not None
        return [piece async for piece in client.stream([{"role": "user", "content": "hi"}], tools)]

    return asyncio.run(collect())


def test_chat_text_comes_as_it_is_made(configure: Configure, server: ScriptedServer) -> None:
    """Then the turn to send back with what it took; the second model speaks if the first can't."""
    server.behaviours["talks"] = lambda request: (200, "It is a good film")
    configure("talks")
    said = collect_stream()
    texts = [piece.text for piece in said if isinstance(piece, TextDelta)]
    assert "".join(texts) == "It is a good film"
    assert len(texts) > 2
    assert said[-1] == Finished({"role": "assistant", "content": "It is a good film"}, "openai/talks", 55, 0.0, cost_known=False)
    assert server.requests[-1]["tools"] == TOOLS
    configure("500", "talks")
    assert collect_stream()[-1].model == "openai/talks"


def test_chat_tool_calls_come_whole(configure: Configure, server: ScriptedServer) -> None:
    """Put together from their pieces, with the turn that the next call wants; arguments that aren't JSON are told, not guessed."""
    server.behaviours["calls"] = lambda request: (200, 'CALL search_titles {"query": "heat"}')
    server.behaviours["mumbles"] = lambda request: (200, "CALL search_titles {query")
    configure("calls")
    called = collect_stream()
    assert called[0] == ToolCall("call_7", "search_titles", {"query": "heat"})
    assert called[1].message["tool_calls"][0]["function"] == {"name": "search_titles", "arguments": '{"query": "heat"}'}
    configure("mumbles")
    assert collect_stream()[0].error == "the arguments are not JSON"


def test_tools_are_booked_too(configure: Configure) -> None:
    """A call that hangs stays booked at the most it can have cost."""
    configure("hang", timeout=0.5)
    with pytest.raises(ModelUnavailable):
        collect_stream([{"type": "function", "function": {"name": "x", "description": "tool " * 6_000}}])
    client = LlmClient.from_settings()
    assert client is not None
    assert client.spending.today().tokens > 10_000


@pytest.mark.parametrize("broken", ["hang", "drip", "401", "not-json", "no-choices"])
def test_chat_fails_in_time(configure: Configure, broken: str) -> None:
    configure(broken)
    began = time.monotonic()
    with pytest.raises(ModelUnavailable, match=f"openai/{broken}"):
        collect_stream()
    assert time.monotonic() - began < LIMIT + SLACK


def test_a_stream_that_stalls_ends_in_time(configure: Configure, server: ScriptedServer) -> None:
    """After some text the second model isn't asked: half an answer of each would be neither's."""
    server.behaviours["half"] = lambda request: (200, "It is")
    configure("half", "good", timeout=2)
    client = LlmClient.from_settings()
    assert client is not None
    said: list[Any] = []

    async def collect() -> None:
        async for piece in client.stream([{"role": "user", "content": "hi"}]):
            said.append(piece)  # noqa: PERF401

    began = time.monotonic()
    with pytest.raises(ModelUnavailable, match="did not answer in time"):
        asyncio.run(collect())
    assert [piece.text for piece in said] == ["It"]
    assert time.monotonic() - began < 2 + SLACK
    assert server.calls["good"] == 0


def test_of_what_nobody_foresaw_the_chat_hears_at_once(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    async def break_off(*args: Any, **kwargs: Any) -> Any:
        raise KeyError("surprise")

    monkeypatch.setattr(Gateway, "complete", break_off)
    configure("good")
    with pytest.raises(ModelUnavailable, match="KeyError"):
        collect_stream()
