"""From a question of the service to a tool's result: asked in a thread, reported while it takes, kept small enough for a model's context.

Structured content and text are the same JSON. What equals its default is left out; what doesn't fit becomes fewer items, or texts cut short, never cut JSON.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

import anyio
import anyio.to_thread
import orjson
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel

if TYPE_CHECKING:
    from trending.service.service import TitleService

MAX_BYTES = 40_000
_FEW = 3  # from here on texts are cut rather than items left out
_CUTS = (4_000, 1_000, 300)
_REPORT_SECONDS = 1.0
_NEVER_CUT = ("cursor", "title_id", "review_id", "url")
T = TypeVar("T")


class Lender(Protocol):
    """Whoever lends the service over the current release."""

    def lease(self) -> AbstractContextManager[TitleService]:
        """Yield the service for one question."""


async def ask(context: Context[Any, Any], live: Lender, question: Callable[[TitleService], T], seconds: float | None = None) -> T:
    """Put a question in a worker thread; from the first second on its progress is reported. A cancelled call returns at once.

    Args:
        context: The call's.
        live: Lends the service.
        question: What is asked of it.
        seconds: The most it takes, where that is known.
    """

    def put() -> Callable[[], T]:
        # Raised only outside of the task group, which would wrap it.
        try:
            with live.lease() as service:
                answer = question(service)
        except Exception as error:
            return partial(_raise, error)
        return lambda: answer

    async with anyio.create_task_group() as reporting:
        reporting.start_soon(_report, context, seconds)
        # The thread of a call that was cancelled ends by itself; its answer is dropped.
        outcome = await anyio.to_thread.run_sync(put, abandon_on_cancel=True)
        reporting.cancel_scope.cancel()
    return outcome()


def _raise(error: Exception) -> NoReturn:
    raise error


async def _report(context: Context[Any, Any], total: float | None) -> None:
    started = time.monotonic()
    while True:
        await anyio.sleep(_REPORT_SECONDS)
        passed = round(time.monotonic() - started, 1)
        await context.report_progress(min(passed, total) if total else passed, total, "working on it")


def fit_page(ask_for: Callable[[int], BaseModel], limit: int, hint: Callable[[int], str] | None = None) -> CallToolResult:
    """Return as many items, up to `limit`, as an answer may be long.

    Args:
        ask_for: Asks for a number of items.
        limit: How many were asked for.
        hint: What to say when it had to be fewer, where no cursor leads to the rest.
    """
    most = limit
    while True:
        values = dump_answer(ask_for(most))
        if most <= _FEW or len(orjson.dumps(values)) <= MAX_BYTES:
            break
        most = max(_FEW, most // 2)
    if hint and most < limit:
        values["hint"] = hint(most)
    return to_result(values)


def fit_answer(answer: BaseModel) -> CallToolResult:
    """Return an answer whose length only its texts decide."""
    return to_result(dump_answer(answer))


def to_result(values: Mapping[str, Any]) -> CallToolResult:
    """Return a result with the same JSON as text and as structured content."""
    text = shorten_answer(values)
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=orjson.loads(text))


def dump_answer(answer: BaseModel) -> dict[str, Any]:
    """Return what an answer says beyond its defaults."""
    return answer.model_dump(mode="json", exclude_defaults=True)


def shorten_answer(values: Mapping[str, Any]) -> str:
    """Return an answer's JSON, with its texts cut as far as it takes to be short enough."""
    text = orjson.dumps(values)
    for most in _CUTS:
        if len(text) <= MAX_BYTES:
            break
        text = orjson.dumps(_cut(values, most))
    return text.decode()


def _cut(node: Any, most: int) -> Any:
    if isinstance(node, Mapping):
        return {key: one if key.endswith(_NEVER_CUT) else _cut(one, most) for key, one in node.items()}
    if isinstance(node, list):
        return [_cut(one, most) for one in node]
    if isinstance(node, str) and len(node) > most:
        return f"{node[:most].rstrip()}… [{len(node) - most:,} more characters]"
    return node
