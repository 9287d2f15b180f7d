"""The only place that calls a model: LiteLLM behind one time limit, one budget and one rate limit, for insights and chat alike.

LiteLLM is imported when the first call is made, in the background, and never if no model is configured. What a call failed of is told in our own words:
what a server writes into an error reaches no answer.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from trending.errors import TrendingError
from trending.insights.background import background_loop
from trending.insights.gateway import CallFailed, Gateway
from trending.insights.replies import ReplyParts
from trending.insights.spending import MinuteFull, Spending, SpendingRefused
from trending.settings import Settings, load_settings
from trending.telemetry import LlmCall, LlmOutcome, Task, tell

log = logging.getLogger(__name__)

MAX_ANSWER_TOKENS = 1_500
MAX_ANSWER_CHARS = 40_000
SPENDING_FILE = "llm-spending.sqlite"
_GRACE = 0.25  # seconds a caller waits beyond the limit for the background to say what happened
_FIRST_SHARE = 0.6  # of the time left, for the first of two models
_RETRY_PAUSE = 0.3
_WORTH_RETRYING = 1.0  # seconds left
_ROOM_PAUSE = 1.0  # seconds until somebody who waits for the minute's limit looks again
_CHARS_PER_TOKEN = 3  # of ASCII


class ModelUnavailable(TrendingError):  # noqa: N818
    """No model answered: it failed, it took too long, or the budget or the rate limit is used up."""

    status = 503


@dataclass(frozen=True)
class TextDelta:
    """The next piece of the answer's text."""

    text: str


@dataclass(frozen=True)
class ToolCall:
    """A tool the model wants called; `arguments` is empty and `error` set if what it wrote isn't a JSON object."""

    id: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True)
class Finished:
    """The end of the answer, and what it took. `message` is the assistant's turn as the next call wants it in `messages`."""

    message: dict[str, Any]
    model: str
    tokens: int
    cost_usd: float
    cost_known: bool = True


@dataclass(frozen=True)
class Reply:
    """A whole answer, and what it took. `cost_known` is false for a model whose price LiteLLM doesn't know: its cost counts as 0."""

    text: str
    model: str
    tokens: int
    cost_usd: float
    cost_known: bool
    seconds: float = 0.0


