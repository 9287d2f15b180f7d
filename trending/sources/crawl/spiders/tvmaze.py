"""TVmaze: TV shows from its open API (https://www.tvmaze.com/api, CC BY-SA 4.0), all of them once and then what was updated.

The full index is cached by TVmaze for up to 24 hours, page by page. So a full crawl asks for the day's updates first, and gets each show
that the index has an old version of, or not yet, by itself; and the watermark is that of the updates, not of the index.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from scrapy.http import Request, Response
from twisted.python.failure import Failure

from trending.errors import UsageError
from trending.sources.crawl.spider import FailedItem, Item, SourceSpider
from trending.sources.crawl.spiders._answers import read_answer_time

PAGE_IDS = 250  # page N of the index holds the shows with ids from 250 N on; deletions leave gaps
_PERIODS = {"day": 86_400, "week": 7 * 86_400, "month": 28 * 86_400}
_MARGIN = 3_600  # seconds: clocks differ, and the list of updates is cached for a while
_MISSING_IS_AN_ANSWER = {"handle_httpstatus_list": [404]}
_Found = Iterator[Item | FailedItem | Request]


class Spider(SourceSpider):
    """Shows as title records."""

    name = "tvmaze"
    # The country whose broadcasts of `schedule_date` (today if None) are read too, for shows so new that the index lacks them.
    options: ClassVar[Mapping[str, Any]] = {"schedule_country": None, "schedule_date": None}

    def first_requests(self) -> Iterable[Request]:
        """Yield the list of updates (or the index at once, if only a part of it is wanted), and the schedule if asked for."""
        self._updated: dict[int, int] = {}
        self._newest = 0
        if self.config.since is not None:
            yield self.request(f"updates/shows{self._period(self._since())}", self.parse_updates)
        elif self.config.limit is not None:
            yield from self._index_starts()
        else:
            yield self.request("updates/shows?since=day", self.parse_day, meta=_MISSING_IS_AN_ANSWER).replace(errback=self.fail_day)
        country = self.settings_of_source["schedule_country"]
        if country is not None:
            day = self.settings_of_source["schedule_date"]
            yield self.request(f"schedule?country={country}" + (f"&date={day}" if day else ""), self.parse_schedule)

    def parse_updates(self, response: Response) -> _Found:
        """Ask for the shows updated since the watermark, the oldest update first."""
        try:
            updated = _read_updates(self.read_json(response))
        except (ValueError, TypeError, AttributeError) as error:
            yield self.fail(response.url, f"the list of updates can't be read: {error}", response.body[:500].decode("latin-1"))
            return
        since = self._since()
        wanted = sorted((when, show) for show, when in updated.items() if when > since)
        if self.config.limit is not None and len(wanted) > self.config.limit:
            # Never between two updates of the same second: the watermark couldn't tell them apart.
            last = wanted[self.config.limit - 1][0]
            wanted = [one for one in wanted if one[0] <= last]
        if wanted:
            self.watermark = str(max(since, min(wanted[-1][0], _answered_at(response) - 1)))
        yield from (self._ask_show(show) for _, show in wanted)

    def parse_day(self, response: Response) -> _Found:
        """Note what was updated within a day, then ask for the index; a server without that list is asked for the index all the same."""
        if response.status == 200:
            try:
                self._updated = _read_updates(self.read_json(response))
            except (ValueError, TypeError, AttributeError) as error:
                yield self.fail(response.url, f"the list of updates can't be read: {error}", response.body[:500].decode("latin-1"))
            if self._updated:
                self.watermark = str(min(max(self._updated.values()), _answered_at(response) - 1))
        yield from self._index_starts()

    def fail_day(self, failure: Failure) -> _Found:
        """Account for the list of updates that never came; the index is asked for all the same."""
        yield from self.fail_request(failure)
        yield from self._index_starts()

    def parse_page(self, response: Response, page: int) -> _Found:
        """Read a page of the index and ask for the next; behind its end there are only shows that are newer than it."""
        later = [show for show in self._updated if show // PAGE_IDS >= page and (show // PAGE_IDS - page) % self._chains == 0]
        if response.status == 404:
            yield from (self._ask_show(show) for show in sorted(later))
            return
        try:
            shows = self.read_json(response)[: self._room(page)]
            fresh = [show for show in shows if not self._is_old(show)]
        except (ValueError, TypeError, KeyError) as error:
            yield self.fail(response.url, f"the page can't be read: {error}", response.body[:500].decode("latin-1"))
            return
        yield from self.parse_records("title", fresh, self._parse_show, response.url)
        known = {show.get("id") for show in fresh if isinstance(show, dict)}
        yield from (self._ask_show(show) for show in sorted(later) if show // PAGE_IDS == page and show not in known)
        if self._room(page + self._chains) != 0:
            yield self._ask_page(page + self._chains)

    def parse_one(self, response: Response) -> _Found:
        """Read one show; one that was deleted after it was listed is no failure."""
        if response.status == 404:
            return
        try:
            show = self.read_json(response)
        except ValueError as error:
            yield self.fail(response.url, f"the show can't be read: {error}", response.body[:500].decode("latin-1"))
            return
        yield from self.parse_records("title", [show], parse_show, response.url)

    def parse_schedule(self, response: Response) -> _Found:
        """Read the shows of a day's broadcasts, each once."""
        try:
            shows = {show["id"]: show for show in (episode["show"] for episode in self.read_json(response))}
        except (ValueError, TypeError, KeyError) as error:
            yield self.fail(response.url, f"the schedule can't be read: {error}", response.body[:500].decode("latin-1"))
            return
        yield from self.parse_records("title", shows.values(), parse_show, response.url)

    def _parse_show(self, show: Mapping[str, Any]) -> dict[str, Any]:
        record = parse_show(show)
        self._newest = max(self._newest, int(show.get("updated") or 0))
        if self.config.limit is None and not self._updated:
            self.watermark = str(self._newest)
        return record

    @property
    def _chains(self) -> int:
        """How many pages are asked for side by side."""
        return self.config.concurrency or self.config.known.concurrency

    def _index_starts(self) -> Iterator[Request]:
        return (self._ask_page(page) for page in range(self._chains) if self._room(page) != 0)

    def _ask_page(self, page: int) -> Request:
        return self.request(f"shows?page={page}", self.parse_page, cb_kwargs={"page": page}, meta=_MISSING_IS_AN_ANSWER)

    def _ask_show(self, show: int) -> Request:
        return self.request(f"shows/{show}", self.parse_one, meta=_MISSING_IS_AN_ANSWER)

    def _room(self, page: int) -> int | None:
        """How many shows of a page are wanted; counted by pages, so that the same are wanted whichever page comes first."""
        return None if self.config.limit is None else max(0, min(PAGE_IDS, self.config.limit - page * PAGE_IDS))

    def _is_old(self, show: Any) -> bool:
        return isinstance(show, dict) and int(show.get("updated") or 0) < self._updated.get(show.get("id", -1), 0)

    def _since(self) -> int:
        try:
            return int(self.config.since or 0)
        except ValueError as error:
            raise UsageError("the watermark is no Unix time", where=f"since={self.config.since}", mend="leave it out to crawl all") from error

    @staticmethod
    def _period(since: int) -> str:
        age = time.time() - since + _MARGIN
        return next((f"?since={name}" for name, seconds in _PERIODS.items() if age < seconds), "")


