"""ASGI middleware around every door: gives each request an id, counts and times it, and writes its one log line."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.observing.logs import bind
from apps.observing.measures import METHODS, Measures

_HEADER = b"x-request-id"
# What generators of ids write (UUIDs, trace ids): nobody's name or key passes for one.
_WELL_FORMED = re.compile(rb"[0-9a-fA-F][0-9a-fA-F-]{14,62}[0-9a-fA-F]")


class ObserveRequests:
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
        self._log = structlog.get_logger() if structlog.is_configured() else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Observe one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, started, standing = 500, time.perf_counter(), self.is_standing(scope)
        request_id = _read_id(scope) or secrets.token_hex(16)
        bind(request_id=request_id)

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (_HEADER, request_id.encode())]
            await send(message)

        if not standing:
            self.measures.in_flight.inc()
        try:
            await self.app(scope, receive, watched)
        finally:
            seconds, route = time.perf_counter() - started, self.name_route(scope)
            if not standing:
                self.measures.in_flight.dec()
            self.measures.count_request(route, scope["method"], status, None if standing else seconds)
            self._write_line(scope["method"], route, status, seconds)

    def _write_line(self, method: str, route: str, status: int, seconds: float) -> None:
        if self._log is None:
            return
        write = self._log.error if status >= 500 else self._log.info
        # Nobody gets a worse answer because the log's reader is gone.
        with suppress(OSError, ValueError):
            write(
                "request",
                method=method if method in METHODS else "other",
                route=route,
                status=status,
                ms=round(seconds * 1000, 2),
                release=self.measures.release_version,
            )


def _read_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _HEADER:
            return value.decode() if _WELL_FORMED.fullmatch(value) else None
    return None
