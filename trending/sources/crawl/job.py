"""A crawl's job folder: what is being crawled, kept on disk so that a crawl killed at any moment goes on where it was.

Layout below `<home>/crawls/<source>/`: `job/` (this), `snapshots/` (`snapshot`), and the two lock files.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout

from trending.errors import UsageError
from trending.sources.crawl.config import CrawlConfig

# How long to wait for another crawl of the source to end: the worker of a killed crawl dies within a moment.
LOCK_WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Job:
    """One crawl: its folder, its id (that of the snapshot it will become), when it began, and how it is configured."""

    folder: Path
    job_id: str
    started: str
    config: CrawlConfig

    @property
    def responses(self) -> Path:
        """The response store."""
        return self.folder / "responses.sqlite"

    @property
    def out(self) -> Path:
        """Where the worker writes; begun anew whenever the job is."""
        return self.folder / "out"

    @property
    def log(self) -> Path:
        """What the worker had to say."""
        return self.folder / "crawl.log"

    @property
    def snapshot(self) -> Path:
        """Where the finished snapshot goes."""
        return self.folder.parent / "snapshots" / self.job_id

    def drop(self) -> None:
        """Forget the job; answers stay in the store, to be revalidated by the next."""
        shutil.rmtree(self.out, ignore_errors=True)
        (self.folder / "job.json").unlink(missing_ok=True)


def crawls_folder(home: Path) -> Path:
    """Return the folder of all crawls."""
    return home / "crawls"


def source_folder(home: Path, source: str) -> Path:
    """Return the folder of a source's crawls."""
    return crawls_folder(home) / source


def open_job(folder: Path, config: CrawlConfig) -> Job:
    """Return the unfinished job of this very configuration, or a new one in its place.

    Args:
        folder: The source's folder (`source_folder`).
        config: The crawl's configuration.
    """
    found = load_job(folder / "job")
    if found is not None and found.config == config:
        return found
    now = dt.datetime.now(dt.UTC)
    job = Job(folder / "job", f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}", now.isoformat(timespec="seconds"), config)
    # The folder holds answers as they came; nobody else on the machine need read them.
    job.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    job.log.unlink(missing_ok=True)
    state = {"job_id": job.job_id, "started": job.started, "config": config.model_dump(mode="json")}
    write_durably(job.folder / "job.json", orjson.dumps(state, option=orjson.OPT_INDENT_2))
    return job


def load_job(folder: Path) -> Job | None:
    """Return the unfinished job in a job folder, if there is one that can be read."""
    try:
        state = orjson.loads((folder / "job.json").read_bytes())
        return Job(folder, str(state["job_id"]), str(state["started"]), CrawlConfig(**state["config"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def hold_lock(path: Path, wait: float = LOCK_WAIT_SECONDS) -> Iterator[None]:
    """Hold a lock file, which the operating system frees if this process dies.

    Raises:
        UsageError: If another crawl still holds it after `wait` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=wait)
    except Timeout as error:
        raise UsageError("another crawl of this source is running", where=str(path), mend="wait for it to end, or stop it") from error
    try:
        yield
    finally:
        lock.release()


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a crash it is there whole or not at all."""
    aside = path.with_name(f".{path.name}.partial")
    with aside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    found: dict[str, Any] = orjson.loads(path.read_bytes())
    return found
