"""Limit on the size of request bodies, kept while they are read and not by trusting Content-Length."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.http.problems import problem_response


class _TooLargeError(Exception):
    """Raised inside the application when the body exceeds the limit."""


class BodyLimit:
    """ASGI middleware that answers 413 as soon as a body grows too large."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        """Wrap `app`."""
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the body as it comes in."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen = 0
        too_large = started = False

        async def counted() -> Message:
            nonlocal seen, too_large
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.max_bytes:
                too_large = True
                raise _TooLargeError
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            # The framework turns the error above into an answer of its own, which is dropped here in favour of ours.
            if not too_large or started:
                started = True
                await send(message)

        declared = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = declared.isdigit() and int(declared) > self.max_bytes
        if not too_large:
            with suppress(_TooLargeError):
                await self.app(scope, counted, watched)
        if too_large and not started:
            detail = f"the body is larger than {self.max_bytes:,} bytes; send fewer or shorter texts"
            await problem_response(scope, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)(scope, receive, send)
