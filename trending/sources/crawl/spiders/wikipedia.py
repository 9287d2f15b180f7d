"""Films and shows of English Wikipedia by category, and how often their articles are read.

The Action API gives members of a category with their leads, 20 a request; Wikimedia's pageviews API gives daily views, an article a request. Views are
kept as days, for `trending.trends.series` takes the median day of a week: one wild day then changes little.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from scrapy.http import Request, Response
from scrapy.settings import BaseSettings

from trending.errors import UsageError
from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.spider import FailedItem, Item, SourceSpider
from trending.sources.crawl.spiders._answers import read_number, reads_object
from trending.sources.crawl.spiders._mediawiki import LagIsUnavailable
from trending.sources.crawl.spiders._wikipedia_pages import read_page

_PREFIX = "Category:"
_HOST, _VIEWS_HOST = "en.wikipedia.org", "wikimedia.org"
_VIEWS_PATH = "api/rest_v1/metrics/pageviews/per-article/en.wikipedia/all-access/user"
_BATCH = 20  # the most leads the API gives at a time
_NEXT_TO_DOWNLOADER = 950  # Scrapy's cache is at 900
_MAX_DAYS = 366
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_QUERY = {
    "action": "query",
    "format": "json",
    "formatversion": "2",
    "maxlag": "5",
    "curtimestamp": "1",
    "generator": "categorymembers",
    "gcmlimit": str(_BATCH),
    "prop": "extracts|pageprops|info|categories",
    "exintro": "1",
    "explaintext": "1",
    "exlimit": str(_BATCH),
    "ppprop": "wikibase_item|disambiguation",
    "inprop": "url",
    "clshow": "!hidden",
    "cllimit": "max",
}
Pages = dict[str, dict[str, Any]]
_Results = Iterator[Item | FailedItem | Request]


class Spider(SourceSpider):
    """Walks categories, and asks for the views of each film or show found."""

    name = "wikipedia"
    options: ClassVar[Mapping[str, Any]] = {
        "categories": ["{year} films", "{year} American television series debuts"],  # {year} is this year
        "depth": 0,  # how far to follow subcategories
        "pageviews_days": 30,  # 0 for none
        "pageviews_url": None,  # needed where base_url is neither Wikipedia's nor a recording beside which wikimedia.org lies
        "under_api_policy": False,  # follow Wikimedia's rules for its APIs rather than robots.txt, which closes them to robots: see docs/sources.md
    }

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Have answers that mean "not now" retried like any such."""
        super().update_settings(settings)
        # With a spider's priority, or the process's own settings, which Scrapy applies once more afterwards, would undo it.
        settings.set("DOWNLOADER_MIDDLEWARES", {**settings.getdict("DOWNLOADER_MIDDLEWARES"), LagIsUnavailable: _NEXT_TO_DOWNLOADER}, "spider")

    def first_requests(self) -> Iterable[Request]:
        """Ask for the first members of each category.

        Raises:
            UsageError: An option, or the time since when, can't be read.
        """
        options, since = self.settings_of_source, self.config.since
        categories = _read_categories(options["categories"])
        self.depth = _read_count("depth", options["depth"], 5)
        self.days = _read_count("pageviews_days", options["pageviews_days"], _MAX_DAYS)
        self.views_root = _find_views_root(self.config, options["pageviews_url"]) if self.days else ""
        self.meta = {"dont_obey_robotstxt": True} if options["under_api_policy"] is True else {}
        if since is not None and not _TIME.fullmatch(since):
            raise UsageError(f"{since!r} is no time", where="since", mend="write it like 2026-01-31T00:00:00Z")
        self.seen: set[int] = set()
        for category in categories:
            yield self._ask_members(category, 0, {}, {})

    @reads_object
    def parse_members(self, response: Response, answer: dict[str, Any], category: str, depth: int, partial: Pages) -> _Results:
        """Give titles, ask for their views, and go on to the next members and the subcategories.

        Args:
            response: Where the answer stands.
            answer: Some properties of some members; the API may need several answers for all properties of one batch.
            category: Its name without "Category:".
            depth: How many categories lie above it.
            partial: The pages of this batch as the answers before this one gave them.
        """
        if "error" in answer:
            error = answer["error"] if isinstance(answer["error"], dict) else {}
            yield self.fail(response.url, f"MediaWiki error {error.get('code')}: {error.get('info')}", answer)
            return
        query = answer.get("query")
        pages = _merge(partial, query.get("pages") if isinstance(query, dict) else None)
        now = answer.get("curtimestamp") or dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        # When the crawl began, by the server's clock: what is changed while it runs is read again next time.
        # A crawl cut short by its limit has passed over articles, which the next one must still ask for.
        self.watermark = min(now, self.watermark or now) if self.config.limit is None else None
        more = answer["continue"] if isinstance(answer.get("continue"), dict) else None
        if not pages and more is None:
            yield self.fail(response.url, f"the category {category!r} has no members: is it named so?")
        if more is not None and not answer.get("batchcomplete"):
            yield self._ask_members(category, depth, more, pages)
            return
        for page in pages.values():
            yield from self._parse_page(page, depth, now, response.url)
        if more is not None and not self._has_enough():
            yield self._ask_members(category, depth, more, {})

    def parse_views(self, response: Response, source_id: str) -> _Results:
        """Give an article's daily views; one that nobody has read yet is answered with 404 and has none."""
        if response.status != 404:
            yield from self._parse_days(response, source_id)

    def _has_enough(self) -> bool:
        return self.config.limit is not None and len(self.seen) >= self.config.limit

    def _parse_page(self, page: dict[str, Any], depth: int, now: str, url: str) -> _Results:
        if page.get("ns") == 14:
            if depth < self.depth and not self._has_enough():
                yield self._ask_members(page["title"].removeprefix(_PREFIX), depth + 1, {}, {})
            return
        if page.get("redirect") or page.get("pageid") in self.seen or self._has_enough():
            return
        if self.config.since is None or str(page.get("touched")) > self.config.since:
            yield from self.parse_records("title", [page], read_page, url)
        try:
            source_id = read_page(page)["source_id"]
        except (KeyError, TypeError, ValueError, AttributeError):
            return
        self.seen.add(page["pageid"])
        if self.days:
            yield self._ask_views(page["title"], source_id, dt.date.fromisoformat(now[:10]))

    @reads_object
    def _parse_days(self, response: Response, answer: dict[str, Any], source_id: str) -> _Results:
        yield from self.parse_records("signal", answer.get("items") or [], lambda raw: _read_views(source_id, raw), response.url)

    def _ask_members(self, category: str, depth: int, continued: Mapping[str, Any], partial: Pages) -> Request:
        kinds = {"gcmtype": "page|subcat", "gcmnamespace": "0|14"} if depth < self.depth else {"gcmtype": "page", "gcmnamespace": "0"}
        query = urlencode({**_QUERY, **kinds, "gcmtitle": _PREFIX + category, **continued})
        # Nearer categories come first, so that each is reached by its shortest way and followed as deep as it may be.
        return self.request(
            f"w/api.php?{query}",
            self.parse_members,
            priority=-depth,
            meta=dict(self.meta),
            cb_kwargs={"category": category, "depth": depth, "partial": partial},
        )

    def _ask_views(self, name: str, source_id: str, today: dt.date) -> Request:
        first, last = today - dt.timedelta(days=self.days), today - dt.timedelta(days=1)
        article = quote(name.replace(" ", "_"), safe="")
        url = f"{self.views_root}/{_VIEWS_PATH}/{article}/daily/{first:%Y%m%d}/{last:%Y%m%d}"
        return self.request(url, self.parse_views, cb_kwargs={"source_id": source_id}, meta={**self.meta, "handle_httpstatus_list": [404]})


