"""Counts every answer that reaches a spider: it ends as parsed, or as failed with its reason, even if the spider itself breaks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Request, Response

from trending.sources.crawl.spider import FailedItem, SourceSpider
from trending.sources.crawl.store import JobCache

START_ERROR = "crawl/start_error"


class ResponseAccounting:
    """Spider middleware around every callback."""

    def __init__(self, crawler: Crawler) -> None:
        """Keep the crawler: spider, statistics and store hang on it."""
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make it, as Scrapy does."""
        return cls(crawler)

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Note why a crawl couldn't begin; the engine raises it in the parent process."""
        try:
            async for one in start:
                yield one
        except Exception as error:
            self._stats.set_value(START_ERROR, (type(error).__name__, str(error)))
            raise

    def process_spider_output(self, response: Response, result: Iterable[Any]) -> Iterator[Any]:
        """Pass on what a callback yields, and account for its answer."""
        seen = _Seen()
        try:
            for one in result:
                seen.note(one)
                yield one
        except CloseSpider:
            raise
        except Exception as error:
            yield self._fail(response, error, seen)
        self._close(response, seen)

    async def process_spider_output_async(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Do the same for callbacks that are asynchronous."""
        seen = _Seen()
        try:
            async for one in result:
                seen.note(one)
                yield one
        except CloseSpider:
            raise
        except Exception as error:
            yield self._fail(response, error, seen)
        self._close(response, seen)

    def process_spider_exception(self, response: Response, exception: Exception) -> list[FailedItem] | None:
        """Account for a callback that broke before it yielded anything."""
        return None if isinstance(exception, CloseSpider) else [self._fail(response, exception, _Seen())]

    def _fail(self, response: Response, error: Exception, seen: _Seen) -> FailedItem:
        seen.failed = True
        spider = self._crawler.spider
        if not isinstance(spider, SourceSpider):
            raise TypeError(f"{type(spider).__name__} is no SourceSpider") from error
        spider.logger.error("The callback broke on %s", response.url, exc_info=error)
        return spider.fail(response.url, f"{type(error).__name__}: {error}")

    def _close(self, response: Response, seen: _Seen) -> None:
        if not seen.failed:
            self._stats.inc_value("records/response/fetched")
            self._stats.inc_value("records/response/parsed")
        # What can't be read is asked for anew by the next crawl; who wrote a review is known to the store only while the job runs.
        if (seen.failed or seen.personal) and isinstance(response.request, Request):
            cache = self._crawler.get_downloader_middleware(JobCache)
            if isinstance(cache, JobCache):
                cache.storage.drop_after_job(response.request)

    @property
    def _stats(self) -> Any:
        return self._crawler.stats


class _Seen:
    """What one callback yielded, as far as accounting goes."""

    def __init__(self) -> None:
        self.failed = self.personal = False

    def note(self, one: Any) -> None:
        if isinstance(one, dict):
            self.failed |= one.get("kind") == "response"
            self.personal |= one.get("kind") == "review"
