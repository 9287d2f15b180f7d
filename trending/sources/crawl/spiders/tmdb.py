"""TMDB's trending films and shows with their details and reviews, by the user's own key.

TMDB's terms bind whoever owns the key (see docs/sources.md): no learning from the data, no copies kept beyond six months. Every record therefore
carries `tmdb_restricted`.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Request, Response

from trending.errors import UsageError
from trending.sources.crawl.spider import FailedItem, Item, SourceSpider
from trending.sources.crawl.spiders._answers import read_answer_time, read_number, reads_object

_SITE = "https://www.themoviedb.org"
_TYPES = ("movie", "tv")
_DAYS = {"day": 1, "week": 7}
_PAGE_SIZE = 20
_MAX_PAGES = 500
_V3_KEY = re.compile(r"[0-9a-f]{32}")
_Results = Iterator[Item | FailedItem | Request]


class Spider(SourceSpider):
    """Trending lists, then the details and reviews of what they list."""

    name = "tmdb"
    options: ClassVar[Mapping[str, Any]] = {
        "types": ["movie", "tv"],
        "window": "week",  # or "day"
        "pages": 5,  # of each list, 20 titles a page
        "review_pages": 1,  # of each title; 0 for none
        "language": "en-US",  # of titles and plots
    }

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Have requests signed while they are in the downloader, and only there."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.sign, signals.request_reached_downloader)
        crawler.signals.connect(spider.unsign, signals.request_left_downloader)
        return spider

    def sign(self, request: Request) -> None:
        """Add the key to a request that is about to be sent: a queue or a cache on disk has never seen it."""
        if request.url.startswith(f"{self.config.root}/3/"):
            request.headers["Authorization"] = f"Bearer {_check_key(self.key)}"

    def unsign(self, request: Request) -> None:
        """Take the key off again."""
        request.headers.pop("Authorization", None)

    def first_requests(self) -> Iterable[Request]:
        """Ask for the first page of each list.

        Raises:
            UsageError: There is no key or one of the wrong sort, or an option can't be read.
        """
        _check_key(self.key)
        options = _check_options(self.settings_of_source)
        self.types: list[str] = options["types"]
        self.window: str = options["window"]
        self.pages: int = options["pages"]
        self.review_pages: int = options["review_pages"]
        self.language: str = options["language"]
        # A share of the limit for each list, so that what is asked for doesn't depend on which answer comes first.
        self.most = math.inf if self.config.limit is None else math.ceil(self.config.limit / len(self.types))
        for kind in self.types:
            yield self._ask_list(kind, 1)

    @reads_object
    def parse_list(self, response: Response, answer: dict[str, Any], kind: str, page: int) -> _Results:
        """Give a rank for each listed title, and ask for its details, its reviews and the next page."""
        results = answer.get("results")
        if not isinstance(results, list):
            yield self.fail(response.url, "the list has no results", answer)
            return
        today = read_answer_time(response).date()
        # The next crawl reads the lists anew, whatever this says: they have no past.
        self.watermark = max(today.isoformat(), self.watermark or "")
        first = (page - 1) * _PAGE_SIZE + 1
        listed = [(rank, entry) for rank, entry in enumerate(results, first) if rank <= self.most]
        yield from self.parse_records("signal", listed, lambda ranked: self._read_rank(kind, ranked, today), response.url)
        for _, entry in listed:
            if isinstance(entry, dict) and type(entry.get("id")) is int:
                yield from self._ask_title(kind, entry["id"])
        if page < min(self.pages, _count_pages(answer)) and first + _PAGE_SIZE <= self.most:
            yield self._ask_list(kind, page + 1)

    @reads_object
    def parse_details(self, response: Response, answer: dict[str, Any], kind: str) -> _Results:
        """Give a title, and its mean rating as a signal."""
        yield from self.parse_records("title", [answer], lambda raw: _read_title(kind, raw), response.url)
        if answer.get("vote_count"):
            yesterday = read_answer_time(response).date() - dt.timedelta(days=1)
            yield from self.parse_records("signal", [answer], lambda raw: _read_rating(kind, raw, yesterday), response.url)

    @reads_object
    def parse_reviews(self, response: Response, answer: dict[str, Any], kind: str, number: int, page: int) -> _Results:
        """Give the reviews of a page, and ask for the next."""
        results = answer.get("results")
        if not isinstance(results, list):
            yield self.fail(response.url, "the page has no results", answer)
            return
        yield from self.parse_records("review", results, lambda raw: _read_review(kind, number, raw), response.url)
        if page < min(self.review_pages, _count_pages(answer)):
            yield self._ask_reviews(kind, number, page + 1)

    def _ask_list(self, kind: str, page: int) -> Request:
        query = urlencode({"language": self.language, "page": page})
        return self.request(f"3/trending/{kind}/{self.window}?{query}", self.parse_list, cb_kwargs={"kind": kind, "page": page})

    def _ask_title(self, kind: str, number: int) -> Iterator[Request]:
        query = urlencode({"append_to_response": "external_ids", "language": self.language})
        yield self.request(f"3/{kind}/{number}?{query}", self.parse_details, cb_kwargs={"kind": kind})
        if self.review_pages:
            yield self._ask_reviews(kind, number, 1)

    def _ask_reviews(self, kind: str, number: int, page: int) -> Request:
        # Without a language: reviews in any are wanted.
        return self.request(f"3/{kind}/{number}/reviews?page={page}", self.parse_reviews, cb_kwargs={"kind": kind, "number": number, "page": page})

    def _read_rank(self, kind: str, ranked: tuple[int, Mapping[str, Any]], today: dt.date) -> dict[str, Any]:
        rank, entry = ranked
        days = _DAYS[self.window]
        start = today - dt.timedelta(days=days)
        return {
            "title_source_id": _source_id(kind, entry["id"]),
            "kind": "rank",
            "market": "global",
            "value": float(rank),
            "period_start": start.isoformat(),
            "days": days,
        }


def _source_id(kind: str, number: Any) -> str:
    if type(number) is not int:
        raise TypeError(f"id {str(number)[:50]!r} is no number")
    return f"{kind}-{number}"  # films and shows are numbered apart


def _read_title(kind: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    is_movie = kind == "movie"
    released = raw.get("release_date" if is_movie else "first_air_date") or None
    outside = raw.get("external_ids") or {}
    imdb = outside.get("imdb_id") or raw.get("imdb_id") or None
    votes = int(read_number(raw.get("vote_count") or 0))
    title = raw["title" if is_movie else "name"]
    if not isinstance(title, str) or not title.strip():
        raise ValueError("no title")
    ids = {f"tmdb_{kind}": raw["id"], "imdb": imdb, "wikidata": outside.get("wikidata_id"), "thetvdb": outside.get("tvdb_id")}
    return {
        "title": title,
        "type": kind,
        "year": int(released[:4]) if released else None,
        "plot": raw.get("overview") or None,
        "genres": [genre["name"] for genre in raw.get("genres") or []],
        "rating": raw.get("vote_average") if votes else None,
        "votes": votes,
        "popularity": raw.get("popularity"),
        "language": raw.get("original_language"),
        "country": ", ".join(raw.get("origin_country") or []) or None,
        "release_date": released,
        "source_id": _source_id(kind, raw["id"]),
        "imdb_id": imdb,
        "ids": {scheme: str(value) for scheme, value in ids.items() if value},
        "url": f"{_SITE}/{kind}/{raw['id']}",
    }


def _read_rating(kind: str, raw: Mapping[str, Any], day: dt.date) -> dict[str, Any]:
    value = read_number(raw["vote_average"])
    if value > 10:
        raise ValueError(f"vote_average {value:g} is above 10")
    return {
        "title_source_id": _source_id(kind, raw["id"]),
        "kind": "rating",
        "market": "global",
        "value": value,
        "weight": read_number(raw["vote_count"]),
        "period_start": day.isoformat(),
        "days": 1,
    }


def _read_review(kind: str, number: int, raw: Mapping[str, Any]) -> dict[str, Any]:
    details = raw.get("author_details") or {}
    text = raw["content"]
    if not isinstance(text, str) or not text.strip():
        raise ValueError("no text")
    return {
        "source_review_id": str(raw["id"]),
        "title_source_id": _source_id(kind, number),
        "text": text,
        "rating": details.get("rating"),
        "best_rating": 10,
        "worst_rating": 0,
        "author": details.get("username") or raw.get("author"),
        "review_date": raw.get("created_at"),
        "url": raw.get("url"),
    }


def _count_pages(answer: Mapping[str, Any]) -> int:
    pages = answer.get("total_pages")
    return pages if isinstance(pages, int) else 1


def _check_key(key: str | None) -> str:
    if key is None or not key.strip():
        raise UsageError("TMDB is asked with your own key", where="tmdb", mend="get an API Read Access Token at themoviedb.org/settings/api")
    if _V3_KEY.fullmatch(key.strip()):
        # It could only travel in addresses, which are logged and kept.
        raise UsageError("this is a v3 API key", where="tmdb", mend="use the API Read Access Token that stands beside it at themoviedb.org/settings/api")
    if not re.fullmatch(r"[!-~]+", key.strip()):
        raise UsageError("the key has characters that no TMDB token has", where="tmdb", mend="copy it again from themoviedb.org/settings/api")
    return key.strip()


def _check_options(options: Mapping[str, Any]) -> dict[str, Any]:
    types, window, pages, reviews = (options[name] for name in ("types", "window", "pages", "review_pages"))
    wrong = {
        "types": not (isinstance(types, list | tuple) and types and all(one in _TYPES for one in types)),
        "window": window not in tuple(_DAYS),
        "pages": not (type(pages) is int and 1 <= pages <= _MAX_PAGES),
        "review_pages": not (type(reviews) is int and 0 <= reviews <= _MAX_PAGES),
        "language": not (isinstance(options["language"], str) and re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", options["language"])),
    }
    for name, is_wrong in wrong.items():
        if is_wrong:
            raise UsageError(f"{options[name]!r} is no {name} of TMDB's lists", where=f"options.{name}", mend="see docs/sources.md")
    return dict(options)
