"""Titles, ratings and reviews from any site that publishes them as schema.org JSON-LD and allows it; the user names the site.

There are no selectors to break: what a page says of itself for search engines is read. robots.txt is obeyed, always.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit

from scrapy.http import HtmlResponse, Request, Response

from trending.cleaning.rights import is_rights_class
from trending.errors import UsageError
from trending.sources.crawl.spider import FailedItem, Item, SourceSpider
from trending.sources.crawl.spiders._answers import read_answer_time
from trending.sources.crawl.spiders._jsonld import BadBlock, Graph, read_blocks
from trending.sources.crawl.spiders._schema_records import PageRecords
from trending.sources.crawl.spiders._schema_values import read_rating, read_review, read_title

_Results = Iterator[Item | FailedItem | Request]


class Spider(SourceSpider):
    """Reads pages, and follows the links the user wants followed."""

    name = "schema_org"
    options: ClassVar[Mapping[str, Any]] = {
        "urls": [],  # the pages to begin with
        "follow": None,  # a regular expression: links to the same host that it is found in are followed; None for none
        "max_pages": 1000,
        "rights_class": "schema_org_restricted",
        "licence": "the site's own terms",
    }

    def first_requests(self) -> Iterable[Request]:
        """Ask for the pages the user named.

        Raises:
            UsageError: An option can't be read.
        """
        options = self.settings_of_source
        urls = _read_urls(options["urls"], bool(self.config.root))
        self.follow = _read_pattern(options["follow"])
        self.max_pages: int = options["max_pages"]
        if type(self.max_pages) is not int or self.max_pages < 1:
            raise UsageError(f"{self.max_pages!r} is no number of pages", where="options.max_pages", mend="use a whole number from 1")
        self.rights = {**self.rights, "rights_class": _read_rights(options["rights_class"])}
        self.asked: set[str] = set()
        self.found: set[str] = set()
        for url in urls:
            if len(self.asked) < self.max_pages:
                self.asked.add(url)
                yield self.request(url, self.parse_page)

    def parse_page(self, response: Response) -> _Results:
        """Give what a page says, and follow its links. The page is parsed once, for both."""
        if not isinstance(response, HtmlResponse):
            yield self.fail(response.url, f"no page but {(response.headers.get('Content-Type') or b'').decode('latin-1') or 'something else'}")
            return
        tree = response.selector.root
        blocks = []
        for block in read_blocks(tree):
            if isinstance(block, BadBlock):
                yield self.fail(response.url, block.reason, block.text)
            else:
                blocks.append(block)
        if blocks:
            yield from self._give(PageRecords(Graph(blocks), response.url), response)
        if self.follow is not None and (self.config.limit is None or len(self.found) < self.config.limit):
            yield from self._follow(tree, response)

    def _give(self, page: PageRecords, response: Response) -> Iterator[Item | FailedItem]:
        url = response.url
        yesterday = read_answer_time(response).date() - dt.timedelta(days=1)
        licence = {"data_licence": f"{self.settings_of_source['licence']} ({urlsplit(url).hostname})"}
        ratings = {found.source_id: found.node for found in page.ratings()}
        titles = list(page.titles())
        self.found.update(one.source_id for one in titles)
        yield from self.parse_records("title", titles, lambda one: {**licence, **read_title(one.source_id, one.node, url, ratings.get(one.source_id))}, url)
        yield from self.parse_records("signal", page.ratings(), lambda one: {**licence, **read_rating(one.source_id, one.node, yesterday)}, url)
        yield from self.parse_records("review", page.reviews(), lambda one: {**licence, **read_review(one.source_id, one.node, url)}, url)
        yield from self.parse_records("review", page.strays, _refuse_stray, url)

    def _follow(self, tree: Any, response: HtmlResponse) -> Iterator[Request]:
        here = urlsplit(response.url).netloc
        base = response.urljoin("")
        hrefs = dict.fromkeys(link.get("href", "").split("#")[0].strip() for link in tree.iter("a"))
        for href in hrefs:
            try:
                url = urljoin(base, href)
                is_here = urlsplit(url).netloc == here
            except ValueError:
                continue
            if is_here and url not in self.asked and self.follow is not None and self.follow.search(url):
                if len(self.asked) >= self.max_pages:
                    return
                self.asked.add(url)
                yield self.request(url, self.parse_page)


def _refuse_stray(_node: Mapping[str, Any]) -> Mapping[str, Any]:
    raise ValueError("a review that doesn't say what it is about")


def _read_urls(value: Any, is_rooted: bool) -> list[str]:
    is_list = isinstance(value, list | tuple) and bool(value)
    if not is_list or not all(isinstance(one, str) and re.match(r"https?://[^/]" if not is_rooted else r"https?://[^/]|/", one) for one in value):
        raise UsageError(f"{value!r} names no pages", where="options.urls", mend='write a list such as ["https://example.org/films/"]')
    return list(dict.fromkeys(value))


def _read_pattern(value: Any) -> re.Pattern[str] | None:
    try:
        return None if value is None else re.compile(value)
    except (re.error, TypeError) as error:
        raise UsageError(f"{value!r} is no regular expression: {error}", where="options.follow", mend="write one such as /film/") from error


def _read_rights(value: Any) -> str:
    if not (isinstance(value, str) and is_rights_class(value)):
        raise UsageError(f"{value!r} is no rights class", where="options.rights_class", mend="use open_*, unclear, *_restricted or *_derived")
    return value
