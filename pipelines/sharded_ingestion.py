"""The ingestion pipeline with its records cleaned in shards side by side."""

import os
from typing import Any

from zenml import pipeline

from pipelines.ingestion import publish_cleaned, take_snapshots
from steps.shard.clean_shard import clean_shard
from steps.shard.cut_snapshots import cut_snapshots
from steps.shard.join_fresh import join_fresh

# As in sharded_scoring.py: parameters stay parameters.
os.environ.setdefault("ZENML_PARAMETER_SIZE_THRESHOLD", "-1")


@pipeline(name="ingestion", dynamic=True)
def sharded_ingestion(
    crawls: dict[str, dict[str, Any]],
    stills: dict[str, dict[str, Any]],
    parent: str | None,
    replayed: bool,
    deletions: str,
    matching: dict[str, Any],
    gates: dict[str, Any],
    checks: dict[str, Any],
    market: str,
    as_of: str | None,
    today: str,
    memory: str,
    threads: int,
    shards: int,
) -> None:
    """Fetch, cut, clean shard by shard, join, and go on as `ingestion` does: the same version as with the same parameters there.

    Args:
        crawls: As `ingestion`'s; so is what follows.
        stills: Other sources.
        parent: The version to build on.
        replayed: Whether its quarantine is the source.
        deletions: Hash of requests.
        matching: When rows are the same title.
        gates: What a crawl must hold.
        checks: Conditions of the quality reports.
        market: Whose signals are read.
        as_of: Day of the trending score.
        today: What ends later is not known yet.
        memory: What DuckDB may hold in memory.
        threads: Of DuckDB.
        shards: How many are wanted.
    """
    cut, facts = cut_snapshots(take_snapshots(crawls, stills), shards=shards)
    parts, accounts = clean_shard.map(cut).unpack()
    fresh_rows, account = join_fresh(parts, accounts)
    matched = {"replayed": replayed, "deletions": deletions, "matching": matching}
    scored = {"market": market, "as_of": as_of, "today": today}
    database = {"memory": memory, "threads": threads}
    publish_cleaned(fresh_rows, account, facts, parent=parent, matched=matched, gates=gates, checks=checks, scored=scored, database=database, in_turn=True)
