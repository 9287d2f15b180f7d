"""The ingestion pipeline: from sources to a published data version, each stage one step."""

from typing import Any

from zenml import pipeline

from steps.assemble.assemble_tables import assemble_tables
from steps.clean.clean_snapshots import clean_snapshots
from steps.ingest.crawl_source import crawl_source
from steps.ingest.snapshot_source import snapshot_source
from steps.trends.score_trends import score_trends
from steps.validate.check_quality import check_quality
from steps.validate.gate_version import gate_version
from steps.version.build_version import build_version
from steps.version.publish_version import publish_version


@pipeline(name="ingestion")
def ingestion(
    crawls: dict[str, dict[str, Any]],
    stills: dict[str, dict[str, Any]],
    parent: str | None,
    replayed: bool,
    matching: dict[str, Any],
    gates: dict[str, Any],
    checks: dict[str, Any],
    market: str,
    as_of: str | None,
    today: str,
    memory: str,
    threads: int,
) -> None:
    """Fetch, clean, put together, gate, judge, score, and publish a version.

    Args:
        crawls: Live sources by name (`CrawlConfig`).
        stills: Other sources by name, with `source_config` and `fingerprint`.
        parent: The version to build on.
        replayed: True if the parent's quarantine is the source.
        matching: When rows of several sources are the same title (`MatchSettings`).
        gates: What a crawl must hold (`GateSettings`).
        checks: Conditions of the quality reports (`CheckSettings`).
        market: Whose signals the trending score reads.
        as_of: Its day; None takes the end of the latest known period.
        today: What ends later is not known yet.
        memory: What DuckDB may hold in memory.
        threads: Threads of DuckDB.
    """
    snapshots = [crawl_source.with_options(substitutions={"source": name})(config, id=f"crawl_{name}") for name, config in crawls.items()]
    for name, how in stills.items():
        read = snapshot_source.with_options(substitutions={"source": name})
        snapshots.append(read(source_config=how["source_config"], fingerprint=how["fingerprint"], id=f"read_{name}"))
    fresh_rows, cleaning_account, snapshot_facts = clean_snapshots(snapshots)
    tables, assembly_report = assemble_tables(fresh_rows, parent=parent, replayed=replayed, matching=matching, memory=memory, threads=threads)
    gate_version(fresh_rows, tables, snapshot_facts, cleaning_account, assembly_report, parent=parent, gates=gates, memory=memory, threads=threads)
    check_quality(tables, checks=checks, after=["gate_version"])
    trends, _ = score_trends(tables, market=market, as_of=as_of, today=today, after=["gate_version"])
    folder, _, _ = build_version(tables, trends, snapshot_facts, cleaning_account, assembly_report, parent=parent, after=["check_quality"])
    publish_version(folder)
