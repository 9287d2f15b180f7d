"""A file of titles cut into shards that are scored apart, and their predictions joined again: as if one process had scored them all.

A shard is a run of whole batches. A title is thus scored together with the same titles as without shards, and the joined file holds the same rows in the
same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from trending.folders import staged_directory
from trending.scoring import PREDICTIONS_FILE, TITLES_FILE
from trending.scoring.predictions import PREDICTION_SCHEMA, ScoringReport
from trending.tables import TITLE_SCHEMA


def plan_shards(titles: int, shards: int, batch_size: int) -> list[int]:
    """Return how many titles each shard holds: whole batches, shared out as evenly as they go, and never an empty shard.

    Args:
        titles: How many there are, at least 1.
        shards: How many are wanted; fewer come out if there are fewer batches.
        batch_size: Titles scored together.
    """
    batches = -(-titles // batch_size)
    shards = min(shards, batches)
    ends = [min(titles, batch_size * (batches * (number + 1) // shards)) for number in range(shards)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def cut_titles(titles: Path, folder: Path, shards: int, batch_size: int) -> list[int]:
    """Write the shards of `titles` as numbered folders, each with a `titles.parquet`, into `folder`, which appears when all are there.

    Titles keep their order, and one batch is in memory at a time.

    Args:
        titles: Staged titles, a Parquet file.
        folder: Doesn't exist yet, or is empty.
        shards: How many are wanted.
        batch_size: Titles that will be scored together.

    Returns:
        How many titles each shard holds.
    """
    source = pq.ParquetFile(titles, pre_buffer=False)
    sizes = plan_shards(source.metadata.num_rows, shards, batch_size)
    batches = source.iter_batches(batch_size=batch_size)
    with staged_directory(folder) as staging:
        for number, size in enumerate(sizes):
            place = staging / f"{number:05d}"
            place.mkdir()
            with pq.ParquetWriter(place / TITLES_FILE, TITLE_SCHEMA, compression="zstd") as writer:
                written = 0
                while written < size:
                    batch = next(batches)
                    writer.write_batch(batch)
                    written += batch.num_rows
    return sizes


def join_predictions(parts: Sequence[Path], folder: Path) -> int:
    """Write the predictions of all shards, in their order, to `predictions.parquet` in `folder`, and return how many there are.

    Args:
        parts: Folders of predictions.
        folder: Doesn't exist yet, or is empty.
    """
    rows = 0
    with staged_directory(folder) as staging, pq.ParquetWriter(staging / PREDICTIONS_FILE, PREDICTION_SCHEMA, compression="zstd") as writer:
        for part in parts:
            source = pq.ParquetFile(part / PREDICTIONS_FILE, pre_buffer=False)
            for number in range(source.num_row_groups):
                table = source.read_row_group(number)
                writer.write_table(table)
                rows += len(table)
    return rows


def join_reports(reports: Sequence[ScoringReport]) -> ScoringReport:
    """Return what was found in all shards; its seconds are the slowest shard's, as they run side by side."""
    titles, scored, uncertain, without_genre = (sum(getattr(one, name) for one in reports) for name in ("titles", "scored", "uncertain", "without_genre"))
    return ScoringReport(titles, scored, uncertain, without_genre, max(one.seconds for one in reports))
