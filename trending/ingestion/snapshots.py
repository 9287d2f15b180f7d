"""Snapshots of sources that don't need crawling, in the form a crawl ends in; and the records of several snapshots as one stream."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from trending.datasets.tables import table_files
from trending.sources import Source
from trending.sources.crawl.lines import LineFile
from trending.sources.crawl.snapshot import FAILURES, RECORDS, Counts, Snapshot, iter_records, publish_snapshot, read_snapshot
from trending.tables import DELETED_RECORD

Record = tuple[str, Mapping[str, Any]]
QUARANTINE_SOURCE = "quarantine"
_STAMP = "%Y%m%dT%H%M%SZ"


def snapshot_source(source: Source, folder: Path, limit: int | None = None) -> Path:
    """Write what a file or the starter catalogue holds, up to its `limit`, as a snapshot below `folder`, and return its path."""
    config = {"fingerprint": source.fingerprint(), "limit": limit}
    return write_snapshot(source.name, (("title", record) for record in source.records()), folder, config)


def snapshot_quarantine(version: Path, folder: Path) -> Path:
    """Write the records a version holds in quarantine as a snapshot below `folder`, to be tried again, and return its path."""
    return write_snapshot(QUARANTINE_SOURCE, _read_quarantine(version), folder, {})


def _read_quarantine(version: Path) -> Iterator[Record]:
    for file in table_files(version, "quarantine"):
        for batch in pq.ParquetFile(file).iter_batches(columns=["kind", "record"]):
            yield from ((row["kind"], json.loads(row["record"])) for row in batch.to_pylist() if row["record"] != DELETED_RECORD)


def write_snapshot(name: str, records: Iterable[Record], folder: Path, config: dict[str, Any]) -> Path:
    """Write records as a snapshot.

    Args:
        name: Of the source.
        records: Kind and raw record; all count as fetched and parsed.
        folder: An existing folder; the snapshot becomes a folder in it.
        config: What they were read from, for the record.
    """
    started = dt.datetime.now(dt.UTC)
    written = folder / "writing"
    written.mkdir()
    counts: Counter[str] = Counter()
    lines = LineFile(written / RECORDS)
    for kind, record in records:
        counts[kind] += 1
        lines.write(_dump({"kind": kind, "record": record}))
    lines.close()
    LineFile(written / FAILURES).close()
    facts = {
        "source": name,
        "snapshot_id": f"{started:{_STAMP}}",
        "started": started.isoformat(),
        "finished": dt.datetime.now(dt.UTC).isoformat(),
        "since": None,
        "watermark": None,
        "counts": {kind: Counts(fetched=number, parsed=number) for kind, number in counts.items()},
        "http": {},
        "config": config,
        "licence": "",
        "attribution": "",
        "rights_class": "",
    }
    path = publish_snapshot(written, folder / f"{name}-{facts['snapshot_id']}", facts)
    written.rmdir()
    return path


def _dump(line: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE, default=str)
    except TypeError:  # numbers beyond 64 bits, halves of surrogate pairs, keys that are no text
        return (json.dumps(line, ensure_ascii=True, default=str) + "\n").encode()


def read_all(snapshots: Sequence[Path]) -> list[Snapshot]:
    """Return what each snapshot says of itself, all verified."""
    return [read_snapshot(path) for path in snapshots]


def iter_all(snapshots: Sequence[Path]) -> Iterator[Record]:
    """Yield kind and record of every snapshot, one after the other."""
    for path in snapshots:
        for line in iter_records(path):
            yield line["kind"], line["record"]
