"""Running a spider without a network: its requests are answered by a function, its callbacks run one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from scrapy.http import HtmlResponse, Request, Response, TextResponse
from scrapy.utils.test import get_crawler

from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.engine import load_spider
from trending.sources.crawl.spider import SourceSpider
from trending.tables import KINDS

DATE = "Tue, 24 Nov 2026 10:00:00 GMT"
Site = Callable[[str], "tuple[int, bytes | str | dict[str, Any] | list[Any]]"]

# What each kind of record may hold, and must: the contract between spiders and cleaning.
_RIGHTS = {"source", "data_licence", "rights_class"}
_MUST = {
    "title": {"title", "type", "source_id", *_RIGHTS},
    "review": {"title_source_id", "text", *_RIGHTS},
    "signal": {"title_source_id", "kind", "market", "value", "period_start", "days", *_RIGHTS},
}
_MAY = {
    "title": {"year", "plot", "genres", "rating", "votes", "popularity", "language", "country", "release_date", "imdb_id", "url", "ids"},
    "review": {"source_review_id", "headline", "rating", "best_rating", "worst_rating", "author", "author_url", "language", "review_date", "spoiler", "url"},
    "signal": {"weight"},
}


@dataclass
class Ran:
    """What came of a run."""

    spider: SourceSpider
    asked: list[Request] = field(default_factory=list)
    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the records of a kind."""
        return [record for one, record in self.records if one == kind]

    @property
    def counts(self) -> dict[str, int]:
        """What was counted."""
        stats: Any = self.spider.crawler.stats
        return {name.removeprefix("records/"): value for name, value in stats.get_stats().items() if name.startswith("records/")}


def make_spider(source: str, *, key: str | None = None, **config: Any) -> SourceSpider:
    """Return a source's spider, as a crawler would make it."""
    kind = load_spider(source)
    return kind.from_crawler(get_crawler(kind), config=CrawlConfig(source=source, **config), key=key)


def answer(request: Request, status: int, body: Any) -> Response:
    """Return the answer to a request: bytes as they are, text as HTML, anything else as JSON."""
    kind = HtmlResponse if isinstance(body, str) else TextResponse
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else orjson.dumps(body)
    return kind(request.url, status=status, body=raw, headers={"Date": DATE}, request=request, encoding="utf-8")


def run(spider: SourceSpider, site: Site) -> Ran:
    """Let a spider ask `site` (address in, status and body out) until it asks no more; every address once, as Scrapy does.

    Every record is checked against the contract, and the accounts must balance.
    """
    ran, seen = Ran(spider), set()
    waiting = list(spider.first_requests())
    while waiting:
        waiting.sort(key=lambda request: -request.priority)
        request = waiting.pop(0)
        if request.url in seen:
            continue
        seen.add(request.url)
        ran.asked.append(request)
        status, body = site(request.url)
        if status >= 400 and status not in request.meta.get("handle_httpstatus_list", []):
            ran.failures.append(dict(spider.fail(request.url, f"HTTP {status}")))
            continue
        assert callable(request.callback)
        for one in request.callback(answer(request, status, body), **request.cb_kwargs):
            if isinstance(one, Request):
                waiting.append(one)
            elif "record" in one:
                check_record(one["kind"], one["record"])
                ran.records.append((one["kind"], one["record"]))
            else:
                orjson.dumps(one)
                ran.failures.append(dict(one))
    for kind in KINDS:
        fetched, parsed, failed = (ran.counts.get(f"{kind}/{name}", 0) for name in ("fetched", "parsed", "failed"))
        assert fetched == parsed + failed
        assert parsed == len(ran.of(kind))
        assert failed == sum(one["kind"] == kind for one in ran.failures)
    return ran


def check_record(kind: str, record: dict[str, Any]) -> None:
    """Refuse a record that breaks the contract of raw records."""
    orjson.dumps(record)
    present = {name for name, value in record.items() if value is not None}
    assert _MUST[kind] <= present, f"{kind} lacks {_MUST[kind] - present}"
    assert set(record) <= _MUST[kind] | _MAY[kind], f"{kind} has {set(record) - _MUST[kind] - _MAY[kind]}"
    if kind == "title":
        assert record["type"] in ("movie", "tv")
        assert all(isinstance(value, str) and value for value in record.get("ids", {}).values())
    if kind == "signal":
        assert record["value"] >= 0
        assert record["days"] >= 1
        assert len(record["period_start"]) == len("2026-01-01")


@contextmanager
def serve(
    site: Site, headers: Mapping[str, str] | None = None, *, while_true: Callable[[], bool] = lambda: True, robots: str = ""
) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Serve `site` over HTTP on loopback; yields the root, and the headers of what was asked, with `path`.

    Args:
        site: Path in, status and body out.
        headers: Sent with each answer.
        while_true: Whether they still are, asked after `site` has answered.
        robots: Its robots.txt; by default everything is allowed.
    """
    log: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            log.append({**{name.lower(): value for name, value in self.headers.items()}, "path": self.path})
            status, body = (200, robots) if self.path == "/robots.txt" else site(self.path)
            raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else orjson.dumps(body)
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(raw)))
            for name, value in (headers or {}).items() if self.path != "/robots.txt" and while_true() else ():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", log
    finally:
        server.shutdown()
        server.server_close()