class LlmClient:
    """Calls of one or two models, the second for when the first fails."""

    def __init__(self, settings: Settings) -> None:
        self.models: list[str] = list(dict.fromkeys(model for model in (settings.llm_model, settings.llm_fallback_model) if model))
        self.limit = settings.llm_timeout
        self.spending = Spending(settings.cache_dir / SPENDING_FILE, settings.llm_budget_usd, settings.llm_requests_per_minute)
        self._settings = settings
        self._loading: asyncio.Task[Gateway] | None = None

    @classmethod
    def from_settings(cls) -> LlmClient | None:
        """Return the client `TRENDING_LLM_*` describe, or None if no model is configured (and then LiteLLM is never imported)."""
        settings = load_settings()
        return cls(settings) if settings.llm_model else None

    def warm_up(self) -> None:
        """Begin to import LiteLLM in the background, so that the first call needn't wait for it."""
        asyncio.run_coroutine_threadsafe(self._load(), background_loop())

    def ask(self, model: str, messages: Sequence[dict[str, Any]], schema: type[BaseModel], seconds: float | None) -> Reply:
        """Ask one model for a JSON object of a schema; at most `seconds` later there is an answer or an error, whatever the server does.

        With None, whoever asks is in no hurry: the call waits until the minute's limit has room for it, and then has the usual time.

        Raises:
            ModelUnavailable: With the reason.
        """
        while True:
            try:
                return self._ask_within(model, messages, schema, self.limit if seconds is None else seconds)
            except _NoRoom:
                if seconds is not None:
                    raise
            time.sleep(_ROOM_PAUSE)

    def _ask_within(self, model: str, messages: Sequence[dict[str, Any]], schema: type[BaseModel], seconds: float) -> Reply:
        deadline = time.monotonic() + seconds
        asked = asyncio.run_coroutine_threadsafe(self._ask(model, messages, schema, deadline), background_loop())
        try:
            return asked.result(timeout=max(0.0, seconds) + _GRACE)
        except (TimeoutError, concurrent.futures.TimeoutError, concurrent.futures.CancelledError) as error:
            asked.cancel()
            raise _time_out(model) from error

    async def stream(
        self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]] = (), *, limit: float | None = None
    ) -> AsyncIterator[TextDelta | ToolCall | Finished]:
        """Answer a chat: yield text as it comes, then the tools to call, then `Finished`. Closing the iterator cancels the call.

        The second model is asked if the first fails before it has said anything.

        Args:
            messages: As OpenAI's chat completions take them.
            tools: As OpenAI's chat completions take them (`{"type": "function", "function": {...}}`).
            limit: Seconds until the last piece must be there; default `TRENDING_LLM_TIMEOUT`.

        Raises:
            ModelUnavailable: At the first or any later piece, with the reason.
        """
        deadline = time.monotonic() + (self.limit if limit is None else limit)
        here = asyncio.get_running_loop()
        pieces: asyncio.Queue[TextDelta | ToolCall | Finished | ModelUnavailable] = asyncio.Queue()

        async def pump() -> None:
            try:
                async for piece in self._stream_any(messages, tools, deadline):
                    here.call_soon_threadsafe(pieces.put_nowait, piece)
            except ModelUnavailable as error:
                here.call_soon_threadsafe(pieces.put_nowait, error)

        pumping = asyncio.run_coroutine_threadsafe(pump(), background_loop())
        try:
            while True:
                try:
                    piece = await asyncio.wait_for(pieces.get(), max(0.0, deadline - time.monotonic()) + _GRACE)
                except TimeoutError as error:
                    raise _time_out(" and ".join(self.models)) from error
                if isinstance(piece, ModelUnavailable):
                    raise piece
                yield piece
                if isinstance(piece, Finished):
                    return
        finally:
            pumping.cancel()

    async def _stream_any(
        self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], deadline: float
    ) -> AsyncIterator[TextDelta | ToolCall | Finished]:
        failures: list[str] = []
        for model, until in self.share_time(deadline):
            said = False
            try:
                async for piece in self._stream_one(model, messages, tools, until):
                    said = True
                    yield piece
                return
            except ModelUnavailable as error:
                failures.append(str(error))
                if said:
                    break
        raise ModelUnavailable("; ".join(failures))

    def share_time(self, deadline: float) -> Sequence[tuple[str, float]]:
        """Return each model with the moment its turn ends: the first of two leaves the second some time."""
        left = deadline - time.monotonic()
        ends = [deadline] if len(self.models) == 1 else [deadline - (1 - _FIRST_SHARE) * left, deadline]
        return list(zip(self.models, ends, strict=True))

    async def _ask(self, model: str, messages: Sequence[dict[str, Any]], schema: type[BaseModel], deadline: float) -> Reply:
        """Ask for a whole answer; what may pass by itself (429, 5xx, a broken connection) is tried once more if there is time."""
        for last in (False, True):
            started = time.monotonic()
            try:
                async with self._booked(model, "insights", messages, schema.model_json_schema(), deadline) as (gateway, call):
                    answer = await gateway.complete(model, messages, deadline - time.monotonic(), max_tokens=MAX_ANSWER_TOKENS, response_format=schema)
                    if not answer.choices:
                        raise CallFailed("its answer is empty", billed=True)
                    text = str(answer.choices[0].message.content or "")
                    usage = getattr(answer, "usage", None)
                    call.count(text, getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None))
                if len(text) > MAX_ANSWER_CHARS:
                    raise ModelUnavailable(f"{model}: its answer is longer than {MAX_ANSWER_CHARS:,} characters")
                return Reply(text, model, call.tokens, call.cost_usd, call.priced, time.monotonic() - started)
            except _PassingFailure:
                if last or deadline - time.monotonic() < _WORTH_RETRYING:
                    raise
                await asyncio.sleep(_RETRY_PAUSE)
        raise AssertionError

    async def _stream_one(
        self, model: str, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], deadline: float
    ) -> AsyncIterator[TextDelta | ToolCall | Finished]:
        parts = ReplyParts(MAX_ANSWER_CHARS)
        options: dict[str, Any] = {"tools": list(tools)} if tools else {}
        async with self._booked(model, "chat", messages, tools, deadline) as (gateway, call):
            stream = await gateway.complete(
                model, messages, deadline - time.monotonic(), max_tokens=MAX_ANSWER_TOKENS, stream=True, stream_options={"include_usage": True}, **options
            )
            async for chunk in gateway.read(stream):
                if text := parts.add(chunk):
                    yield TextDelta(text)
            if not parts.text and not parts.calls:
                raise CallFailed("its answer is empty", billed=True)
            call.count(parts.text, parts.prompt_tokens, parts.answer_tokens)
        for one in parts.calls.values():
            arguments, error = one.parse()
            yield ToolCall(one.id, one.name, arguments, error)
        yield Finished(parts.to_message(), model, call.tokens, call.cost_usd, call.priced)

    @asynccontextmanager
    async def _booked(self, model: str, task: Task, messages: Sequence[dict[str, Any]], beside: Any, deadline: float) -> AsyncIterator[tuple[Gateway, _Call]]:
        """Book a call, let it be made within the time left, settle it, and tell of it. Every failure comes out as `ModelUnavailable`."""
        started, spent = time.monotonic(), None
        outcome: LlmOutcome = "cancelled"
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                gateway = await self._load()
                call = _Call(gateway, model, _bound_tokens(messages, beside))
                number = await asyncio.to_thread(self.spending.book, model, call.tokens, call.cost_usd if call.priced else None)
                spent = call
                try:
                    yield gateway, call
                except CallFailed as error:
                    if not error.billed:
                        spent = None
                        await self._settle(number, 0, 0.0)
                    raise
                await self._settle(number, call.tokens, call.cost_usd)
            outcome = "answered"
        except TimeoutError as error:
            outcome = "timed_out"
            raise _time_out(model) from error
        except SpendingRefused as error:
            outcome = "not_asked"
            raise (_NoRoom if isinstance(error, MinuteFull) else ModelUnavailable)(f"{model} was not asked: {error}") from error
        except OverflowError as error:
            outcome = "failed"
            raise ModelUnavailable(f"{model}: its answer is longer than {MAX_ANSWER_CHARS:,} characters") from error
        except CallFailed as error:
            outcome = "failed"
            raise (_PassingFailure if error.passing else ModelUnavailable)(f"{model}: {error}") from error
        except Exception as error:
            outcome = "failed"
            log.warning("a call of %s broke off", model, exc_info=True)
            raise ModelUnavailable(f"{model}: the call failed ({type(error).__name__})") from error
        finally:
            tokens, cost = (spent.tokens, spent.cost_usd) if spent else (0, 0.0)
            asked, answer = sum(len(str(one.get("content") or "")) for one in messages), spent.answer if spent else ""
            tell(LlmCall(model, outcome, time.monotonic() - started, tokens, cost, task, asked, answer))

    async def _settle(self, number: int, tokens: int, cost_usd: float) -> None:
        with suppress(SpendingRefused):  # it stays booked at the most it can have cost
            await asyncio.to_thread(self.spending.settle, number, tokens, cost_usd)

    async def _load(self) -> Gateway:
        """Return the gateway; made once, in a thread, and going on if whoever waits for it gives up."""
        if self._loading is None or (self._loading.done() and self._loading.exception()):
            self._loading = asyncio.create_task(self._make_gateway())
        return await asyncio.shield(self._loading)

    async def _make_gateway(self) -> Gateway:
        made: asyncio.Future[Gateway] = asyncio.get_running_loop().create_future()
        # A daemon, unlike a thread of a pool, holds up nobody who wants to leave while LiteLLM is being imported.
        threading.Thread(target=_make_in, args=(made, self.models, self._settings), name="llm-import", daemon=True).start()
        gateway = await made
        await gateway.prepare(self.models[0])
        return gateway


