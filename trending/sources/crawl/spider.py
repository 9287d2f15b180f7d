"""What every spider shares: each thing a source hands over is counted as fetched, and ends as parsed or as failed with its reason.

A spider's callbacks yield `Item`s and requests. Writing, politeness, retries, caching and resuming happen around it (`worker`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, TypedDict

import orjson
import scrapy
from scrapy.http import Request, Response, TextResponse
from twisted.python.failure import Failure

from trending.sources.crawl.config import CrawlConfig

_MAX_EVIDENCE_CHARS = 2_000


class Item(TypedDict):
    """One parsed record; `kind` is title, review or signal."""

    kind: str
    record: dict[str, Any]


class FailedItem(TypedDict):
    """One thing that could not be parsed, kept so that nothing is lost: where it stood, why it failed, and what it was."""

    kind: str
    url: str
    reason: str
    evidence: str


class SourceSpider(scrapy.Spider):
    """Base of the spiders.

    A subclass sets `name`, yields its first requests from `first_requests`, and in its callbacks hands what it finds to `parse_records`.
    Anything a callback can't read goes to `fail`; a request that never succeeds does so by itself.
    """

    # Options this source understands, with their defaults; anything else in `CrawlConfig.options` is refused by the engine.
    options: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, config: CrawlConfig, key: str | None = None) -> None:
        """Take the crawl's configuration, and the source's API key if it needs one."""
        super().__init__()
        self.config = config
        self.key = key
        self.settings_of_source: dict[str, Any] = {**self.options, **config.options}
        # The constants every record of the source carries.
        self.rights = {
            "source": config.source,
            "data_licence": f"{config.known.licence} ({config.known.attribution})",
            "rights_class": config.known.rights_class,
        }
        # Where the next crawl may begin; a spider sets it from what it saw. None leaves it where it was.
        self.watermark: str | None = None

    def first_requests(self) -> Iterable[Request]:
        """Yield the requests a crawl starts with."""
        raise RuntimeError(f"{type(self).__name__} has no first_requests")

    async def start(self) -> AsyncIterator[Any]:
        """Yield the first requests; called by Scrapy."""
        for request in self.first_requests():
            yield request

    def request(self, path_or_url: str, callback: Callable[..., Any], **kwargs: Any) -> Request:
        """Return a request for a path below the source's address, or for a whole address; failures are accounted for."""
        url = path_or_url if "://" in path_or_url else f"{self.config.root}/{path_or_url.lstrip('/')}"
        return Request(url, callback=callback, errback=self.fail_request, **kwargs)

    def parse_records(self, kind: str, raws: Iterable[Any], parse: Callable[[Any], Mapping[str, Any]], url: str) -> Iterator[Item | FailedItem]:
        """Parse what an answer holds, one by one: what fails doesn't take the others with it.

        Args:
            kind: title, review or signal.
            raws: As the source wrote them.
            parse: Makes one record; raises KeyError, TypeError, ValueError or AttributeError on what it can't read.
            url: Where they stood.
        """
        stats = self._stats()
        for raw in raws:
            stats.inc_value(f"records/{kind}/fetched")
            try:
                record = dict(parse(raw))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                stats.inc_value(f"records/{kind}/failed")
                yield FailedItem(kind=kind, url=url, reason=f"{type(error).__name__}: {error}"[:300], evidence=_excerpt(raw))
                continue
            stats.inc_value(f"records/{kind}/parsed")
            yield Item(kind=kind, record={**self.rights, **record})

    def fail(self, url: str, reason: str, evidence: Any = "") -> FailedItem:
        """Account for an answer that can't be read at all: one thing fetched, one failed."""
        stats = self._stats()
        stats.inc_value("records/response/fetched")
        stats.inc_value("records/response/failed")
        return FailedItem(kind="response", url=url, reason=reason[:300], evidence=_excerpt(evidence))

    def fail_request(self, failure: Failure) -> Iterator[FailedItem]:
        """Account for a request that got no usable answer; the errback of every request."""
        request: Any = getattr(failure, "request", None)
        response: Any = getattr(failure.value, "response", None)
        reason = f"HTTP {response.status}" if response is not None else f"{type(failure.value).__name__}: {failure.getErrorMessage()}"
        yield self.fail(request.url if request is not None else "", reason)

    def read_json(self, response: Response) -> Any:
        """Return the answer's JSON.

        Raises:
            ValueError: If it is none (cut short, another format).
        """
        return orjson.loads(response.body if not isinstance(response, TextResponse) or response.encoding in ("utf-8", "ascii") else response.text)

    def _stats(self) -> Any:
        return self.crawler.stats


def _excerpt(raw: Any) -> str:
    text = raw if isinstance(raw, str) else orjson.dumps(raw, default=str).decode()
    return text[:_MAX_EVIDENCE_CHARS]