def _merge(partial: Pages, pages: Any) -> Pages:
    """Return the pages of a batch with what another answer adds to them: lists grow, anything else is given once."""
    merged = {name: dict(page) for name, page in partial.items()}
    for page in pages if isinstance(pages, list) else []:
        known = merged.setdefault(str(page.get("title")), {}) if isinstance(page, dict) else {}
        for key, value in page.items() if isinstance(page, dict) else ():
            known[key] = known[key] + value if isinstance(value, list) and isinstance(known.get(key), list) else value
    return merged


def _read_views(source_id: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    if raw["granularity"] != "daily":
        raise ValueError(f"granularity {raw['granularity']!r} is not daily")
    return {
        "title_source_id": source_id,
        "kind": "views",
        "market": "global",
        "value": read_number(raw["views"]),
        "period_start": dt.datetime.strptime(raw["timestamp"], "%Y%m%d00").replace(tzinfo=dt.UTC).date().isoformat(),
        "days": 1,
        # Wikimedia gives its statistics away, unlike its texts.
        "data_licence": "CC0 1.0 (Wikimedia)",
        "rights_class": "open_cc0",
    }


def _read_categories(value: Any) -> list[str]:
    if not (isinstance(value, list | tuple) and value and all(isinstance(one, str) and one.strip() for one in value)):
        raise UsageError(f"{value!r} is no list of categories", where="options.categories", mend='write ["2026 films"], or ["{year} films"] for this year')
    year = str(dt.datetime.now(dt.UTC).year)
    return [one.strip().removeprefix(_PREFIX).replace("{year}", year) for one in value]


def _read_count(name: str, value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise UsageError(f"{value!r} is no number from 0 to {most}", where=f"options.{name}", mend="see docs/sources.md")
    return value


def _find_views_root(config: CrawlConfig, asked: Any) -> str:
    if isinstance(asked, str) and re.fullmatch(r"https?://\S+", asked):
        return asked.rstrip("/")
    if asked is not None:
        raise UsageError(f"{asked!r} is no web address", where="options.pageviews_url", mend=f"write it like https://{_VIEWS_HOST}")
    if _HOST not in config.root:
        raise UsageError(
            "where the pageviews of this base_url are isn't known", where="options.pageviews_url", mend="set it, or pageviews_days to 0 to do without"
        )
    # A recording keeps hosts side by side: .../en.wikipedia.org and .../wikimedia.org.
    return config.root.replace(_HOST, _VIEWS_HOST)