class _PassingFailure(ModelUnavailable):
    """Trying again may help."""


class _NoRoom(ModelUnavailable):
    """The minute's limit is reached."""


class _Call:
    """What a call takes: first the most it can, then what its answer says."""

    def __init__(self, gateway: Gateway, model: str, prompt_tokens: int) -> None:
        self._gateway, self._model, self._prompt_tokens = gateway, model, prompt_tokens
        self.priced = True
        self.tokens, self.cost_usd = 0, 0.0
        self.answer = ""
        self._set(prompt_tokens, MAX_ANSWER_TOKENS)

    def count(self, text: str, prompt_tokens: int | None, answer_tokens: int | None) -> None:
        """Take the answer and the tokens it reports; of a service that reports none, an estimate."""
        self.answer = text
        self._set(
            self._prompt_tokens if prompt_tokens is None else max(0, prompt_tokens),
            _bound_tokens(text) if answer_tokens is None else max(0, answer_tokens),
        )

    def _set(self, prompt_tokens: int, answer_tokens: int) -> None:
        cost = self._gateway.price(self._model, prompt_tokens, answer_tokens)
        self.priced = cost is not None
        self.tokens, self.cost_usd = prompt_tokens + answer_tokens, cost or 0.0


def _bound_tokens(*parts: Any) -> int:
    """Return the most tokens that texts and schemas take: one for three characters of ASCII, one for every byte of other writing (Chinese takes most)."""
    text = json.dumps(parts, ensure_ascii=False, default=str)
    plain = len(text.encode("ascii", "ignore"))
    return plain // _CHARS_PER_TOKEN + len(text.encode("utf-8", "surrogatepass")) - plain


def _make_in(made: asyncio.Future[Gateway], models: Sequence[str], settings: Settings) -> None:
    loop = made.get_loop()
    try:
        gateway = Gateway(models, settings)
    except CallFailed as error:
        loop.call_soon_threadsafe(made.set_exception, error)
    else:
        loop.call_soon_threadsafe(made.set_result, gateway)


def _time_out(model: str) -> ModelUnavailable:
    return ModelUnavailable(f"{model}: it did not answer in time")
