"""What the domain and its doors tell whoever measures them: calls of models and tools, answers that rules had to give, and spans of work.

It knows neither metrics nor tracers: a service that has them listens (`apps.observing`). Where nobody does, telling costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal

LlmOutcome = Literal["answered", "failed", "timed_out", "not_asked", "cancelled"]
ToolOutcome = Literal["answered", "refused", "failed", "cancelled"]
Task = Literal["insights", "chat"]


@dataclass(frozen=True)
class LlmCall:
    """A call of a language model, with what it took; `not_asked`: the budget or the rate limit was used up."""

    model: str
    outcome: LlmOutcome
    seconds: float
    tokens: int
    cost_usd: float


@dataclass(frozen=True)
class Fallback:
    """An answer that rules gave because no model did."""

    task: Task


@dataclass(frozen=True)
class ToolCall:
    """A call of an MCP tool; `refused`: its caller had it wrong."""

    tool: str
    outcome: ToolOutcome
    seconds: float


Event = LlmCall | Fallback | ToolCall
Listener = Callable[[Event], None]
Attributes = Mapping[str, str | int | bool]
MakeSpan = Callable[[str, Attributes], AbstractContextManager[object]]

_listeners: list[Listener] = []
_make_span: MakeSpan | None = None
_NO_SPAN = nullcontext()


def tell(event: Event) -> None:
    """Tell everyone who listens what happened."""
    for listener in tuple(_listeners):
        listener(event)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell a listener of everything until the block ends; it is called in whatever thread something happens in."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def trace_with(make_span: MakeSpan | None) -> None:
    """Let spans be made so from now on; None: not at all."""
    global _make_span  # noqa: PLW0603 - one process is traced, or it isn't
    _make_span = make_span


def span(name: str, **attributes: str | int | bool) -> AbstractContextManager[object]:
    """Return the context of a piece of work. Neither name nor attributes may hold what users wrote."""
    return _NO_SPAN if _make_span is None else _make_span(name, attributes)
