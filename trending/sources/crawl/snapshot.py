"""Snapshots: what one crawl of one source brought, written once, never changed, and verifiable by its hashes."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from trending.errors import InputError, NotFoundError
from trending.sources.crawl.job import read_json, write_durably

RECORDS, FAILURES, MANIFEST = "records.jsonl.gz", "failures.jsonl.gz", "snapshot.json"
_FILES = (RECORDS, FAILURES)


class Counts(BaseModel):
    """What became of the things of one kind: `fetched` = `parsed` + `failed`."""

    model_config = ConfigDict(frozen=True)

    fetched: int = 0
    parsed: int = 0
    failed: int = 0

    @property
    def balanced(self) -> bool:
        """Whether nothing is lost."""
        return self.fetched == self.parsed + self.failed


class Snapshot(BaseModel):
    """What `snapshot.json` says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    snapshot_id: str
    started: str
    finished: str
    since: str | None  # the watermark the crawl began at
    watermark: str | None  # where the next may begin
    counts: dict[str, Counts]  # by kind: title, review, signal, and response
    http: dict[str, Any]
    config: dict[str, Any]
    licence: str
    attribution: str
    rights_class: str
    sha256: dict[str, str]


def publish_snapshot(written: Path, target: Path, facts: dict[str, Any]) -> Path:
    """Turn a finished crawl's files into a snapshot: whole, on disk and read-only, or not there at all.

    Args:
        written: Folder with the two record files; they are moved.
        target: The snapshot's folder, which must not exist.
        facts: `Snapshot` without its hashes.
    """
    aside = target.with_name(f".{target.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    hashes = {}
    for name in _FILES:
        (written / name).replace(aside / name)
        hashes[name] = _hash_durably(aside / name)
    manifest = Snapshot(**facts, sha256=hashes)
    write_durably(aside / MANIFEST, orjson.dumps(manifest.model_dump(), option=orjson.OPT_INDENT_2))
    _sync_folder(aside)
    aside.rename(target)
    _sync_folder(target.parent)
    seal_snapshot(target)
    return target


def seal_snapshot(path: Path) -> None:
    """Make a snapshot read-only."""
    for file in path.iterdir():
        file.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    path.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)


def read_snapshot(path: Path) -> Snapshot:
    """Return what a snapshot says of itself, after verifying that its files are the ones that were written.

    Raises:
        NotFoundError: If there is no snapshot.
        InputError: If a file is missing or was changed.
    """
    try:
        found = Snapshot(**read_json(path / MANIFEST))
    except FileNotFoundError as error:
        raise NotFoundError("there is no snapshot", where=str(path), mend="crawl the source first") from error
    except (ValueError, TypeError, ValidationError) as error:
        raise InputError("the snapshot's description can't be read", where=str(path / MANIFEST), mend="crawl the source again") from error
    for name in _FILES:
        file = path / name
        if not file.is_file() or _hash(file) != found.sha256.get(name):
            raise InputError("the file is missing or was changed after the crawl", where=str(file), mend="crawl the source again")
    return found


def list_snapshots(folder: Path) -> list[Path]:
    """Return a source's snapshots, oldest first; `folder` is `job.source_folder`."""
    return sorted(path for path in (folder / "snapshots").glob("*") if path.is_dir() and not path.name.startswith("."))


def iter_records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield a snapshot's records, one at a time: {"kind": "title|review|signal", "record": {...}}."""
    return _iter_lines(path / RECORDS)


def iter_failures(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what couldn't be parsed, one at a time: {"kind", "url", "reason", "evidence"}."""
    return _iter_lines(path / FAILURES)


def _iter_lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path, "rb") as stream:
            for line in stream:
                yield _parse(line)
    except FileNotFoundError as error:
        raise NotFoundError("there is no such snapshot file", where=str(path), mend="crawl the source first") from error
    except (EOFError, OSError, ValueError) as error:
        raise InputError("the snapshot file is damaged", where=str(path), mend="crawl the source again") from error


def _parse(line: bytes) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = orjson.loads(line)
    except ValueError:  # what JSON allows and orjson doesn't: halves of surrogate pairs
        parsed = json.loads(line)
    return parsed


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _hash_durably(path: Path) -> str:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
    return _hash(path)


def _sync_folder(path: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
