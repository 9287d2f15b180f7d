"""A run's records cut into shards that are cleaned apart, and what comes of them joined again: as if one process had cleaned them all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq

from trending.folders import staged_directory
from trending.ingestion.clean import FRESH_SCHEMAS, CleaningAccount, clean_records, fresh_file
from trending.ingestion.snapshots import Record
from trending.processes import run_apart
from trending.sources.crawl.job import read_json
from trending.sources.crawl.lines import LineFile
from trending.sources.crawl.snapshot import RECORDS, iter_records

FACTS = "shard.json"


def cut_records(snapshots: Sequence[Path], folder: Path, shards: int) -> list[int]:
    """Write the records of all snapshots, in their order, as numbered folders into `folder`, which appears when all are there.

    Args:
        snapshots: Folders.
        folder: Doesn't exist yet, or is empty.
        shards: How many are wanted; fewer come out if there are fewer records, and one if there is none.

    Returns:
        How many records each shard holds.
    """
    total = sum(1 for _ in _iter_lines(snapshots))
    shards = max(1, min(shards, total))
    ends = [total * (number + 1) // shards for number in range(shards)]
    lines = _iter_lines(snapshots)
    with staged_directory(folder) as staging:
        for number, (begin, end) in enumerate(zip([0, *ends], ends, strict=False)):
            place = staging / f"{number:05d}"
            place.mkdir()
            (place / FACTS).write_text(json.dumps({"first": begin}), encoding="utf-8")
            written = LineFile(place / RECORDS)
            for line in islice(lines, end - begin):
                written.write(line)
            written.close()
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def _iter_lines(snapshots: Sequence[Path]) -> Iterator[bytes]:
    for snapshot in snapshots:
        with gzip.open(snapshot / RECORDS, "rb") as stream:
            yield from stream


def iter_shard(shard: Path) -> Iterator[Record]:
    """Yield kind and record of a shard."""
    return ((line["kind"], line["record"]) for line in iter_records(shard))


def clean_shard(shard: Path, folder: Path, salt: bytes) -> CleaningAccount:
    """Clean a shard into the files of `folder`, an existing, empty one; rows are numbered as in the whole run."""
    return clean_records(iter_shard(shard), folder, salt, int(read_json(shard / FACTS)["first"]))


def clean_apart(shard: Path, folder: Path) -> CleaningAccount:
    """Do the same in a Python process of its own, which reads the salt itself.

    Raises:
        QualityError: If the process ends before it has cleaned them all.
    """
    told = run_apart("trending.ingestion.apart", str(shard), str(folder), what="cleaning a shard", where=f"shard {shard.name}", mend="raise shards")
    return CleaningAccount.from_dict(told)


def join_fresh(parts: Sequence[Path], folder: Path) -> dict[str, int]:
    """Write the clean rows of all shards, in their order, to the files of `folder`, and return how many rows each table has.

    Args:
        parts: Folders of clean rows.
        folder: An existing, empty folder.
    """
    rows: dict[str, int] = {}
    for table, schema in FRESH_SCHEMAS.items():
        with pq.ParquetWriter(fresh_file(folder, table), schema, compression="zstd") as writer:
            for part in parts:
                source = pq.ParquetFile(fresh_file(part, table), pre_buffer=False)
                for number in range(source.num_row_groups):
                    writer.write_table(source.read_row_group(number))
                rows[table] = rows.get(table, 0) + source.metadata.num_rows
    return rows
