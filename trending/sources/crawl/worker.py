"""The process a crawl runs in: `python -m trending.sources.crawl.worker JOB_DIR`, started by the engine.

A process of its own, because Twisted's reactor can't be started twice in one. What is secret comes on standard input, as one line of JSON;
after it the pipe stays open and silent, and when it closes, the parent is gone and so is this process. Progress goes to standard output.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any, Self

import orjson
from scrapy import signals
from scrapy.crawler import Crawler, CrawlerProcess
from scrapy.utils.asyncio import create_looping_call

from trending.errors import UsageError
from trending.sources.crawl.accounting import START_ERROR
from trending.sources.crawl.engine import check_options
from trending.sources.crawl.job import Job, hold_lock, load_job, write_durably
from trending.sources.crawl.spider import SourceSpider
from trending.sources.crawl.worker_settings import worker_settings

PARENT_GONE = 3
_PROGRESS_SECONDS = 1.0


class Progress:
    """Scrapy extension that prints a line of JSON every second."""

    def __init__(self, crawler: Crawler) -> None:
        """Print while the spider is open."""
        self._stats: Any = crawler.stats
        self._loop: Any = create_looping_call(self._print)
        crawler.signals.connect(self._start, signal=signals.spider_opened)
        crawler.signals.connect(self._stop, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make it, as Scrapy does."""
        return cls(crawler)

    def _start(self) -> None:
        self._loop.start(_PROGRESS_SECONDS, now=False)

    def _stop(self) -> None:
        if self._loop.running:
            self._loop.stop()
        self._print()

    def _print(self) -> None:
        found = self._stats.get_stats()
        counted = {name: sum(v for k, v in found.items() if k.startswith("records/") and k.endswith(f"/{name}")) for name in ("parsed", "failed")}
        sys.stdout.write(orjson.dumps({"responses": found.get("downloader/response_count", 0), **counted}).decode() + "\n")
        sys.stdout.flush()


def main() -> None:
    """Run the job whose folder is the first argument."""
    secret = orjson.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_die_with_parent, daemon=True).start()
    job = load_job(Path(sys.argv[1]))
    if job is None:
        raise UsageError("there is no job to run", where=sys.argv[1], mend="start crawls through trending.sources.crawl.engine")
    with hold_lock(job.folder.parent / "worker.lock", wait=0):
        _run(job, secret["key"], bytes.fromhex(secret["salt"]))


def _run(job: Job, key: str | None, salt: bytes) -> None:
    shutil.rmtree(job.out, ignore_errors=True)
    job.out.mkdir()
    try:
        spider = check_options(job.config)
        outcome = _crawl(spider, job, key, salt)
    except UsageError as error:
        outcome = {"error": ("UsageError", str(error))}
    write_durably(job.out / "outcome.json", orjson.dumps(outcome, default=str))


def _crawl(spider: type[SourceSpider], job: Job, key: str | None, salt: bytes) -> dict[str, Any]:
    process = CrawlerProcess(worker_settings(job, salt), install_root_handler=True)
    # Scrapy sets the level on its handler only, and composes a message for every answer and item that nobody reads.
    logging.getLogger().setLevel(logging.INFO)
    crawler = process.create_crawler(spider)
    process.crawl(crawler, config=job.config, key=key)
    process.start()
    stats: dict[str, Any] = dict(crawler.stats.get_stats()) if crawler.stats else {}
    if START_ERROR in stats:
        return {"error": stats[START_ERROR]}
    return {
        "reason": stats.get("finish_reason"),
        "finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "watermark": crawler.spider.watermark if isinstance(crawler.spider, SourceSpider) else None,
        "stats": {name: value for name, value in stats.items() if isinstance(value, int | float)},
    }


def _die_with_parent() -> None:
    # Unbuffered: a thread that holds a buffer's lock when Python ends would bring the process down.
    while os.read(sys.stdin.fileno(), 1):
        pass
    # Nothing to tidy: every answer got so far is in the store.
    os._exit(PARENT_GONE)


if __name__ == "__main__":
    main()
