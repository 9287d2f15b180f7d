"""Crawls for tests: the default live source against the replay server, in this process or in one that can be killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.replay.running import ROOT, Replay
from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.engine import crawl
from trending.sources.crawl.snapshot import iter_failures, iter_records

_CHILD = """
import json, sys
from pathlib import Path
from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.engine import crawl
print(crawl(CrawlConfig(**json.loads(sys.argv[1])), Path(sys.argv[2])))
"""


def tvmaze_config(replay: Replay, **changes: Any) -> CrawlConfig:
    """Return the configuration of an unhurried-by-nothing crawl of the synthetic TVmaze."""
    return CrawlConfig(**{"source": "tvmaze", "base_url": replay.tvmaze, "delay": 0, "concurrency": 4, **changes})


def crawl_tvmaze(replay: Replay, home: Path, **changes: Any) -> Path:
    """Crawl the synthetic TVmaze."""
    return crawl(tvmaze_config(replay, **changes), home)


def start_crawl(config: CrawlConfig, home: Path) -> subprocess.Popen[str]:
    """Start a crawl in a process of its own, which prints the snapshot's folder."""
    command = [sys.executable, "-c", _CHILD, json.dumps(config.model_dump(mode="json")), str(home)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read_records(snapshot: Path) -> list[str]:
    """Return a snapshot's records as sorted lines: requests run side by side, so their order means nothing."""
    return sorted(json.dumps(one, sort_keys=True) for one in iter_records(snapshot))


def read_failures(snapshot: Path) -> list[dict[str, Any]]:
    """Return a snapshot's failures."""
    return list(iter_failures(snapshot))
