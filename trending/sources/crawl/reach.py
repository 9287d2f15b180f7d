"""Whether a source's host can be reached at all, found out in seconds and said in one line."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from trending.errors import SourceUnreachable
from trending.sources.crawl.config import CrawlConfig

CONNECT_SECONDS = 5.0
_PORTS = {"http": 80, "https": 443}


def check_reachable(config: CrawlConfig) -> None:
    """Connect to the source's host, or to the proxy that leads to it; where the user names several sites, one is enough.

    Raises:
        SourceUnreachable: If no connection is made within 5 seconds.
    """
    urls = [config.root] if config.root else list(_addresses(config.options.values()))
    problems: dict[str, OSError] = {}
    for url in urls:
        parts = urlsplit(url)
        try:
            socket.create_connection(_endpoint(parts), CONNECT_SECONDS).close()
        except OSError as error:
            problems[parts.netloc] = error
        else:
            return
    if problems:
        host, problem = next(iter(problems.items()))
        raise unreachable(config, host, problem.strerror or str(problem) or type(problem).__name__)


def unreachable(config: CrawlConfig, host: str, why: str) -> SourceUnreachable:
    """Return the error that says so, and what works without a network."""
    return SourceUnreachable(
        f"the host can't be reached ({why})",
        where=f"{config.source} at {host}",
        mend="check the network, or work offline: python run.py --pipeline ingestion --set source=starter",
    )


def source_host(config: CrawlConfig) -> str:
    """Return the host a crawl asks first, as a person would name it."""
    urls = [config.root] if config.root else list(_addresses(config.options.values()))
    return urlsplit(urls[0]).netloc if urls else config.source


def _endpoint(parts: SplitResult) -> tuple[str, int]:
    host = parts.hostname or ""
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(host):
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host = parts.hostname or ""
    return host, parts.port or _PORTS.get(parts.scheme, 80)


def _addresses(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str) and value.startswith(("http://", "https://")):
            yield value
        elif isinstance(value, list | tuple):
            yield from _addresses(value)
