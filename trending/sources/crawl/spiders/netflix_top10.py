"""Netflix's weekly Top 10, worldwide and by country, from the two tables it publishes.

Each listed show or film is given once as a title, which has a name and a type and nothing else; each week it was listed gives its rank and,
worldwide, hours and views. Seasons of a show are listed apart and are brought together here: the best rank, the sum of hours and views.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import Any, ClassVar

from scrapy.http import Request, Response

from trending.cleaning.text import normalise_title
from trending.errors import UsageError
from trending.sources.crawl.spider import FailedItem, Item, SourceSpider
from trending.sources.crawl.spiders._answers import read_number

_GLOBAL = "tudum/top10/data/all-weeks-global.tsv"
_COUNTRIES = "tudum/top10/data/all-weeks-countries.tsv"
_PAGE = "https://www.netflix.com/tudum/top10"
_NEEDED = {"week", "category", "weekly_rank", "show_title"}
_MAX_BYTES = 256 * 1024 * 1024  # the country table grows by 2,000 lines a week
_WEEK = dt.timedelta(days=6)
_ABSENT = (None, "", "N/A")
# The kind of signal, the column it is read from, and how the seasons of one show become one figure.
_FIGURES: tuple[tuple[str, str, Callable[[list[float]], float]], ...] = (
    ("rank", "weekly_rank", min),
    ("hours", "weekly_hours_viewed", sum),
    ("views", "weekly_views", sum),
)

Row = Mapping[str, str]


class Spider(SourceSpider):
    """Reads both tables from beginning to end."""

    name = "netflix_top10"
    # countries: "all", or a list of ISO codes; an empty list leaves the country table out.
    options: ClassVar[Mapping[str, Any]] = {"countries": "all"}

    def first_requests(self) -> Iterable[Request]:
        """Ask for the tables; what is stored of them is asked for conditionally by the machinery around the spider.

        Raises:
            UsageError: `countries` or `since` can't be read.
        """
        self.countries = _read_countries(self.settings_of_source["countries"])
        self.since = _read_since(self.config.since)
        tables = [_GLOBAL, _COUNTRIES] if self.countries != set() else [_GLOBAL]
        self.pending = len(tables)
        self.seen: set[str] = set()
        self.last_weeks: list[str] = []
        for table in tables:
            yield self.request(table, self.parse_table, meta={"download_maxsize": _MAX_BYTES})

    def parse_table(self, response: Response) -> Iterator[Item | FailedItem]:
        """Give the titles and signals of the weeks after `since`, line by line.

        Rows of one market and week stand together in both tables. The watermark moves once both were read: to the earlier of their last weeks.
        """
        lines = io.TextIOWrapper(io.BytesIO(response.body), encoding="utf-8-sig", errors="replace")
        columns = _split(next(lines, ""))
        missing = _NEEDED.difference(columns)
        if missing:
            yield self.fail(response.url, f"no column {', '.join(sorted(missing))}: not a Top 10 table", "\t".join(columns))
            return
        rows = (dict(zip(columns, _split(line), strict=False)) for line in lines if line.strip())
        last = ""
        for (market, week), group in groupby(rows, key=lambda row: (row.get("country_iso2") or "global", row.get("week", ""))):
            if self._is_wanted(market, week):
                yield from self._parse_week(market, week, list(group), response.url)
                last = max(last, week) if _is_week(week) else last
        if last:
            self.last_weeks.append(last)
            whole = len(self.last_weeks) == self.pending and self.config.limit is None
            self.watermark = min(self.last_weeks) if whole else None

    def _is_wanted(self, market: str, week: str) -> bool:
        # A week that can't be read is wanted: its rows fail, rather than vanish.
        is_old = _is_week(week) and self.since is not None and week <= self.since
        return not is_old and (market == "global" or self.countries is None or market in self.countries)

    def _parse_week(self, market: str, week: str, rows: list[Row], url: str) -> Iterator[Item | FailedItem]:
        listed: dict[str, list[Row]] = {}
        for row in rows:
            try:
                listed.setdefault(_source_id(row), []).append(row)
            except ValueError:
                yield from self.parse_records("title", [row], _read_title, url)
        limit = self.config.limit
        for source_id, own in listed.items():
            if source_id not in self.seen:
                if limit is not None and len(self.seen) >= limit:
                    continue
                self.seen.add(source_id)
                yield from self.parse_records("title", own[:1], _read_title, url)
            figures = [(kind, column, combine) for kind, column, combine in _FIGURES if any(row.get(column) not in _ABSENT for row in own)]
            for kind, column, combine in figures:
                raw = {"week": week, "market": market, "title": source_id, "kind": kind, "values": [row.get(column) for row in own]}
                yield from self.parse_records("signal", [raw], partial(_read_signal, combine=combine), url)


def _split(line: str) -> list[str]:
    # Not CSV: nothing is quoted, so a quotation mark is part of a title.
    return line.rstrip("\n").split("\t")


def _read_title(row: Row) -> dict[str, Any]:
    return {"title": row["show_title"].strip(), "type": _read_type(row), "source_id": _source_id(row), "url": _PAGE}


def _read_signal(raw: Mapping[str, Any], combine: Callable[[list[float]], float]) -> dict[str, Any]:
    value = combine([read_number(one) for one in raw["values"] if one not in _ABSENT])
    if raw["kind"] == "rank" and value < 1:
        raise ValueError(f"rank {value:g} is below 1")
    return {
        "title_source_id": raw["title"],
        "kind": raw["kind"],
        "market": raw["market"],
        "value": value,
        "period_start": (dt.date.fromisoformat(raw["week"]) - _WEEK).isoformat(),  # the table names a week by its Sunday
        "days": 7,
    }


def _read_type(row: Row) -> str:
    category = row["category"]
    if category.startswith("Films"):
        return "movie"
    if category.startswith("TV"):
        return "tv"
    raise ValueError(f"category {category!r} is neither Films nor TV")


def _source_id(row: Row) -> str:
    name = row.get("show_title", "").strip()
    if not name or not row.get("week"):
        raise ValueError("the row has no show_title or no week")
    return f"{_read_type(row)}-{normalise_title(name).replace(' ', '-')}"


def _is_week(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _read_since(since: str | None) -> str | None:
    if since is None or _is_week(since):
        return since
    raise UsageError(f"{since!r} is no week", where="since", mend="use the last day of a week, such as 2026-07-19")


def _read_countries(value: Any) -> set[str] | None:
    if value == "all":
        return None
    if isinstance(value, list | tuple) and all(isinstance(one, str) and len(one) == 2 for one in value):
        return {one.upper() for one in value}
    raise UsageError(f"{value!r} is no list of countries", where="options.countries", mend='use "all", or ISO codes such as ["US", "GB"]')
