"""Prometheus metrics of a service: requests, texts scored, calls of tools and models, and which release is served and how old it is.

`infra/monitoring/metrics.yaml` lists them all. Every label has few values: routes are templates, and what clients make up is none.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, ProcessCollector, disable_created_metrics, generate_latest
from prometheus_client.registry import Collector

from trending.genres import GENRES
from trending.predictions import Prediction
from trending.service.service import TitleService
from trending.telemetry import Event, Fallback, LlmCall, Task, ToolCall

UNCOUNTED_ROUTES = ("/health", "/ready", "/metrics")  # asked by machines all the time: left out where a share of requests is looked at
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LLM_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
METHODS = {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}
disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each, which nothing here asks for


class Measures(Collector):
    """The metrics of one application; each has a registry of its own, so that two in one process don't clash."""

    def __init__(self) -> None:
        """Register everything."""
        registry = self.registry = CollectorRegistry()
        self._settler: Collector | None = None
        registry.register(self)
        self.requests = Counter("trending_http_requests_total", "Requests by route, method and status.", ["route", "method", "status"], registry=registry)
        self.seconds = Histogram("trending_http_request_seconds", "Time to the last byte, by route.", ["route"], buckets=_BUCKETS, registry=registry)
        self.in_flight = Gauge("trending_http_requests_in_flight", "Requests being answered.", registry=registry)
        self.texts = Counter("trending_texts_scored_total", "Texts whose genres were predicted.", registry=registry)
        self.genres = Counter("trending_genres_predicted_total", "Genres predicted, by genre.", ["genre"], registry=registry)
        self.tool_calls = Counter("trending_mcp_tool_calls_total", "Calls of MCP tools by outcome.", ["tool", "outcome"], registry=registry)
        self.tool_seconds = Histogram("trending_mcp_tool_seconds", "Time a tool took.", ["tool"], buckets=_BUCKETS, registry=registry)
        self.llm_calls = Counter("trending_llm_calls_total", "Calls of language models by outcome.", ["model", "outcome"], registry=registry)
        self.llm_seconds = Histogram("trending_llm_call_seconds", "Time a call of a model took.", ["model"], buckets=_LLM_BUCKETS, registry=registry)
        self.llm_cost = Counter("trending_llm_cost_usd_total", "What calls of models cost.", ["model"], registry=registry)
        self.llm_tokens = Counter("trending_llm_tokens_total", "Tokens of questions and answers.", ["model"], registry=registry)
        self.fallbacks = Counter("trending_llm_fallbacks_total", "Answers that rules gave because no model did.", ["task"], registry=registry)
        self.unrecorded = Counter("trending_monitoring_dropped_total", "Texts and calls of models that could not be recorded.", registry=registry)
        self.release = Gauge("trending_release_info", "1 for the release being served.", ["version", "model_kind"], registry=registry)
        ProcessCollector(registry=registry)
        for task in get_args(Task):  # a counter that appears with its first count seems never to have grown
            self.fallbacks.labels(task)
        # Looking a label up takes longer than counting.
        self._by_genre = {genre: self.genres.labels(genre) for genre in GENRES}
        self._by_request: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._ages: dict[str, Gauge] = {}
        self.release_version = ""

    def settle_with(self, settler: Collector) -> None:
        """Let a collector that has no metrics of its own count what is left to count before any metric is read."""
        self._settler = settler

    def collect(self) -> Iterable[Metric]:
        """Stand first in the registry, so as to be asked first."""
        return self._settler.collect() if self._settler else []

    def name_release(self, service: TitleService) -> None:
        """Say which release is served from now on, and how old it and its data are."""
        manifest = service.release.manifest
        self.release.clear()
        self.release.labels(manifest.version, manifest.model_kind).set(1)
        self.release_version = manifest.version
        as_of = service.catalogue.as_of
        ended = None if as_of is None else dt.datetime.combine(as_of, dt.time(), dt.UTC) + dt.timedelta(days=1)
        self._keep_age("trending_release_age_seconds", "Time since the served release was made.", manifest.created)
        self._keep_age("trending_data_age_seconds", "Time since the end of the last day that trends know of.", ended)

    def _keep_age(self, name: str, meaning: str, since: dt.datetime | None) -> None:
        """Export an age as long as there is something to be that old."""
        if (before := self._ages.pop(name, None)) is not None:
            self.registry.unregister(before)
        if since is not None:
            self._ages[name] = Gauge(name, meaning, registry=self.registry)
            self._ages[name].set_function(lambda: max(0.0, time.time() - since.timestamp()))

    def count_request(self, route: str, method: str, status: int, seconds: float | None) -> None:
        """Count a request by route template, so that ids don't become labels; without seconds it was a stream that stood open."""
        series = self._by_request.get((route, method, status))
        if series is None:
            known = method if method in METHODS else "other"
            series = self.requests.labels(route, known, str(status)), self.seconds.labels(route)
            if known == method:  # methods may be made up without end
                self._by_request[route, method, status] = series
        series[0].inc()
        if seconds is not None:
            series[1].observe(seconds)

    def count_predictions(self, predictions: Sequence[Prediction]) -> None:
        """Count texts and the genres found for them."""
        self.texts.inc(len(predictions))
        for prediction in predictions:
            for found in prediction.genres:
                self._by_genre[found.genre].inc()

    def count_event(self, event: Event) -> None:
        """Count what the domain tells of."""
        match event:
            case ToolCall():
                self.tool_calls.labels(event.tool, event.outcome).inc()
                self.tool_seconds.labels(event.tool).observe(event.seconds)
            case LlmCall():
                self.llm_calls.labels(event.model, event.outcome).inc()
                self.llm_seconds.labels(event.model).observe(event.seconds)
                self.llm_cost.labels(event.model).inc(event.cost_usd)
                self.llm_tokens.labels(event.model).inc(event.tokens)
            case Fallback():
                self.fallbacks.labels(event.task).inc()

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
