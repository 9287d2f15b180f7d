"""robots.txt, obeyed always; where it can't be read, nothing is fetched (RFC 9309, section 2.3.1)."""

from __future__ import annotations

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.utils.httpobj import urlparse_cached


class StrictRobots(RobotsTxtMiddleware):
    """Scrapy's middleware allows everything where robots.txt can't be had, and reads an error page as if it were rules."""

    def __init__(self, crawler: Crawler) -> None:
        """Begin knowing nothing of any host."""
        super().__init__(crawler)
        self._unavailable: dict[str, str] = {}  # host and port -> why

    async def process_request(self, request: Request) -> None:  # type: ignore[override]
        """Refuse what robots.txt forbids, saying why."""
        await super().process_request(request)
        why = None if request.meta.get("dont_obey_robotstxt") else self._unavailable.get(urlparse_cached(request).netloc)
        if why is not None:
            raise IgnoreRequest(f"robots.txt can't be read: {why}")

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500 or response.status == 429:
            self._unavailable[netloc] = f"HTTP {response.status}"
        # Any other answer but a good one means that there is none.
        rules = response if response.status == 200 else response.replace(body=b"")
        await super()._parse_robots(rules, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        if not isinstance(exc, IgnoreRequest):
            self._unavailable[netloc] = f"{type(exc).__name__}: {exc}"
        super()._robots_error(exc, netloc)
