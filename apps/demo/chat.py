"""The chat's transcript: the agent's events become HTML as they come. What answers is `apps.chat`; here is only how it looks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

from apps.demo.cards import render_answer
from apps.demo.render import render
from trending.errors import TrendingError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from apps.chat import Answer, ChatEvent, Turn

log = logging.getLogger(__name__)
EXAMPLE_QUESTIONS = ("What's trending?", "Recommend a horror film from before 1980", "Something like Psycho", "What can you do?")
_REMEMBERED = 10  # turns the agent is given
_SECONDS_APART = 0.1  # between two pictures of a text that streams in


@dataclass
class Call:
    """A tool call as the transcript shows it."""

    name: str
    arguments: dict[str, Any]
    summary: str = ""
    failed: bool = False
    running: bool = True


@dataclass
class Exchange:
    """A question with as much of its answer as there is."""

    question: str
    text: str = ""
    calls: list[Call] = field(default_factory=list)
    answer: Answer | None = None
    trouble: str = ""

    def take(self, event: ChatEvent) -> None:
        """Add what happened."""
        match event.kind:
            case "tool_started":
                self.calls.append(Call(event.name, event.arguments))
            case "tool_finished":
                call = next(one for one in self.calls if one.running and one.name == event.name)
                call.summary, call.failed, call.running = event.summary, event.failed, False
            case "text":
                self.text += event.text
            case "withdrawn":
                self.text = ""
            case "done":
                self.answer, self.text = event.answer, event.answer.text

    @property
    def busy(self) -> bool:
        """Whether more is to come."""
        return self.answer is None and not self.trouble


def render_transcript(exchanges: Sequence[Exchange]) -> str:
    """Return the transcript as HTML."""
    return render("chat", exchanges=exchanges, answers=[render_answer(one.text) for one in exchanges])


async def converse(server: MCPServer[Any], question: str, exchanges: list[Exchange]) -> AsyncGenerator[str, None]:
    """Answer a question as the last of `exchanges`; yield the transcript as it grows."""
    from apps.chat import Turn

    history = [Turn(question=one.question, answer=one.answer) for one in exchanges if one.answer][-_REMEMBERED:]
    current = Exchange(question)
    exchanges.append(current)
    yield render_transcript(exchanges)
    shown = monotonic()
    try:
        async with contextlib.aclosing(_ask(server, question, history)) as events:
            async for event in events:
                current.take(event)
                if event.kind != "text" or monotonic() - shown > _SECONDS_APART:
                    yield render_transcript(exchanges)
                    shown = monotonic()
    except TrendingError as error:
        current.trouble = str(error)
    except Exception:
        log.exception("the chat broke")
        current.trouble = "something broke on our side: ask again; the log has the details"
    yield render_transcript(exchanges)


async def _ask(server: MCPServer[Any], question: str, history: Sequence[Turn]) -> AsyncGenerator[ChatEvent, None]:
    """Yield the agent's events. Its connection lives in a task of its own, as Gradio may drive a generator from several."""
    from apps.chat import open_chat

    events: asyncio.Queue[ChatEvent | None] = asyncio.Queue()

    async def work() -> None:
        try:
            async with open_chat(server) as agent:
                async for event in agent.answer(question, history):
                    events.put_nowait(event)
        finally:
            events.put_nowait(None)

    task = asyncio.create_task(work())
    try:
        while (event := await events.get()) is not None:
            yield event
        await task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