def parse_show(show: Mapping[str, Any]) -> dict[str, Any]:
    """Make a title record of a show as the API describes it; the summary keeps its HTML, which cleaning takes out."""
    channel = show.get("network") or show.get("webChannel") or {}
    premiered = show.get("premiered") or None
    externals = show.get("externals") or {}
    ids = {"imdb": externals.get("imdb"), "tvmaze": str(show["id"]), "thetvdb": externals.get("thetvdb")}
    kind = show.get("type")
    return {
        "source_id": str(show["id"]),
        "title": show["name"],
        "type": "tv",
        "year": None if premiered is None else int(premiered[:4]),
        "release_date": premiered,
        "plot": show.get("summary"),
        "genres": [*(show.get("genres") or []), *([f"type:{kind}"] if kind else [])],
        "rating": (show.get("rating") or {}).get("average"),
        "popularity": show.get("weight"),
        "language": show.get("language"),
        "country": (channel.get("country") or {}).get("code"),
        "imdb_id": externals.get("imdb"),
        "url": show.get("url"),
        "ids": {scheme: str(value) for scheme, value in ids.items() if value},
    }


def _read_updates(found: Any) -> dict[int, int]:
    return {int(show): int(when) for show, when in found.items()}


def _answered_at(response: Response) -> int:
    """When the server made its answer, in Unix time. Later updates within that very second may be missing from it."""
    return int(read_answer_time(response).timestamp())
