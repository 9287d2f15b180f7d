"""OpenTelemetry traces, sent over OTLP/HTTP where `OTEL_EXPORTER_OTLP_ENDPOINT` says so; else nothing of OpenTelemetry's SDK is imported.

The tracer is our own, not the process's: libraries that trace themselves would put what users wrote into spans.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.observing.logs import bind
from apps.observing.measures import METHODS
from trending import telemetry

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_SEND_SECONDS = 2.0  # for one try to send, and at the end for all of it
log = logging.getLogger(__name__)


class Tracing:
    """A tracer with its exporter; made where traces are asked for."""

    def __init__(self, service: str) -> None:
        """Set up OpenTelemetry's SDK, which reads the other `OTEL_*` variables itself.

        Raises:
            ImportError: If the SDK or its exporter isn't installed.
        """
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create() if os.environ.get("OTEL_SERVICE_NAME") else Resource.create({"service.name": service})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=_SEND_SECONDS)))
        self.tracer = self._provider.get_tracer("trending")
        telemetry.trace_with(self._make_span)

    def _make_span(self, name: str, attributes: telemetry.Attributes) -> AbstractContextManager[object]:
        # What exceptions say may quote users.
        return self.tracer.start_as_current_span(name, attributes=dict(attributes), record_exception=False, set_status_on_exception=False)

    def stop(self) -> None:
        """Send what is left, unless that takes too long: a collector that is away holds nobody up."""
        telemetry.trace_with(None)
        sending = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
        sending.start()
        sending.join(_SEND_SECONDS)


def start_tracing(service: str) -> Tracing | None:
    """Begin to trace if an endpoint is set; without the packages for it, say so and go on."""
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return None
    try:
        return Tracing(service)
    except ImportError as error:
        log.warning("no traces are sent: %s is missing; install trending-now[tracing], or unset OTEL_EXPORTER_OTLP_ENDPOINT", error.name)
        return None


class TraceRequests:
    """ASGI middleware: a span a request, as a part of its caller's trace if that comes with it (W3C Trace Context)."""

    def __init__(self, app: ASGIApp, tracing: Tracing, name_route: Callable[[Scope], str]) -> None:
        """Wrap `app`."""
        from opentelemetry.trace import SpanKind, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.app = app
        self.tracer = tracing.tracer
        self.name_route = name_route
        self._kind, self._error = SpanKind.SERVER, StatusCode.ERROR
        self._read_caller = TraceContextTextMapPropagator().extract

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Trace one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Not tracestate, which may say anything.
        given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"}
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        caller = self._read_caller(given)
        with self.tracer.start_as_current_span("request", caller, self._kind, record_exception=False, set_status_on_exception=False) as span:
            bind(trace_id=format(span.get_span_context().trace_id, "032x"))
            try:
                await self.app(scope, receive, watched)
            finally:
                method, route = scope["method"] if scope["method"] in METHODS else "_OTHER", self.name_route(scope)
                span.update_name(f"{method} {route}")
                span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
                if status >= 500:
                    span.set_status(self._error)
