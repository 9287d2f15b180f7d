"""Prometheus metrics of the API: requests, how long they took, texts scored, and which release is served."""

from __future__ import annotations

import time
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trending.genres import GENRES
from trending.predictions import Prediction
from trending.releases import Manifest

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Measures:
    """The metrics of one application; each has a registry of its own, so that two in one process don't clash."""

    def __init__(self) -> None:
        """Register everything."""
        self.registry = CollectorRegistry()
        self.requests = Counter("trending_http_requests_total", "Requests by route, method and status.", ["route", "method", "status"], registry=self.registry)
        self.seconds = Histogram("trending_http_request_seconds", "Time to the last byte, by route.", ["route"], buckets=_BUCKETS, registry=self.registry)
        self.texts = Counter("trending_texts_scored_total", "Texts whose genres were predicted.", registry=self.registry)
        self.genres = Counter("trending_genres_predicted_total", "Genres predicted, by genre.", ["genre"], registry=self.registry)
        # Looking a label up takes longer than counting.
        self._by_genre = {genre: self.genres.labels(genre) for genre in GENRES}
        self.release = Gauge("trending_release_info", "1 for the release being served.", ["version", "model_kind"], registry=self.registry)

    def name_release(self, manifest: Manifest) -> None:
        """Say which release is served from now on."""
        self.release.clear()
        self.release.labels(manifest.version, manifest.model_kind).set(1)

    def count_predictions(self, predictions: Sequence[Prediction]) -> None:
        """Count texts and the genres found for them."""
        self.texts.inc(len(predictions))
        for prediction in predictions:
            for found in prediction.genres:
                self._by_genre[found.genre].inc()

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class MeasureRequests:
    """ASGI middleware that counts and times requests by route template, so that ids don't become labels."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        """Wrap `app`."""
        self.app = app
        self.measures = measures
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Time one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            method = scope["method"] if scope["method"] in {"GET", "HEAD", "POST", "OPTIONS"} else "other"
            series = self._series.get((route, method, status)) or self._find_series(route, method, status)
            series[0].inc()
            series[1].observe(time.perf_counter() - started)

    def _find_series(self, route: str, method: str, status: int) -> tuple[Counter, Histogram]:
        """Look the labels up, once: that takes longer than counting."""
        found = self.measures.requests.labels(route, method, str(status)), self.measures.seconds.labels(route)
        self._series[route, method, status] = found
        return found
