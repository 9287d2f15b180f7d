"""Crawls a live source: politely, resumably, with everything accounted for, ending in a snapshot that never changes.

A crawl killed at any moment goes on where it was when it is started again with the same configuration. What of a crawl failed (a page the
server never gave, an answer that can't be read) is kept in the snapshot with its reason. If any answer failed, the watermark stays where it
was, so that the next crawl asks for all of it again and nothing is lost; a single record that can't be parsed is kept instead, and doesn't
hold the watermark back.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trending.errors import QualityError, SourceUnreachable, TrendingError, UsageError
from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.job import Job, hold_lock, open_job, source_folder
from trending.sources.crawl.process import Progress, run_worker
from trending.sources.crawl.reach import check_reachable, source_host, unreachable
from trending.sources.crawl.responses import ResponseTable
from trending.sources.crawl.snapshot import Counts, iter_failures, publish_snapshot, read_snapshot, seal_snapshot
from trending.tables import KINDS

if TYPE_CHECKING:
    from trending.sources.crawl.spider import SourceSpider

__all__ = ["check_options", "check_reachable", "crawl", "load_spider"]


def crawl(config: CrawlConfig, home: Path, *, key: str | None = None, on_progress: Progress | None = None) -> Path:
    """Crawl a source and return the folder of the finished snapshot.

    Args:
        config: What to crawl, and how.
        home: The project's home folder; the crawl lives in `<home>/crawls/<source>/`.
        key: The source's API key, if it needs one; it is written nowhere.
        on_progress: Called about once a second with counts so far: responses, parsed, failed.

    Raises:
        UsageError: If another crawl of the source is running, a key is missing, or the source refuses an option.
        SourceUnreachable: If its host can't be reached; no snapshot is made.
        QualityError: If the crawl's accounts don't balance.
        TrendingError: If the crawl was stopped; calling again resumes it.
    """
    if config.known.needs_key and not key:
        raise UsageError("the source needs an API key of your own", where=config.source, mend="set it, or choose another source")
    from trending.reviews.privacy import load_salt

    folder = source_folder(home, config.source)
    with hold_lock(folder / "crawl.lock"):
        # The worker of a crawl whose process was killed may be dying still.
        with hold_lock(folder / "worker.lock"):
            job = open_job(folder, config)
        if not job.snapshot.exists():
            _run(job, key, load_salt(home), on_progress)
        seal_snapshot(job.snapshot)
        _close(job)
    return job.snapshot


def load_spider(source: str) -> type[SourceSpider]:
    """Return a source's spider: the class `Spider` of the module named like the source."""
    module = importlib.import_module(f"trending.sources.crawl.spiders.{source}")
    spider: type[SourceSpider] = module.Spider
    return spider


def check_options(config: CrawlConfig) -> type[SourceSpider]:
    """Return the source's spider, after refusing options it doesn't know.

    Raises:
        UsageError: Naming the first of them.
    """
    spider = load_spider(config.source)
    unknown = sorted(set(config.options) - set(spider.options))
    if unknown:
        known = ", ".join(sorted(spider.options)) or "none"
        raise UsageError(f"the source has no option {unknown[0]!r}", where=config.source, mend=f"its options are: {known}")
    return spider


def _run(job: Job, key: str | None, salt: bytes, on_progress: Progress | None) -> None:
    try:
        check_reachable(job.config)
    except SourceUnreachable:
        if not _has_answers(job):  # else it goes on once there is a network again
            job.drop()
        raise
    outcome = run_worker(job, key, salt, on_progress)
    stats: dict[str, Any] = outcome["stats"]
    if not stats.get("downloader/response_count") and stats.get("records/response/failed"):
        job.drop()
        raise unreachable(job.config, source_host(job.config), "no request was answered")
    described = _describe(job, outcome)
    answers = described["counts"]["response"]
    if answers.failed and not answers.parsed:
        first = next(iter_failures(job.out))
        job.drop()
        what = f"none of {answers.failed:,} requests was answered with anything that can be read; the first: {first['reason']}"
        raise TrendingError(what, where=first["url"] or job.config.source, mend="docs/sources.md says what the source asks for")
    publish_snapshot(job.out, job.snapshot, described)


def _describe(job: Job, outcome: dict[str, Any]) -> dict[str, Any]:
    config, stats = job.config, outcome["stats"]
    counts = {kind: _count(kind, stats) for kind in (*KINDS, "response")}
    lost = [kind for kind, count in counts.items() if not count.balanced]
    if lost:
        raise QualityError(f"fetched is not parsed + failed for {', '.join(lost)}", where=config.source, mend=f"report it, with {job.log}")
    return {
        "source": config.source,
        "snapshot_id": job.job_id,
        "started": job.started,
        "finished": outcome["finished"],
        "since": config.since,
        "watermark": config.since if counts["response"].failed else outcome["watermark"] or config.since,
        "counts": counts,
        "http": _describe_http(stats),
        "config": config.model_dump(mode="json"),
        "licence": config.known.licence,
        "attribution": config.known.attribution,
        "rights_class": config.known.rights_class,
    }


def _count(kind: str, stats: dict[str, Any]) -> Counts:
    return Counts(**{name: stats.get(f"records/{kind}/{name}", 0) for name in Counts.model_fields})


def _describe_http(stats: dict[str, Any]) -> dict[str, Any]:
    """Describe the traffic of the run that finished the crawl; `resumed` answers were got by runs before it."""
    prefix = "downloader/response_status_count/"
    resumed = stats.get("httpcache/hit", 0)
    return {
        "requests": stats.get("downloader/request_count", 0) - resumed,
        "responses_by_status": {name.removeprefix(prefix): value for name, value in sorted(stats.items()) if name.startswith(prefix)},
        "retries": stats.get("retry/count", 0),
        "not_modified": stats.get("httpcache/revalidate", 0),
        "resumed": resumed,
        "bytes": stats.get("downloader/response_bytes", 0),
    }


def _has_answers(job: Job) -> bool:
    if not job.responses.exists():
        return False
    table = ResponseTable(job.responses)
    try:
        return table.has_answers(job.job_id)
    finally:
        table.close()


def _close(job: Job) -> None:
    """End the job: its answers are tidied up only now that the snapshot is there."""
    read_snapshot(job.snapshot)
    if job.responses.exists():
        table = ResponseTable(job.responses)
        table.tidy()
        table.close()
    job.drop()
