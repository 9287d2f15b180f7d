"""Cleaning of one file's records in one process and in shards side by side: `python -m benchmarks.cleaning_shards FILE [--shards N]`.

The median of three rounds, in turn; then cutting and joining, and whether rows and account are the same.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq

from trending.ingestion.clean import FRESH_SCHEMAS, CleaningAccount, clean_records, fresh_file
from trending.ingestion.shards import clean_apart, cut_records, join_fresh
from trending.ingestion.snapshots import iter_all, snapshot_source
from trending.reviews.privacy import load_salt
from trending.settings import load_settings
from trending.sources import SourceConfig, open_source

ROUNDS = 3


def main() -> None:
    """Clean both ways and print what each took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cleaning_shards", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", metavar="FILE", help="titles in the layout `titles`, Parquet")
    parser.add_argument("--shards", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        os.environ["TRENDING_HOME"] = place
        folder = Path(place)
        salt = load_salt(load_settings().home)
        snapshot = snapshot_source(open_source(SourceConfig(source="files", path=arguments.file)), folder)
        started = time.perf_counter()
        sizes = cut_records([snapshot], folder / "cut", arguments.shards)
        cutting = time.perf_counter() - started
        shards = sorted((folder / "cut").iterdir())
        whole, shared, accounts = [], [], []
        for number in range(ROUNDS):
            at_once, parts = folder / f"whole{number}", [folder / f"parts{number}" / shard.name for shard in shards]
            at_once.mkdir()
            for part in parts:
                part.mkdir(parents=True)
            started = time.perf_counter()
            account = CleaningAccount.total([clean_records(iter_all([snapshot]), at_once, salt)])
            whole.append(time.perf_counter() - started)
            started = time.perf_counter()
            with ThreadPoolExecutor(len(shards)) as threads:
                accounts = list(threads.map(clean_apart, shards, parts))
            shared.append(time.perf_counter() - started)
        joined = folder / "joined"
        joined.mkdir()
        started = time.perf_counter()
        join_fresh(parts, joined)
        joining = time.perf_counter() - started
        same = CleaningAccount.total(accounts) == account and all(
            pq.read_table(fresh_file(joined, table)).equals(pq.read_table(fresh_file(at_once, table))) for table in FRESH_SCHEMAS
        )
    print(f"{sum(sizes):,} records in one process: {statistics.median(whole):.1f} s; in {len(sizes)}: {statistics.median(shared):.1f} s")
    print(f"cutting {cutting:.1f} s, joining {joining:.1f} s; rows and account are {'the same' if same else 'NOT the same'}")


if __name__ == "__main__":
    main()
