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
    deletions: str,
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
        deletions: Hash of what was asked to be deleted (`Marks.fingerprint`).
        matching: When rows of several sources are the same title (`MatchSettings`).
        gates: What a crawl must hold (`GateSettings`).
        checks: Conditions of the quality reports (`CheckSettings`).
        market: Whose signals the trending score reads.
        as_of: Its day; None takes the end of the latest known period.
        today: What ends later is not known yet.
        memory: What DuckDB may hold in memory.
        threads: Threads of DuckDB.
    """
    cleaned = clean_snapshots(take_snapshots(crawls, stills))
    matched = {"replayed": replayed, "deletions": deletions, "matching": matching}
    scored = {"market": market, "as_of": as_of, "today": today}
    publish_cleaned(*cleaned, parent=parent, matched=matched, gates=gates, checks=checks, scored=scored, database={"memory": memory, "threads": threads})


def take_snapshots(crawls: dict[str, dict[str, Any]], stills: dict[str, dict[str, Any]]) -> list[Any]:
    """Return the artifacts of all snapshots, one a source: the beginning of a run.

    Args:
        crawls: As the pipeline's.
        stills: So too.
    """
    snapshots = [crawl_source.with_options(substitutions={"source": name})(config, id=f"crawl_{name}") for name, config in crawls.items()]
    for name, how in stills.items():
        read = snapshot_source.with_options(substitutions={"source": name})
        snapshots.append(read(source_config=how["source_config"], fingerprint=how["fingerprint"], id=f"read_{name}"))
    return snapshots


def publish_cleaned(
    fresh_rows: Any,
    cleaning_account: Any,
    snapshot_facts: Any,
    *,
    parent: str | None,
    matched: dict[str, Any],
    gates: dict[str, Any],
    checks: dict[str, Any],
    scored: dict[str, Any],
    database: dict[str, Any],
    in_turn: bool = False,
) -> None:
    """Put together, gate, judge, score and publish: the end of a run, however its records were cleaned.

    Args:
        fresh_rows: The artifact of clean rows.
        cleaning_account: That of what became of each record.
        snapshot_facts: That of what the snapshots say.
        parent: As the pipeline's; so is what follows.
        matched: `replayed`, `deletions` and `matching`.
        gates: What a crawl must hold.
        checks: Conditions of the quality reports.
        scored: `market`, `as_of` and `today`.
        database: `memory` and `threads`.
        in_turn: Whether each step ends before the next is called, as in a dynamic pipeline, where there is nothing to put in order.
    """

    def after(step: str) -> dict[str, Any]:
        return {} if in_turn else {"after": [step]}

    tables, assembly_report = assemble_tables(fresh_rows, parent=parent, **matched, **database)
    gate_version(fresh_rows, tables, snapshot_facts, cleaning_account, assembly_report, parent=parent, gates=gates, **database)
    check_quality(tables, checks=checks, **after("gate_version"))
    trends, _ = score_trends(tables, **scored, **after("gate_version"))
    folder, _, _ = build_version(tables, trends, snapshot_facts, cleaning_account, assembly_report, parent=parent, **after("check_quality"))
    publish_version(folder)
