"""ASGI middleware around every door: gives each request an id, counts and times it, and writes its one log line.

A request leaves a record behind, and ten times a second records are counted and written together, which costs half of what it costs one by one. Whoever
reads the metrics reads them whole: what is left is counted first.
"""

from __future__ import annotations

import asyncio
import contextvars
import datetime as dt
import random
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import structlog
from prometheus_client import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.observing.logs import bind, read_bound
from apps.observing.measures import METHODS, Measures

_HEADER = b"x-request-id"
_SETTLE_SECONDS = 0.1
_HUNG_UP = 499  # nginx's number for it: nobody was there any more to be answered
# What generators of ids write (UUIDs, trace ids): nobody's name or key passes for one.
_WELL_FORMED = re.compile(rb"[0-9a-fA-F][0-9a-fA-F-]{14,62}[0-9a-fA-F]")
_ids = random.Random()  # noqa: S311 - an id has to be its own, not secret


class _Record(NamedTuple):
    """What became of a request."""

    ended: float
    method: str
    route: str
    status: int
    seconds: float
    standing: bool
    release: str
    fields: Mapping[str, str]


class ObserveRequests(Collector):
    """Observes what the application does with a request, and changes nothing but the header `x-request-id` of the answer."""

    def __init__(self, app: ASGIApp, measures: Measures, name_route: Callable[[Scope], str], is_standing: Callable[[Scope], bool]) -> None:
        """Wrap `app`.

        Args:
            app: All doors.
            measures: What counts.
            name_route: Tells the template of a request's route, once it has been routed.
            is_standing: Knows streams that stand open for as long as a client is there: how long says nothing of the service.
        """
        self.app = app
        self.measures = measures
        self.name_route = name_route
        self.is_standing = is_standing
        # Unconfigured, structlog would write on stdout: an application that somebody else runs says nothing.
        # Bound once: the logger one gets is a stand-in that is made up anew for every line.
        self._log: Any = structlog.get_logger().bind() if structlog.is_configured() else None
        self._records: list[_Record] = []
        self._open = 0
        measures.in_flight.set_function(lambda: self._open)
        measures.settle_with(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Observe one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, started, standing = 0, time.perf_counter(), self.is_standing(scope)
        hung_up = False
        request_id = _read_id(scope) or f"{_ids.getrandbits(128):032x}"
        bind(request_id=request_id)

        async def watching() -> Message:
            nonlocal hung_up
            message = await receive()
            # Afterwards it is how requests end.
            hung_up = hung_up or (not status and message["type"] == "http.disconnect")
            return message

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (_HEADER, request_id.encode())]
            await send(message)

        self._open += not standing
        try:
            await self.app(scope, watching, watched)
        finally:
            self._open -= not standing
            status = _HUNG_UP if hung_up else status or 500
            seconds, release = time.perf_counter() - started, self.measures.release_version
            self._keep(_Record(time.time(), scope["method"], self.name_route(scope), status, seconds, standing, release, read_bound()))

    def _keep(self, record: _Record) -> None:
        """Keep a record until it is settled; that of an error is settled at once, so that its line stands where it belongs."""
        self._records.append(record)
        if record.status >= 500:
            self.settle()
        elif len(self._records) == 1:
            asyncio.get_running_loop().call_later(_SETTLE_SECONDS, self.settle, context=contextvars.Context())

    def settle(self) -> None:
        """Count what is left to count, and write its lines."""
        records, self._records = self._records, []
        for record in records:
            self.measures.count_request(record.route, record.method, record.status, None if record.standing else record.seconds)
            if self._log is not None:
                # Nobody gets a worse answer because the log's reader is gone.
                with suppress(OSError, ValueError):
                    self._write_line(record)

    def collect(self) -> Iterable[Metric]:
        """Settle before the registry, which asks this first, reads any metric."""
        self.settle()
        return []

    def _write_line(self, record: _Record) -> None:
        write = self._log.error if record.status >= 500 else self._log.info
        write(
            "request",
            timestamp=dt.datetime.fromtimestamp(record.ended, dt.UTC).isoformat(),
            method=record.method if record.method in METHODS else "other",
            route=record.route,
            status=record.status,
            ms=round(record.seconds * 1000, 2),
            **{"release": record.release, **record.fields},  # in an experiment a field says which release it was
        )


def _read_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _HEADER:
            return value.decode() if _WELL_FORMED.fullmatch(value) else None
    return None
