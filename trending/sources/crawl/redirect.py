"""Redirects that lead back to where they began are failures; Scrapy's filter of duplicates would drop them without a word."""

from __future__ import annotations

from scrapy import Spider
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response


class AccountedRedirect(RedirectMiddleware):
    """Scrapy's redirects, with circles refused."""

    def process_response(self, request: Request, response: Response, spider: Spider | None = None) -> Request | Response:
        """Follow a redirect, unless its target has been asked for on the way here."""
        answer = super().process_response(request, response)
        if isinstance(answer, Request) and answer.url in answer.meta.get("redirect_urls", ()):
            raise IgnoreRequest(f"redirected in a circle, by {answer.url}")
        return answer
