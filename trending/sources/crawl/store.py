"""Scrapy's HTTP cache on the response store: an answer this job has got is never asked for again, an older one is revalidated.

Scrapy's own way to resume (`JOBDIR`) writes its queue's index only on a graceful end, so a killed crawl would start over. Here the answers
themselves are kept, and a resumed job reads them again in no time, which ends in the same records.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scrapy import Spider
from scrapy.downloadermiddlewares.httpcache import HttpCacheMiddleware
from scrapy.http import Headers, Request, Response
from scrapy.responsetypes import responsetypes
from scrapy.settings import BaseSettings

from trending.sources.crawl.responses import ResponseTable

# Answers that are final: asking again would bring the same. Refusals (401, 403), 429 and 5xx may pass.
FINAL_STATUSES = frozenset({200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 410})
_VALIDATORS = {b"ETag": b"If-None-Match", b"Last-Modified": b"If-Modified-Since"}
_JOB = "stored_by_job"


class JobStorage:
    """`HTTPCACHE_STORAGE`: bodies are stored as they came over the wire, compressed where the server compressed them."""

    def __init__(self, settings: BaseSettings) -> None:
        """Remember where the store is (`CRAWL_STORE`) and which job this is (`CRAWL_JOB`)."""
        self._path, self.job = Path(settings["CRAWL_STORE"]), str(settings["CRAWL_JOB"])

    def open_spider(self, spider: Spider) -> None:
        """Open the store."""
        self._table = ResponseTable(self._path)
        self._fingerprint: Any = getattr(spider.crawler.request_fingerprinter, "fingerprint")  # noqa: B009

    def close_spider(self, spider: Spider) -> None:
        """Close the store."""
        self._table.close()

    def retrieve_response(self, spider: Spider, request: Request) -> Response | None:
        """Return the stored answer to a request."""
        found = self._table.get(self._fingerprint(request))
        if found is None:
            return None
        request.meta[_JOB] = found.job
        headers = Headers(found.headers)
        kind = responsetypes.from_args(headers=headers, url=found.url, body=found.body)
        return kind(url=found.url, status=found.status, headers=headers, body=found.body)

    def store_response(self, spider: Spider, request: Request, response: Response) -> None:
        """Store an answer; only what can be revalidated, and may be stored at all, outlives the job."""
        headers = {name.decode("latin-1"): [value.decode("latin-1") for value in values] for name, values in response.headers.items()}
        key = self._fingerprint(request)
        self._table.put(key, self.job, response.url, response.status, headers, response.body)
        if not any(name in response.headers for name in _VALIDATORS) or b"no-store" in (response.headers.get(b"Cache-Control") or b""):
            self._table.drop_after_job(key)

    def drop_after_job(self, request: Request) -> None:
        """Let the answer to a request not outlive the job."""
        self._table.drop_after_job(self._fingerprint(request))


class JobPolicy:
    """`HTTPCACHE_POLICY`: what is stored, and when it is served without asking."""

    def __init__(self, settings: BaseSettings) -> None:
        """Remember which job this is."""
        self._job = str(settings["CRAWL_JOB"])

    def should_cache_request(self, request: Request) -> bool:
        """Only GETs are safe to answer from a store."""
        return request.method == "GET"

    def should_cache_response(self, response: Response, request: Request) -> bool:
        """Keep final answers."""
        return response.status in FINAL_STATUSES

    def is_cached_response_fresh(self, cachedresponse: Response, request: Request) -> bool:
        """Serve this job's own answers; make the request conditional for older ones, whatever age the server would allow them."""
        if request.meta.get(_JOB) == self._job:
            return True
        for validator, condition in _VALIDATORS.items():
            if validator in cachedresponse.headers:
                request.headers[condition] = cachedresponse.headers[validator]
        return False

    def is_cached_response_valid(self, cachedresponse: Response, response: Response, request: Request) -> bool:
        """Trust the stored answer only if the server says so: an error isn't "not modified"."""
        return response.status == 304


class JobCache(HttpCacheMiddleware):
    """The cache middleware, without its two ways of passing off an old answer for a new one."""

    storage: JobStorage

    def process_request(self, request: Request, spider: Spider | None = None) -> Request | Response | None:
        """Answer from the store, or make the request conditional; a redirect brings no conditions of another address along."""
        for condition in _VALIDATORS.values():
            request.headers.pop(condition, None)
        return super().process_request(request)

    def process_response(self, request: Request, response: Response, spider: Spider | None = None) -> Request | Response:
        """Store what came."""
        return super().process_response(request, response)

    def process_exception(self, request: Request, exception: Exception, spider: Spider | None = None) -> None:
        """Leave a failed download to the retries."""
        request.meta.pop("cached_response", None)
