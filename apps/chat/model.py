"""Answers by a model that calls the tools: at most a few calls, every line checked before it is shown, one chance to mend a refused answer."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from apps.chat.answers import Answer, ChatEvent, TextDelta, TextWithdrawn, Turn
from apps.chat.checks import Facts, find_fault, find_fault_of_whole, render_checked
from apps.chat.grammar import make_plan
from apps.chat.markdown import cite_source
from apps.chat.names import list_mentions
from apps.chat.plans import Intent
from apps.chat.prompting import load_prompt
from apps.chat.toolbox import Toolbox, ToolFailed
from trending.errors import TrendingError
from trending.insights.client import Finished, LlmClient, ModelUnavailable, ToolCall
from trending.insights.client import TextDelta as ModelText
from trending.telemetry import AnswerChecked, tell

if TYPE_CHECKING:
    from mcp import Client

MAX_CALLS = 6
_REMEMBERED_TURNS = 6
_REMEMBERED_CHARS = 2_000
_RESULT_CHARS = 12_000
_PASSAGE_CHARS = 1_200
_NO_MORE = "No more calls: answer with what you have."
_REFUSED = "That answer was refused: {fault}. Write it again with nothing but what the tools returned, or say that you found nothing."
_CHATTING: tuple[Intent, ...] = ("greet", "thank", "help", "refuse", "unknown", "ask_which")
# Texts of strangers, in which orders to a machine may stand.
_PASSAGES = ("plot", "blurb", "text", "headline", "summary", "sentence", "why")
_LEFT_OUT = ("history", "release", "attribution", "scores")
Emit = Callable[[ChatEvent], None]


class ModelFailed(TrendingError):  # noqa: N818
    """The model gave no answer that may be shown; the line says why."""


@dataclass
class _Spoken:
    """What the model said in one turn."""

    text: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    message: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    fault: str | None = None
    shown: bool = False


async def answer_by_model(
    llm: LlmClient, question: str, history: Sequence[Turn], client: Client, tools: Toolbox, emit: Emit, deadline: float, prompt: str
) -> Answer:
    """Answer a question by a model.

    Args:
        llm: Asks the model, within budget and rate limit.
        question: As it was typed.
        history: What was asked before.
        client: Lists the tools.
        tools: Calls them.
        emit: Is told of text as it comes.
        deadline: Of the monotonic clock, until which the model has time.
        prompt: Name of the prompt.

    Raises:
        ModelFailed: If the model doesn't answer, or not so that it stands up to the checks.
    """
    offered = [_describe_tool(tool) for tool in (await client.list_tools()).tools]
    messages = _begin(question, history, prompt)
    mended = False
    while True:
        may_call = len(tools.calls) < MAX_CALLS and not mended
        facts = _gather(question, history, tools)
        spoken = await _listen(llm.stream(messages, offered if may_call else (), limit=deadline - time.monotonic()), facts, emit)
        if spoken.calls:
            if spoken.shown:
                emit(TextWithdrawn(reason="looking further"))
            if not may_call:
                raise ModelFailed(f"the model went on calling tools after {MAX_CALLS} calls")
            messages += [spoken.message, *[await _call(call, tools) for call in spoken.calls]]
            continue
        fault = spoken.fault or find_fault_of_whole(spoken.text, bool(tools.titles), _may_chat(question, history))
        tell(AnswerChecked("chat", passed=fault is None))
        if fault is None:
            return _finish(spoken, facts, tools)
        if spoken.shown:
            emit(TextWithdrawn(reason=fault))
        if mended:
            raise ModelFailed(f"the model's answer was refused: {fault}")
        mended = True
        messages += [spoken.message, {"role": "user", "content": _REFUSED.format(fault=fault)}]


def _begin(question: str, history: Sequence[Turn], prompt: str) -> list[dict[str, Any]]:
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    messages = [{"role": "system", "content": load_prompt(prompt).format(today=today, calls=MAX_CALLS)}]
    for turn in history[-_REMEMBERED_TURNS:]:
        messages += [
            {"role": "user", "content": turn.question[:_REMEMBERED_CHARS]},
            {"role": "assistant", "content": turn.answer.text[:_REMEMBERED_CHARS]},
        ]
    return [*messages, {"role": "user", "content": question}]


def _gather(question: str, history: Sequence[Turn], tools: Toolbox) -> Facts:
    before = {one.title_id: one for turn in history for one in turn.answer.titles}
    said = [question, *(turn.answer.text for turn in history[-_REMEMBERED_TURNS:])]
    return Facts(before | tools.titles, tools.results, said)


async def _listen(pieces: AsyncIterator[ModelText | ToolCall | Finished], facts: Facts, emit: Emit) -> _Spoken:
    """Return what the model says; whole lines that stand up to the check are passed on at once, up to the first that doesn't."""
    spoken, rest = _Spoken(), ""
    try:
        async with contextlib.aclosing(cast("AsyncGenerator[ModelText | ToolCall | Finished]", pieces)) as stream:
            async for piece in stream:
                match piece:
                    case ModelText():
                        spoken.text += piece.text
                        *lines, rest = (rest + piece.text).split("\n")
                        for line in lines:
                            _pass_on(f"{line}\n", spoken, facts, emit)
                    case ToolCall():
                        spoken.calls.append(piece)
                    case Finished():
                        spoken.message, spoken.model = piece.message, piece.model
    except ModelUnavailable as error:
        raise ModelFailed(str(error)) from error
    if not spoken.calls:
        _pass_on(rest, spoken, facts, emit)
    return spoken


def _pass_on(line: str, spoken: _Spoken, facts: Facts, emit: Emit) -> None:
    if spoken.fault is None:
        spoken.fault = find_fault(line, facts)
    if spoken.fault is None and line:
        emit(TextDelta(text=render_checked(line, facts)[0] + ("\n" if line.endswith("\n") else "")))
        spoken.shown = True


async def _call(call: ToolCall, tools: Toolbox) -> dict[str, Any]:
    """Return the message that answers a call."""
    if len(tools.calls) >= MAX_CALLS:
        content = _NO_MORE
    elif call.error:
        content = f"error: {call.error}"
    else:
        try:
            content = json.dumps(_defuse(await tools.call(call.name, call.arguments)), ensure_ascii=False)[:_RESULT_CHARS]
        except ToolFailed as failure:
            content = f"error: {failure}"
    return {"role": "tool", "tool_call_id": call.id, "content": content}


def _defuse(node: Any, key: str = "") -> Any:
    """Return a result as the model reads it: without what it has no use for, and without sentences that speak to a machine."""
    from trending.insights.hostile import clean_passage

    if isinstance(node, dict):
        return {name: _defuse(one, name) for name, one in node.items() if name not in _LEFT_OUT}
    if isinstance(node, list):
        return [_defuse(one, key) for one in node]
    return clean_passage(node, _PASSAGE_CHARS) if isinstance(node, str) and key in _PASSAGES else node


def _may_chat(question: str, history: Sequence[Turn]) -> bool:
    return make_plan(question, history).intent in _CHATTING or bool(list_mentions(history))


def _finish(spoken: _Spoken, facts: Facts, tools: Toolbox) -> Answer:
    text, cited = render_checked(spoken.text, facts)
    sources = {source.source: cite_source(source.model_copy(update={"url": None})) for one in cited if (source := tools.sources.get(one.title_id))}
    text += f"\n\n_Source: {', '.join(sources.values())}_" if sources else ""
    return Answer(text=text, calls=tools.calls, titles=cited, maker=spoken.model)


def _describe_tool(tool: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": tool.name, "description": tool.description or "", "parameters": tool.input_schema}}
