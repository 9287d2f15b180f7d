"""The chat's agent: a question in, events out. It answers with the MCP server's own tools alone, by a model if one is configured, else by rules."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from apps.chat.answers import RULES, Answer, ChatEvent, Done, TextDelta, TextWithdrawn, Turn
from apps.chat.prompting import USUAL
from apps.chat.rules import answer_by_rules
from apps.chat.toolbox import Toolbox
from trending.errors import InputError
from trending.settings import load_settings
from trending.telemetry import Fallback, tell

if TYPE_CHECKING:
    from mcp import Client
    from mcp.server.mcpserver import MCPServer

    from trending.insights.client import LlmClient

MAX_QUESTION_CHARS = 4_000
_MODEL_SHARE = 0.85  # of the time limit; the rest is for the rules, should the model fail


class ChatAgent:
    """Answers questions over one connection to an MCP server; keeps nothing between them, so one may serve many people at once."""

    def __init__(self, client: Client, llm: LlmClient | None = None, prompt: str = USUAL) -> None:
        """Take a connected client, the one that asks models, and by which prompt; without a model the rules answer."""
        self._client = client
        self._llm = llm
        self._prompt = prompt

    async def answer(self, question: str, history: Sequence[Turn] = ()) -> AsyncIterator[ChatEvent]:
        """Answer a question: yield tool calls and text as they come, then `Done` with the whole. Closing the iterator stops the work.

        Args:
            question: At most 4,000 characters.
            history: Earlier questions with their answers, oldest first.

        Raises:
            InputError: If the question is blank or too long.
        """
        if not question.strip():
            raise InputError("the question is blank", where="question", mend='ask something such as "what\'s trending in horror?"')
        if len(question) > MAX_QUESTION_CHARS:
            raise InputError(f"{len(question):,} characters", where="question", mend=f"use at most {MAX_QUESTION_CHARS:,}")
        events: asyncio.Queue[ChatEvent | None] = asyncio.Queue()
        work = asyncio.create_task(self._work(question, history, events))
        work.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            await work
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work

    async def _work(self, question: str, history: Sequence[Turn], events: asyncio.Queue[ChatEvent | None]) -> None:
        tools = Toolbox(self._client, events.put_nowait)
        fallback = None
        if self._llm is not None:
            from apps.chat.model import ModelFailed, answer_by_model

            seconds = load_settings().llm_timeout * _MODEL_SHARE
            try:
                async with asyncio.timeout(seconds):
                    deadline = time.monotonic() + seconds
                    answer = await answer_by_model(self._llm, question, history, self._client, tools, events.put_nowait, deadline, self._prompt)
                events.put_nowait(Done(answer=answer))
                return
            except TimeoutError:
                fallback = f"the model took longer than {seconds:g} s"
            except ModelFailed as error:
                fallback = str(error)
            tell(Fallback("chat"))
            events.put_nowait(TextWithdrawn(reason=fallback))
        reply = await answer_by_rules(question, history, tools, fast=fallback is not None)
        text = reply.to_text()
        events.put_nowait(TextDelta(text=text))
        events.put_nowait(Done(answer=Answer(text=text, calls=tools.calls, titles=reply.titles, maker=RULES, fallback=fallback, plan=reply.plan)))


@contextlib.asynccontextmanager
async def open_chat(server: MCPServer[Any], prompt: str = USUAL) -> AsyncIterator[ChatAgent]:
    """Yield an agent connected to a server in this process, with the model the settings name. It takes milliseconds: one may be opened for each question."""
    from mcp import Client

    failure: Exception | None = None
    async with Client(server) as client:
        try:
            yield ChatAgent(client, _share_llm(load_settings().model_dump_json()), prompt)
        except Exception as error:  # the client's task groups would wrap it
            failure = error
    if failure is not None:
        raise failure


@lru_cache(maxsize=1)
def _share_llm(_settings: str) -> LlmClient | None:
    """Return the one client of models for these settings: it remembers which model is resting."""
    from trending.insights.client import LlmClient

    return LlmClient.from_settings()
