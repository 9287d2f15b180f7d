"""The chat's transcript: the agent's events become HTML as they come. What answers is `apps.chat`; here is only how it looks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
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
    from trending.experiments.assignment import Assignment
    from trending.service.trial import Trial

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
    unit: str = field(default_factory=lambda: secrets.token_hex(16))  # of the conversation that begins with it

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


async def converse(server: MCPServer[Any], question: str, exchanges: list[Exchange], trial: Trial | None = None) -> AsyncGenerator[str, None]:
    """Answer a question as the last of `exchanges`; yield the transcript as it grows.

    Args:
        server: Whose tools the chat uses.
        question: As it was typed.
        exchanges: The conversation, which is the unit of an experiment.
        trial: The experiment of the moment.
    """
    from apps.chat import Turn

    history = [Turn(question=one.question, answer=one.answer) for one in exchanges if one.answer][-_REMEMBERED:]
    current = Exchange(question)
    exchanges.append(current)
    yield render_transcript(exchanges)
    assignment, prompt = _assign(trial, exchanges[0].unit)
    started = shown = monotonic()
    try:
        async with contextlib.aclosing(_ask(server, question, history, prompt)) as events:
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
    if trial is not None and assignment is not None:
        # An answer that the rules had to give is a failure of the prompt.
        trial.record(assignment, current.answer is None or current.answer.fallback is not None, monotonic() - started)
    yield render_transcript(exchanges)


def _assign(trial: Trial | None, unit: str) -> tuple[Assignment | None, str]:
    """Return what a conversation is assigned to, and its prompt; one that this version of the code doesn't have is tried on nobody."""
    from apps.chat.prompting import USUAL, list_prompts

    if trial is None or trial.about_releases:
        return None, USUAL
    assignment = trial.assign(unit)
    prompt = (trial.experiment.treatment if assignment.treated else trial.experiment.control).prompt or USUAL
    return (assignment, prompt) if prompt in list_prompts() else (None, USUAL)


async def _ask(server: MCPServer[Any], question: str, history: Sequence[Turn], prompt: str) -> AsyncGenerator[ChatEvent, None]:
    """Yield the agent's events. Its connection lives in a task of its own, as Gradio may drive a generator from several."""
    from apps.chat import open_chat

    events: asyncio.Queue[ChatEvent | None] = asyncio.Queue()

    async def work() -> None:
        try:
            async with open_chat(server, prompt) as agent:
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
