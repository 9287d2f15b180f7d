"""MediaWiki's way to say "not now": an answer with status 200 and an error inside, which is turned into the 503 that it means."""

from __future__ import annotations

from scrapy.http import Request, Response

_NOT_NOW = frozenset({b"maxlag", b"ratelimited", b"readonly"})


class LagIsUnavailable:
    """A downloader middleware that must stand between the downloader and the cache: what is behind it waits, retries, and stores nothing.

    https://www.mediawiki.org/wiki/Manual:Maxlag_parameter: the answer comes with `MediaWiki-API-Error` and `Retry-After`.
    """

    def process_response(self, request: Request, response: Response) -> Response:
        """Return the answer, as unavailable if it is none."""
        return response.replace(status=503) if response.headers.get("MediaWiki-API-Error") in _NOT_NOW else response
