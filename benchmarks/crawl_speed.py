"""How fast a crawl is: ours against sequential `requests` + BeautifulSoup, and against a bare Scrapy spider with as many requests at a time.

All three read the same synthetic pages (30 to 60 kB of HTML) from the replay server, which waits 80 ms before every answer, and make the
same records of the same JSON-LD. Each runs as a process of its own, timed from outside, so start-up counts for all; ours also keeps every
answer for resuming, obeys robots.txt, throttles itself, takes authors out of reviews, and writes and seals a snapshot.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.timing import ROOT, Row, own_environment

LATENCY_SECONDS = 0.08
CONCURRENCY = 16
PAGES = 1_500
SEQUENTIAL_PAGES = 200  # each takes as long as the other, and they take long
ROUNDS = 3


def measure(folder: Path, data: str | None) -> list[Row]:
    """Time all three in turn, `ROUNDS` times, and give the median seconds for a thousand pages."""
    from tests.replay.running import replay_server

    seconds: dict[str, list[float]] = {kind: [] for kind in RUNNERS}
    with replay_server(pages=PAGES, latency=LATENCY_SECONDS) as replay:
        for turn in range(ROUNDS):
            for kind, kept in seconds.items():
                kept.append(_time(kind, f"{replay.url}/site", folder / f"{kind}-{turn}"))
    ours, bare, sequential = (sorted(seconds[kind])[ROUNDS // 2] for kind in ("ours", "bare", "sequential"))
    what = f"crawl of 1,000 pages, {LATENCY_SECONDS * 1_000:.0f} ms each, {CONCURRENCY} at a time"
    return [Row(what, ours, sequential, "requests + BeautifulSoup"), Row(what, ours, bare, "bare Scrapy")]


def _time(kind: str, url: str, folder: Path) -> float:
    """Run one kind once; return its seconds for a thousand pages."""
    pages = SEQUENTIAL_PAGES if kind == "sequential" else PAGES
    folder.mkdir()
    started = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.crawl_speed", kind, url, str(pages), str(folder)]
    outcome = subprocess.run(command, cwd=ROOT, env=own_environment(folder), capture_output=True, text=True, check=False)
    took = time.perf_counter() - started
    if outcome.returncode or json.loads(outcome.stdout) != {"pages": pages, "records": 5 * pages}:
        raise SystemExit(f"{kind} gave {outcome.stdout}{outcome.stderr[-2_000:]}")
    return took / pages * 1_000


def run_ours(url: str, pages: int, folder: Path) -> tuple[int, int]:
    """Crawl with the engine; return the numbers of pages and records."""
    from trending.sources.crawl.config import CrawlConfig
    from trending.sources.crawl.engine import crawl
    from trending.sources.crawl.snapshot import read_snapshot

    urls = [f"/title/{number}" for number in range(pages)]
    config = CrawlConfig(source="schema_org", base_url=url, delay=0, concurrency=CONCURRENCY, options={"urls": urls, "max_pages": pages})
    counts = read_snapshot(crawl(config, folder)).counts
    return counts["response"].parsed, sum(counts[kind].parsed for kind in ("title", "signal", "review"))


def run_sequential(url: str, pages: int, folder: Path) -> tuple[int, int]:
    """Ask for one page after the other, over one connection, as most scripts do."""
    import requests
    from bs4 import BeautifulSoup

    records = 0
    with requests.Session() as session, (folder / "records.jsonl").open("w", encoding="utf-8") as stream:
        for number in range(pages):
            address = f"{url}/title/{number}"
            page = BeautifulSoup(session.get(address, timeout=60).content, "lxml")
            blocks = [json.loads(script.string) for script in page.find_all("script", type="application/ld+json")]
            for record in extract(blocks, address):
                stream.write(json.dumps(record, default=str) + "\n")
                records += 1
    return pages, records


def run_bare(url: str, pages: int, folder: Path) -> tuple[int, int]:
    """Crawl with a spider that does nothing but make the records: no pipeline, no cache, no robots.txt, no throttle."""
    import scrapy
    from scrapy.crawler import CrawlerProcess

    from trending.sources.crawl.spiders._jsonld import read_blocks

    class BareSpider(scrapy.Spider):
        name = "bare"
        start_urls: ClassVar[list[str]] = [f"{url}/title/{number}" for number in range(pages)]

        def parse(self, response: Any) -> Iterator[dict[str, Any]]:
            yield from extract(list(read_blocks(response.selector.root)), response.url)

    process = CrawlerProcess({"CONCURRENT_REQUESTS": CONCURRENCY, "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY, "LOG_LEVEL": "WARNING"})
    crawler = process.create_crawler(BareSpider)
    process.crawl(crawler)
    process.start()
    stats = crawler.stats.get_stats() if crawler.stats else {}
    return stats["response_received_count"], stats["item_scraped_count"]


def extract(blocks: list[Any], url: str) -> Iterator[dict[str, Any]]:
    """Make the records of a page, with the functions that the spider uses."""
    import datetime as dt

    from trending.sources.crawl.spiders._jsonld import Graph
    from trending.sources.crawl.spiders._schema_records import PageRecords
    from trending.sources.crawl.spiders._schema_values import read_rating, read_review, read_title

    page, day = PageRecords(Graph(blocks), url), dt.date(2026, 1, 1)
    ratings = {found.source_id: found.node for found in page.ratings()}
    for one in page.titles():
        yield dict(read_title(one.source_id, one.node, url, ratings.get(one.source_id)))
    for one in page.ratings():
        yield dict(read_rating(one.source_id, one.node, day))
    for one in page.reviews():
        yield dict(read_review(one.source_id, one.node, url))


RUNNERS: dict[str, Callable[[str, int, Path], tuple[int, int]]] = {"sequential": run_sequential, "bare": run_bare, "ours": run_ours}


if __name__ == "__main__":
    done = RUNNERS[sys.argv[1]](sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    sys.stdout.write(json.dumps({"pages": done[0], "records": done[1]}))
