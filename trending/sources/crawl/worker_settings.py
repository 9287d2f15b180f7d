"""How a crawl behaves towards the sites it asks, as Scrapy settings: one place, the same for every source."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from trending.settings import load_settings
from trending.sources.crawl.job import Job

MAX_PAGE_BYTES = 32 * 1024 * 1024  # also of what a compressed page unpacks to
MAX_REDIRECTS = 5
_HOSTS_AT_ONCE = 8

_PACKAGE = "trending.sources.crawl"


def user_agent() -> str:
    """Return how a crawl introduces itself: the program, its version, and where to reach whoever runs it."""
    try:
        release = version("trending-now")
    except PackageNotFoundError:
        release = "dev"
    return f"TrendingNow/{release} (+{load_settings().contact})"


def worker_settings(job: Job, salt: bytes) -> dict[str, Any]:
    """Return Scrapy's settings for a job.

    Args:
        job: The job.
        salt: What reviews' authors are hashed with; it stays in memory.
    """
    config = job.config
    delay = config.known.delay if config.delay is None else config.delay
    concurrency = config.concurrency or config.known.concurrency
    return {
        **_politeness(delay, concurrency),
        **_limits(config.timeout, config.retries),
        **_parts(),
        "CRAWL_STORE": str(job.responses),
        "CRAWL_JOB": job.job_id,
        "CRAWL_OUT": str(job.out),
        "CRAWL_SALT": salt.hex(),
        "LOG_FILE": str(job.log),
        "LOG_LEVEL": "INFO",
        # Neither listens on a port: the one way to steer a worker is its standard input.
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "COOKIES_ENABLED": False,
        "WARN_ON_GENERATOR_RETURN_VALUE": False,  # it parses the source of every callback
        # The pipeline never waits, so items gain nothing from being side by side; Scrapy makes so many tasks for every single answer.
        "CONCURRENT_ITEMS": 1,
    }


def _politeness(delay: float, concurrency: int) -> dict[str, Any]:
    return {
        "USER_AGENT": user_agent(),
        "ROBOTSTXT_OBEY": True,
        "DOWNLOAD_DELAY": delay,
        "CONCURRENT_REQUESTS_PER_DOMAIN": concurrency,
        "CONCURRENT_REQUESTS": concurrency * _HOSTS_AT_ONCE,
        # A site that answers slowly is asked less often; never more often than its delay and concurrency allow.
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": delay,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(concurrency),
    }


def _limits(timeout: float, retries: int) -> dict[str, Any]:
    return {
        "DOWNLOAD_TIMEOUT": timeout,
        "DOWNLOAD_MAXSIZE": MAX_PAGE_BYTES,
        "DOWNLOAD_WARNSIZE": MAX_PAGE_BYTES,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "REDIRECT_MAX_TIMES": MAX_REDIRECTS,
        "METAREFRESH_ENABLED": False,  # what a page says is read, wherever it would send a browser next
        "RETRY_TIMES": retries,
        "URLLENGTH_LIMIT": 0,  # it would drop requests without a word
    }


def _parts() -> dict[str, Any]:
    return {
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            f"{_PACKAGE}.robots.StrictRobots": 100,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            f"{_PACKAGE}.retry.PatientRetry": 550,
            "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
            f"{_PACKAGE}.redirect.AccountedRedirect": 600,
            "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
            f"{_PACKAGE}.store.JobCache": 900,
        },
        "SPIDER_MIDDLEWARES": {
            f"{_PACKAGE}.accounting.ResponseAccounting": 950,
            # Every item passes through each of these, and no crawl of ours has a use for them.
            "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
            "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
            "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
        },
        "ITEM_PIPELINES": {f"{_PACKAGE}.pipeline.RecordWriter": 100},
        "EXTENSIONS": {f"{_PACKAGE}.worker.Progress": 100},
        "HTTPCACHE_ENABLED": True,
        "HTTPCACHE_STORAGE": f"{_PACKAGE}.store.JobStorage",
        "HTTPCACHE_POLICY": f"{_PACKAGE}.store.JobPolicy",
    }
