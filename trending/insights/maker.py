"""The one entry to insights: asks the configured models, checks what they say, and falls back on rules.

It never fails and never takes longer than the limit, but in a batch, which waits for room in the minute's limit of calls.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from trending.insights.cache import InsightCache
from trending.insights.client import LlmClient, ModelUnavailable
from trending.insights.draft import Draft, Question, ask_about, ask_again
from trending.insights.offline import describe_reading, write_insights
from trending.insights.prompts import load_prompt
from trending.insights.reading import Reading, read_material
from trending.insights.schema import Insights, Material, Provenance
from trending.insights.verify import Refused, check_draft
from trending.settings import load_settings
from trending.telemetry import AnswerChecked, Fallback, tell

CACHE_FILE = "insights.sqlite"
_AT_ONCE = 8
_NO_TIME = 0.2  # seconds: less than any model needs
# A model, and the moment its turn ends; None: it has the time it needs.
_Turn = tuple[str, float | None]


@dataclass(frozen=True)
class _Task:
    """A question about some material, and what answers are held against."""

    question: Question
    reading: Reading
    measured: Insights

    def check(self, draft: str, **made: Any) -> Insights:
        """Return the insights of a draft, with who made them and at what price; raises `Refused`."""
        checked = check_draft(draft, self.question, self.reading, self.measured)
        provenance = Provenance(prompt=load_prompt().version, from_plot=bool(self.reading.plot), from_reviews=len(self.question.reviews), **made)
        return checked.model_copy(update={"provenance": provenance})


class InsightMaker:
    """Makes insights of material, by a model if one is configured and answers well, else by rules."""

    def __init__(self, client: LlmClient | None, cache: InsightCache) -> None:
        """Take the models, or None for rules alone, and where their answers are kept."""
        self._client = client
        self._cache = cache

    @classmethod
    def from_settings(cls, *, rules_only: bool = False) -> InsightMaker:
        """Return the maker that `TRENDING_LLM_*` describe; if they name a model, it begins to get ready in the background.

        Args:
            rules_only: Whether no model may write, whatever is configured.
        """
        client = None if rules_only else LlmClient.from_settings()
        if client is not None:
            client.warm_up()
        return cls(client, InsightCache(load_settings().cache_dir / CACHE_FILE))

    @property
    def has_model(self) -> bool:
        """True if a model is configured; without one, `make` is `offline`."""
        return self._client is not None

    def make(self, material: Material, *, keep: bool = True) -> Insights:
        """Return insights within `TRENDING_LLM_TIMEOUT`; what a model couldn't do the rules do, and `provenance.fallback` says why.

        Args:
            material: What they are made from.
            keep: Whether a model's answer is kept for the next who asks; not of what callers bring.
        """
        if self._client is None:
            return write_insights(material)
        return self._make(self._client, material, self._client.share_time(time.monotonic() + self._client.limit), keep=keep)

    def make_at_once(self, materials: Sequence[Material]) -> list[Insights]:
        """Return insights of up to eight materials, all within the time of one."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="insights") as pool:
            return list(pool.map(self.make, materials))

    def offline(self, material: Material) -> Insights:
        """Return insights by rules alone: no model, no network, the same for the same material."""
        return write_insights(material)

    def make_batch(self, materials: Iterable[Material]) -> Iterator[Insights]:
        """Yield insights of each material, in order; with a model eight at a time, waiting whenever the minute's limit of calls is reached."""
        if self._client is None:
            yield from map(write_insights, materials)
            return
        unhurried = [(model, None) for model in self._client.models]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="insights") as pool:
            waiting: deque[Future[Insights]] = deque()
            for material in materials:
                waiting.append(pool.submit(self._make, self._client, material, unhurried))
                if len(waiting) > 2 * _AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _make(self, client: LlmClient, material: Material, turns: Sequence[_Turn], *, keep: bool = True) -> Insights:
        reading = read_material(material)
        measured = describe_reading(reading)
        if not reading.plot and not reading.reviews:
            return measured
        task = _Task(ask_about(reading, measured.score, load_prompt()), reading, measured)
        failures: list[str] = []
        for model, until in turns:
            key = self._cache.make_key(load_prompt().version, model, task.question.material) if keep else None
            found = self._recall(task, model, key) or self._ask(client, task, model, until, failures, key)
            if found is not None:
                return _note(found, fallback="; ".join(failures) or None)
        tell(Fallback("insights"))
        return _note(measured, fallback="; ".join(failures))

    def _recall(self, task: _Task, model: str, key: str | None) -> Insights | None:
        """Return what was kept, if it passes the checks of today."""
        kept = self._cache.get(key) if key else None
        try:
            return task.check(kept.text, maker=model, cached=True, made=kept.made) if kept else None
        except Refused:
            return None

    def _ask(self, client: LlmClient, task: _Task, model: str, until: float | None, failures: list[str], key: str | None) -> Insights | None:
        """Ask one model, and once more with what was wrong; keep what passes. Return None and note why if nothing does."""
        messages, tokens, cost, priced = list(task.question.messages), 0, 0.0, True
        for last in (False, True):
            try:
                reply = client.ask(model, messages, Draft, _count_seconds(until))
            except ModelUnavailable as error:
                failures.append(str(error))
                return None
            tokens, cost, priced = tokens + reply.tokens, cost + reply.cost_usd, priced and reply.cost_known
            try:
                insights = task.check(reply.text, maker=model, tokens=tokens, cost_usd=cost, cost_known=priced, made=dt.datetime.now(dt.UTC))
            except Refused as error:
                tell(AnswerChecked("insights", passed=False))
                left = _count_seconds(until)
                if last or (left is not None and left < _NO_TIME):
                    failures.append(f"{model}: its answer was refused, as {error}")
                    return None
                messages = ask_again(task.question, reply.text, str(error))
                continue
            tell(AnswerChecked("insights", passed=True))
            if key:
                self._cache.put(key, reply.text)
            return insights
        return None


def _count_seconds(until: float | None) -> float | None:
    return None if until is None else until - time.monotonic()


def _note(insights: Insights, fallback: str | None) -> Insights:
    return insights.model_copy(update={"provenance": insights.provenance.model_copy(update={"fallback": fallback})}) if fallback else insights
