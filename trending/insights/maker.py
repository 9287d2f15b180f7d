"""The one entry to insights: asks the configured models, checks what they say, and falls back on rules.

It never fails and never takes longer than the limit.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from trending.insights.cache import InsightCache
from trending.insights.client import LlmClient, ModelUnavailable
from trending.insights.draft import Draft, Question, ask_about
from trending.insights.offline import describe_reading, write_insights
from trending.insights.prompts import load_prompt
from trending.insights.reading import Reading, read_material
from trending.insights.schema import Insights, Material, Provenance
from trending.insights.spending import SpendingRefused
from trending.insights.verify import Refused, check_draft
from trending.settings import load_settings

CACHE_FILE = "insights.sqlite"
_AT_ONCE = 8
_NO_TIME = 0.2  # seconds: less than any model needs


class InsightMaker:
    """Makes insights of material, by a model if one is configured and answers well, else by rules."""

    def __init__(self, client: LlmClient | None, cache: InsightCache) -> None:
        """Take the models, or None for rules alone, and where their answers are kept."""
        self._client = client
        self._cache = cache

    @classmethod
    def from_settings(cls) -> InsightMaker:
        """Return the maker that `TRENDING_LLM_*` describe; if they name a model, it begins to get ready in the background."""
        client = LlmClient.from_settings()
        if client is not None:
            client.warm_up()
        return cls(client, InsightCache(load_settings().cache_dir / CACHE_FILE))

    @property
    def has_model(self) -> bool:
        """True if a model is configured; without one, `make` is `offline`."""
        return self._client is not None

    def make(self, material: Material) -> Insights:
        """Return insights within `TRENDING_LLM_TIMEOUT`; what a model couldn't do the rules do, and `provenance.fallback` says why."""
        if self._client is None:
            return write_insights(material)
        deadline = time.monotonic() + self._client.limit
        reading = read_material(material)
        measured = describe_reading(reading)
        if not reading.plot and not reading.reviews:
            return measured
        failures: list[str] = []
        for model, until in self._client.share_time(deadline):
            key = self._cache.make_key(load_prompt().version, model, material)
            found = self._cache.get(key) or self._ask(self._client, model, reading, measured, until, failures, key)
            if found is not None:
                return _note(found, fallback="; ".join(failures) or None)
        return _note(measured, fallback="; ".join(failures))

    def offline(self, material: Material) -> Insights:
        """Return insights by rules alone: no model, no network, the same for the same material."""
        return write_insights(material)

    def make_batch(self, materials: Iterable[Material]) -> Iterator[Insights]:
        """Yield insights of each material, in order; with a model eight at a time, waiting whenever the minute's limit of calls is reached."""
        if self._client is None:
            yield from map(write_insights, materials)
            return
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="insights") as pool:
            waiting: deque[Future[Insights]] = deque()
            for material in materials:
                waiting.append(pool.submit(self._make_in_turn, self._client, material))
                if len(waiting) > 2 * _AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _make_in_turn(self, client: LlmClient, material: Material) -> Insights:
        while True:
            try:
                pause = client.spending.wait_seconds()
            except SpendingRefused:
                pause = 0.0
            if pause <= 0:
                return self.make(material)
            time.sleep(min(pause, 1.0))

    def _ask(self, client: LlmClient, model: str, reading: Reading, measured: Insights, until: float, failures: list[str], key: str) -> Insights | None:
        """Ask one model, and once more with what was wrong; keep what passes. Return None and note why if nothing does."""
        prompt = load_prompt()
        question = ask_about(reading, measured.score, prompt)
        messages, tokens, cost, priced = list(question.messages), 0, 0.0, True
        for attempt in (1, 2):
            try:
                reply = client.ask(model, messages, Draft, until - time.monotonic())
            except ModelUnavailable as error:
                failures.append(str(error))
                return None
            tokens, cost, priced = tokens + reply.tokens, cost + reply.cost_usd, priced and reply.cost_known
            try:
                checked = check_draft(reply.text, question, reading, measured)
            except Refused as error:
                if attempt == 2 or until - time.monotonic() < _NO_TIME:
                    failures.append(f"{model}: its answer was refused, as {error}")
                    return None
                messages = _ask_again(question, reply.text, str(error))
                continue
            insights = checked.model_copy(update={"provenance": Provenance(
                maker=model, prompt=prompt.version, from_plot=bool(reading.plot), from_reviews=len(question.reviews),
                tokens=tokens, cost_usd=cost, cost_known=priced, made=dt.datetime.now(dt.UTC),
            )})  # fmt: skip
            self._cache.put(key, insights)
            return insights
        return None


def _ask_again(question: Question, answer: str, wrong: str) -> list[dict[str, Any]]:
    correction = f"That can't be used, as {wrong}. Answer again by the same rules: one JSON object, nothing but what the material says."
    return [*question.messages, {"role": "assistant", "content": answer[:8_000]}, {"role": "user", "content": correction}]


def _note(insights: Insights, fallback: str | None) -> Insights:
    return insights.model_copy(update={"provenance": insights.provenance.model_copy(update={"fallback": fallback})}) if fallback else insights
