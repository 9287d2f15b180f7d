"""The figures of the Prometheus registry as CloudWatch's embedded metric format: one JSON line a minute on stdout, from which CloudWatch Logs makes metrics.

Nothing is counted twice: a line says by how much counters have grown since the line before. One dimension, the service, keeps the number of metrics small.
Format: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import orjson
from prometheus_client import CollectorRegistry

from apps.observing.measures import UNCOUNTED_ROUTES

NAMESPACE = "TrendingNow"
FLUSH_SECONDS = 60.0
_REQUESTS = "trending_http_requests_total"
_SECONDS = "trending_http_request_seconds"
Labels = Mapping[str, str]
Unit = Literal["Count", "Seconds", "Bytes", "None"]
Sums = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def _any(_: Labels) -> bool:
    return True


def _asked_by_clients(labels: Labels) -> bool:
    return labels["route"] not in UNCOUNTED_ROUTES


def _answered_at_once(labels: Labels) -> bool:
    """Leave out what may wait for a language model, and then says nothing of the service's own speed."""
    return labels["route"].startswith("/v1/") and "insights" not in labels["route"]


@dataclass(frozen=True)
class Growth:
    """A metric that says by how much some series of a counter have grown together."""

    name: str
    unit: Unit
    counter: str
    keeps: Callable[[Labels], bool] = _any


@dataclass(frozen=True)
class Level:
    """A metric that says what a gauge says now; absent where the gauge is, unless that means zero."""

    name: str
    unit: Unit
    gauge: str
    absent: float | None = None


GROWTHS = (
    Growth("Requests", "Count", _REQUESTS, _asked_by_clients),
    Growth("ClientErrors", "Count", _REQUESTS, lambda labels: _asked_by_clients(labels) and labels["status"].startswith("4")),
    Growth("ServerErrors", "Count", _REQUESTS, lambda labels: _asked_by_clients(labels) and labels["status"].startswith("5")),
    Growth("TextsScored", "Count", "trending_texts_scored_total"),
    Growth("ToolCalls", "Count", "trending_mcp_tool_calls_total"),
    Growth("ToolErrors", "Count", "trending_mcp_tool_calls_total", lambda labels: labels["outcome"] == "failed"),
    Growth("LlmCalls", "Count", "trending_llm_calls_total", lambda labels: labels["outcome"] != "not_asked"),
    Growth("LlmErrors", "Count", "trending_llm_calls_total", lambda labels: labels["outcome"] in ("failed", "timed_out")),
    Growth("LlmCostUsd", "None", "trending_llm_cost_usd_total"),
    Growth("LlmFallbacks", "Count", "trending_llm_fallbacks_total"),
)
LEVELS = (
    Level("RequestsInFlight", "Count", "trending_http_requests_in_flight"),
    Level("ReleaseLoaded", "Count", "trending_release_info", absent=0.0),
    Level("ReleaseAgeSeconds", "Seconds", "trending_release_age_seconds"),
    Level("DataAgeSeconds", "Seconds", "trending_data_age_seconds"),
    Level("ResidentMemoryBytes", "Bytes", "process_resident_memory_bytes"),
)
QUANTILES = {"RequestSecondsP50": 0.5, "RequestSecondsP99": 0.99}


class EmfReporter:
    """Writes the lines, one at the end of every minute and one at the end of all."""

    def __init__(self, registry: CollectorRegistry, service: str, name_release: Callable[[], str], write: Callable[[str], object]) -> None:
        """Take what is read, what lines say beside it, and where they go."""
        self._registry = registry
        self._service = service
        self._name_release = name_release
        self._write = write
        self._before: Sums = {}

    async def run(self) -> None:
        """Write a line a minute until cancelled, and then the last one."""
        try:
            while True:
                await asyncio.sleep(FLUSH_SECONDS)
                self.flush()
        finally:
            self.flush()

    def flush(self) -> None:
        """Write a line about what happened since the last one."""
        line = orjson.dumps(self.compose()).decode()
        with suppress(OSError, ValueError):  # whoever read stdout is gone
            self._write(line + "\n")

    def compose(self) -> dict[str, object]:
        """Return the document of a line; the next one begins where it ends."""
        now: Sums = {(sample.name, tuple(sample.labels.items())): sample.value for family in self._registry.collect() for sample in family.samples}
        grown = {series: value - self._before.get(series, 0.0) for series, value in now.items()}
        self._before = now
        values: dict[str, tuple[Unit, float]] = {}
        for growth in GROWTHS:
            values[growth.name] = growth.unit, sum(by for (name, labels), by in grown.items() if name == growth.counter and growth.keeps(dict(labels)))
        for level in LEVELS:
            found = [value for (name, _), value in now.items() if name == level.gauge]
            if found or level.absent is not None:
                values[level.name] = level.unit, found[0] if found else level.absent or 0.0
        buckets = _sum_buckets(grown)
        if buckets and max(buckets.values()) > 0:
            values |= {name: ("Seconds", estimate_quantile(buckets, share)) for name, share in QUANTILES.items()}
        metrics = [{"Name": name, "Unit": unit} for name, (unit, _) in values.items()]
        directive = {"Namespace": NAMESPACE, "Dimensions": [["service"]], "Metrics": metrics}
        about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
        return {"_aws": about, "service": self._service, "release": self._name_release()} | {name: value for name, (_, value) in values.items()}


def _sum_buckets(grown: Sums) -> dict[float, float]:
    """Return how many requests took at most so many seconds, whichever route they asked."""
    buckets: dict[float, float] = {}
    for (name, series), by in grown.items():
        labels = dict(series)
        if name == f"{_SECONDS}_bucket" and _answered_at_once(labels):
            bound = float(labels["le"])
            buckets[bound] = buckets.get(bound, 0.0) + by
    return buckets


def estimate_quantile(buckets: Mapping[float, float], share: float) -> float:
    """Return the value that `share` of the observations don't exceed, read off a line through their bucket as Prometheus' `histogram_quantile` does.

    Args:
        buckets: Upper bounds, the last of them infinite, with how many observations don't exceed each; at least one observation.
        share: Between 0 and 1.
    """
    bounds = sorted(buckets)
    rank, lower, below = share * buckets[bounds[-1]], 0.0, 0.0
    for bound in bounds[:-1]:
        if buckets[bound] >= rank:
            return lower + (bound - lower) * (rank - below) / ((buckets[bound] - below) or 1.0)
        lower, below = bound, buckets[bound]
    return lower
