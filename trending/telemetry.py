"""What the domain and its doors tell whoever measures them: texts scored, calls of models and tools, answers that rules had to give, and spans of work.

It knows neither metrics nor tracers: a service that has them listens (`apps.observing`, `trending.monitoring`). Where nobody does, telling costs next to
nothing. Some events hold what users wrote, so that listeners can describe it; none may keep it unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from trending.predictions import Prediction

LlmOutcome = Literal["answered", "failed", "timed_out", "not_asked", "cancelled"]
ToolOutcome = Literal["answered", "refused", "failed", "cancelled"]
Task = Literal["insights", "chat"]


@dataclass(frozen=True)
class TextsScored:
    """Texts that somebody brought, what a release predicts for them, and what else was known of them."""

    release: str
    texts: Sequence[str]
    predictions: Sequence[Prediction]
    kind: str | None = None
    year: int | None = None


@dataclass(frozen=True)
class LlmCall:
    """A call of a language model, with what it took; `not_asked`: the budget or the rate limit was used up."""

    model: str
    outcome: LlmOutcome
    seconds: float
    tokens: int
    cost_usd: float
    task: Task = "insights"
    asked_chars: int = 0
    answer: str = ""


@dataclass(frozen=True)
class AnswerChecked:
    """Whether what a model said passed the checks of its form and its sources."""

    task: Task
    passed: bool


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


Event = TextsScored | LlmCall | AnswerChecked | Fallback | ToolCall
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
