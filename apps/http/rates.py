"""Limit on the rate of requests per client, counted in this process; several processes each count for themselves.

Headers follow draft-ietf-httpapi-ratelimit-headers-10 (`RateLimit-Policy`, `RateLimit`), with Retry-After on a refusal.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from http import HTTPStatus

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.http.problems import problem_response


class RateLimit:
    """ASGI middleware that answers 429 when a client asks too often.

    A window slides by weighing the count of the one before, so that nobody gets twice the limit around its edge.
    """

    def __init__(self, app: ASGIApp, limit: str, name_client: Callable[[Scope], str], prefix: str = "/") -> None:
        """Wrap `app`.

        Args:
            app: What is protected.
            limit: Such as `600/minute`; empty: none.
            name_client: Who a request is counted for.
            prefix: Only paths under it are counted.
        """
        self.app = app
        self.name_client = name_client
        self.prefix = prefix
        self._item: RateLimitItem | None = parse(limit) if limit else None
        if self._item is not None:
            self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
            self._policy = f'"default";q={self._item.amount};w={self._item.get_expiry()}'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request, then let it pass or refuse it."""
        if scope["type"] != "http" or self._item is None or not scope["path"].startswith(self.prefix):
            await self.app(scope, receive, send)
            return
        client = self.name_client(scope)
        allowed = self._limiter.hit(self._item, client)
        reset, remaining = self._limiter.get_window_stats(self._item, client)
        seconds = max(1, math.ceil(reset - time.time()))
        said = {"RateLimit-Policy": self._policy, "RateLimit": f'"default";r={remaining};t={seconds}'}
        if not allowed:
            detail = f"more than {self._item.amount:,} requests in {self._item.get_expiry():,} s; ask again in {seconds} s"
            headers = {**said, "Retry-After": str(seconds)}
            await problem_response(scope, HTTPStatus.TOO_MANY_REQUESTS, detail, headers)(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(said)
            await send(message)

        await self.app(scope, receive, marked)
