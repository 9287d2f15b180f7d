"""`run.py chat`: one question, or a conversation, answered over the current release by the chat's agent."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trending.errors import TrendingError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from rich.console import Console

    from apps.chat import Answer, Turn
    from trending.service.service import TitleService

_REMEMBERED = 20
_GREETING = "Ask about films and shows; “help” says what I can do. Ctrl-D ends it."


class _Lender:
    """Lends the one service of this process."""

    def __init__(self, service: TitleService) -> None:
        self._service = service

    @contextmanager
    def lease(self) -> Iterator[TitleService]:
        yield self._service


def run(arguments: argparse.Namespace) -> dict[str, Any] | None:
    """Answer the question, or each line of standard input until it ends."""
    from rich.console import Console

    server, notes = _make_server(), Console(stderr=True, highlight=False, soft_wrap=True)
    with asyncio.Runner() as runner:
        if arguments.question is not None:
            answer = runner.run(_ask(server, arguments.question, [], notes))
            if not arguments.json:
                _show(answer, notes)
            return answer.model_dump(mode="json")
        answers = _converse(runner, server, notes, quiet=arguments.json)
    return {"answers": [answer.model_dump(mode="json") for answer in answers]}


def _make_server() -> MCPServer[Any]:
    from apps.mcp.server import create_server
    from trending.insights.maker import InsightMaker
    from trending.releases import ReleaseStore
    from trending.service.service import TitleService

    return create_server(_Lender(TitleService(ReleaseStore.from_settings().open(), InsightMaker.from_settings())))


async def _ask(server: MCPServer[Any], question: str, history: list[Turn], notes: Console) -> Answer:
    """Return the answer; the tools it calls are shown on standard error meanwhile."""
    from apps.chat import Done, ToolFinished, ToolStarted, open_chat

    async with open_chat(server) as agent:
        async for event in agent.answer(question, history):
            if isinstance(event, ToolStarted):
                shown = ", ".join(f"{name}={value!r}" for name, value in event.arguments.items())
                notes.print(_clean(f"{event.name}({shown})"), style="dim", markup=False, end=" ")
            elif isinstance(event, ToolFinished):
                notes.print(_clean(f"→ {event.summary}"), style="yellow" if event.failed else "dim", markup=False)
            elif isinstance(event, Done):
                return event.answer
    raise TrendingError("the chat gave no answer")


def _converse(runner: asyncio.Runner, server: MCPServer[Any], notes: Console, quiet: bool) -> list[Answer]:
    from apps.chat import Turn

    talking = sys.stdin.isatty()
    if talking:
        notes.print(_GREETING, style="dim")
        import readline  # noqa: F401 - gives input() its editing and history
    history: list[Turn] = []
    answers: list[Answer] = []
    try:
        for question in _read_questions(talking):
            try:
                answer = runner.run(_ask(server, question, history, notes))
            except TrendingError as error:
                notes.print(_clean(f"run.py: {error}"), markup=False)
                continue
            if not quiet:
                _show(answer, notes)
                print(flush=True)
            answers.append(answer)
            history = [*history, Turn(question=question, answer=answer)][-_REMEMBERED:]
    except KeyboardInterrupt:
        notes.print()
    return answers


def _read_questions(talking: bool) -> Iterator[str]:
    while True:
        try:
            line = input("> " if talking else "").strip()
        except EOFError:
            return
        if line.casefold() in ("exit", "quit"):
            return
        if line:
            yield line


def _show(answer: Answer, notes: Console) -> None:
    from apps.chat.markdown import to_plain

    print(to_plain(answer.text), flush=True)
    if answer.fallback:
        notes.print(_clean(f"(answered by rules: {answer.fallback})"), style="yellow", markup=False)
    elif answer.maker != "rules":
        notes.print(_clean(f"(answered by {answer.maker})"), style="dim", markup=False)


def _clean(text: str) -> str:
    from apps.chat.markdown import clean_line

    return clean_line(text)
