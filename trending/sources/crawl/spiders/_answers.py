"""What several spiders do with an answer: read its JSON or account for it, its time, and single numbers in it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from scrapy.http import Response

from trending.sources.crawl.spider import SourceSpider

_Spider = TypeVar("_Spider", bound=SourceSpider)
_Rest = ParamSpec("_Rest")


def reads_object(
    parse: Callable[Concatenate[_Spider, Response, dict[str, Any], _Rest], Iterator[Any]],
) -> Callable[Concatenate[_Spider, Response, _Rest], Iterator[Any]]:
    """Make a callback of `parse(spider, response, answer, ...)`: an answer that is no JSON object is accounted for and never reaches it."""

    @wraps(parse)
    def callback(spider: _Spider, response: Response, /, *args: _Rest.args, **kwargs: _Rest.kwargs) -> Iterator[Any]:
        try:
            answer = spider.read_json(response)
        except ValueError as error:
            yield spider.fail(response.url, f"no JSON: {error}", response.body[:2_000].decode("utf-8", "replace"))
            return
        if isinstance(answer, dict):
            yield from parse(spider, response, answer, *args, **kwargs)
        else:
            yield spider.fail(response.url, "the JSON is no object", answer)

    return callback


def read_number(value: Any) -> float:
    """Return a finite number at or above zero, be it a number or written as one.

    Raises:
        ValueError: If it is none.
    """
    number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{str(value)[:50]!r} is no number at or above zero")
    return number


def read_answer_time(response: Response) -> dt.datetime:
    """Return when the server gave the answer (its `Date` header), in UTC; the clock's time where it doesn't say.

    A stored answer keeps its header, so a crawl that is resumed another day asks for and writes the same days.
    """
    header = (response.headers.get("Date") or b"").decode("latin-1")
    try:
        return parsedate_to_datetime(header).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return dt.datetime.now(dt.UTC)
