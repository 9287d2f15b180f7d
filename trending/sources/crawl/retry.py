"""Retries that wait: exponential backoff with jitter, as long as the server asks for (Retry-After), while other hosts go on.

A waiting request is out of the downloader and out of the scheduler, so it takes nobody's place. When a host says it is overloaded (429,
503), everything else that was about to go there waits too.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from email.utils import parsedate_to_datetime
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import DontCloseSpider, IgnoreRequest
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached

BACKOFF_SECONDS = 0.5  # before the first retry; doubled for each further one
MAX_BACKOFF_SECONDS = 60.0
MAX_RETRY_AFTER_SECONDS = 300.0  # a server that asks for more is asked again after this
_OVERLOADED = frozenset({429, 503})
_RANDOM = random.SystemRandom()


class Postponed(IgnoreRequest):
    """The request is out of the way for now; a copy of it comes back later."""


class RecallError(Exception):
    """The request was about to go to a host that has just asked for a pause."""


class PatientRetry(RetryMiddleware):
    """Scrapy's retries, at the right time."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make it; it keeps the spider open while requests wait, and sees answers before the next request to their host is sent."""
        made = super().from_crawler(crawler)
        made._waiting = 0
        made._paused_until = {}
        crawler.signals.connect(made._stay_open, signal=signals.spider_idle)
        crawler.signals.connect(made._heed, signal=signals.response_downloaded)
        return made

    _waiting: int
    _paused_until: dict[str, float]  # host -> monotonic seconds

    async def process_request(self, request: Request) -> None:
        """Hold back what would go to a host that asked for a pause."""
        if self._pause_left(request) > 0:
            await self._sit_out(request)

    async def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Try again later if the server had trouble; after the last try, the answer is what it is."""
        answer = super().process_response(request, response)
        if isinstance(answer, Response):
            return answer
        delay = self._pause_left(request) if response.status in _OVERLOADED else _delay(response, answer.meta["retry_times"])
        return await self._wait(request, answer, delay)

    async def process_exception(self, request: Request, exception: Exception) -> Request | Response | None:  # type: ignore[override]
        """Try again later if the connection failed, or if the host asked for a pause before there was one."""
        if isinstance(exception, RecallError):
            return await self._sit_out(request)
        again = super().process_exception(request, exception)
        return await self._wait(request, again, backoff_seconds(again.meta["retry_times"])) if isinstance(again, Request) else again

    def _heed(self, response: Response, request: Request) -> None:
        """Send nothing more to a host that is overloaded, not even what the downloader has in its queue for it."""
        if response.status not in _OVERLOADED:
            return
        host, delay = _host(request), _delay(response, request.meta.get("retry_times", 0) + 1)
        self._paused_until[host] = max(self._paused_until.get(host, 0.0), time.monotonic() + delay)
        engine = self.crawler.engine
        slot = engine.downloader.slots.get(request.meta["download_slot"]) if engine is not None else None
        while slot is not None and slot.queue:
            _, answer = slot.queue.popleft()
            answer.errback(RecallError())

    async def _sit_out(self, request: Request) -> Request:
        # A little jitter, so that what waited doesn't come back all at once.
        return await self._wait(request, request.replace(dont_filter=True), self._pause_left(request) + _RANDOM.uniform(0, 0.1))

    def _pause_left(self, request: Request) -> float:
        return max(0.0, self._paused_until.get(_host(request), 0.0) - time.monotonic())

    async def _wait(self, request: Request, again: Request, delay: float) -> Request:
        if request.callback is NO_CALLBACK:  # somebody awaits the answer (robots.txt): there is one such request a host at most
            await asyncio.sleep(delay)
            return again
        self._waiting += 1
        asyncio.get_running_loop().call_later(delay, self._come_back, again)
        request.errback = None  # the copy has it; to the spider this is no failure
        raise Postponed

    def _come_back(self, request: Request) -> None:
        self._waiting -= 1
        engine = self.crawler.engine
        if engine is not None and engine.spider is not None:
            engine.crawl(request)

    def _stay_open(self) -> None:
        if self._waiting:
            raise DontCloseSpider


def backoff_seconds(tries: int) -> float:
    """Return how long to wait after `tries` failures: exponential with a cap, and "equal jitter" (half of it is random).

    After M. Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
    """
    longest: float = min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2 ** (tries - 1))
    return longest / 2 + _RANDOM.uniform(0, longest / 2)


def parse_retry_after(value: bytes | None, now: dt.datetime | None = None) -> float | None:
    """Return the seconds a Retry-After header asks for (RFC 9110, section 10.2.3: seconds or a date); None if it can't be read."""
    text = (value or b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return max(0.0, (until - (now or dt.datetime.now(dt.UTC))).total_seconds())


def _delay(response: Response, tries: int) -> float:
    asked = parse_retry_after(response.headers.get(b"Retry-After"))
    return backoff_seconds(tries) if asked is None else min(asked, MAX_RETRY_AFTER_SECONDS)


def _host(request: Request) -> str:
    return urlparse_cached(request).hostname or ""
