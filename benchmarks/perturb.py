"""As many titles as wanted, from real ones: copies with other ids, words and years, for benchmarks of scale.

Not for measures of quality: what the copies have in common is made up.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from trending.tables import TITLE_SCHEMA

# Titles as a file holds them: dates as text, no group of ours, no page.
RAW_SCHEMA = pa.schema(
    [field.with_type(pa.string()) if field.name == "release_date" else field for field in TITLE_SCHEMA if field.name not in ("group_id", "url")]
)
_ROWS_AT_ONCE = 20_000
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def write_perturbed(source: Path, out: Path, rows: int, seed: int) -> None:
    """Write `rows` titles made from those of `source`, a few at a time.

    The first copy of each title is the title itself, without its IMDb id. Later ones have words swapped, a word of another title added or
    the same words; their plots' sentences shuffled; the year up to two off; and one in five has an IMDb id of its own.

    Args:
        source: Parquet file with the columns of `RAW_SCHEMA`.
        out: Parquet file to write, of `RAW_SCHEMA`, zstd; title_id unique.
        rows: How many.
        seed: The same seed gives the same rows.
    """
    randomness = random.Random(seed)
    table = pq.read_table(source, columns=RAW_SCHEMA.names)
    table = table.set_column(table.column_names.index("release_date"), "release_date", table["release_date"].cast(pa.string())).cast(RAW_SCHEMA)
    with pq.ParquetWriter(out, RAW_SCHEMA, compression="zstd") as writer:
        for start in range(0, rows, _ROWS_AT_ONCE):
            numbers = range(start, min(start + _ROWS_AT_ONCE, rows))
            originals = table.take([number % len(table) for number in numbers]).to_pylist()
            words = [original["title"].split()[-1] for original in originals]
            made = [_perturb(row, number, number // len(table), words, randomness) for number, row in zip(numbers, originals, strict=True)]
            writer.write_table(pa.Table.from_pylist(made, schema=RAW_SCHEMA))


def _perturb(row: dict[str, Any], number: int, copy: int, words: list[str], randomness: random.Random) -> dict[str, Any]:
    row["imdb_id"] = None
    if copy == 0:
        return row
    row["source_id"] = f"{row['source_id']}~{copy}"
    row["title_id"] = f"{row['source']}:{row['source_id']}"
    row["title"] = _perturb_title(row["title"], words, randomness)
    if row["year"] is not None:
        row["year"] = min(max(row["year"] + randomness.randint(-2, 2), 1900), 2026)
    if row["plot"]:
        sentences = _SENTENCE_END.split(row["plot"])
        randomness.shuffle(sentences)
        row["plot"] = " ".join(sentences)
    if randomness.random() < 0.2:
        row["imdb_id"] = f"tt9{number:09d}"
    return row


def _perturb_title(title: str, words: list[str], randomness: random.Random) -> str:
    parts = title.split()
    kind = randomness.random()
    if kind < 0.35 and len(parts) > 1:
        at = randomness.randrange(len(parts) - 1)
        parts[at], parts[at + 1] = parts[at + 1], parts[at]
    elif kind < 0.7:
        parts.append(randomness.choice(words))
    return " ".join(parts)
