"""Streams that stand open for as long as a client is there, and would hold a server up for as long when it is asked to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class StandingStreams:
    """ASGI middleware that ends standing streams when the server begins to shut down; requests with an end are left to finish."""

    def __init__(self, app: ASGIApp, is_standing: Callable[[Scope], bool]) -> None:
        """Wrap `app`; `is_standing` knows such a stream by its request."""
        self.app = app
        self.is_standing = is_standing
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End all of them."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application believe that its client left when the server is to end."""
        if scope["type"] != "http" or not self.is_standing(scope):
            await self.app(scope, receive, send)
            return
        unfinished = False

        async def watched(message: Message) -> None:
            nonlocal unfinished
            unfinished = message["type"] == "http.response.start" or message.get("more_body", False)
            await send(message)

        await self.app(scope, lambda: self._receive(receive), watched)
        if unfinished and self._closing.is_set():
            await send({"type": "http.response.body", "body": b""})

    async def _receive(self, receive: Receive) -> Message:
        message, closing = asyncio.ensure_future(receive()), asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({message, closing}, return_when=asyncio.FIRST_COMPLETED)
            return message.result() if message.done() else {"type": "http.disconnect"}
        finally:
            message.cancel()
            closing.cancel()
