"""Starts the ingestion pipeline: checks what can be checked without ZenML, runs it, and returns the data version it ended in."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import asdict
from typing import Any, cast

from pipelines.config import IngestionConfig, load_config
from pipelines.runner import connect_zenml, count_cached, quieten_zenml, run_pipeline
from pipelines.stacks import check_dynamic, read_stack
from trending.datasets.manifest import DataManifest
from trending.datasets.store import DataStore
from trending.deletion.requests import DeletionRequests
from trending.errors import NotFoundError, UsageError
from trending.ingestion.snapshots import QUARANTINE_SOURCE
from trending.settings import load_settings
from trending.sources import open_source
from trending.sources.crawl.config import LIVE_SOURCES, CrawlConfig, LiveName
from trending.sources.crawl.engine import check_options, check_reachable


def run_ingestion(config_file: str | None, overrides: list[str], stack: str | None, use_cache: bool) -> dict[str, Any]:
    """Run the ingestion pipeline and return a description of the version it ended in.

    Args:
        config_file: YAML of pipeline parameters; the default is `configs/ingestion.yaml`.
        overrides: `KEY=VALUE` pairs.
        stack: Name of a stack in `stacks/`; by default the user's active one.
        use_cache: Whether steps with nothing changed may be skipped.

    Raises:
        TrendingError: Whatever a step raised of it, or a `QualityError` if the run failed otherwise.
    """
    config = load_config(IngestionConfig, config_file, overrides)
    store = DataStore.from_settings()
    parent = store.latest()
    sources = store.manifest(parent).sources if parent else {}
    if "files" not in config.source:  # whose rows may name sources nobody knows yet
        config.gates.check_names([*config.source, *sources])
    crawls: dict[str, Any] = {}
    stills: dict[str, Any] = {}
    for name in config.source:
        if name in LIVE_SOURCES:
            crawl = config.crawl_config(cast("LiveName", name), sources[name].watermark if name in sources else None)
            check_crawl(crawl)
            crawls[name] = crawl.model_dump()
        else:
            still = config.source_config(name)
            stills[name] = {"source_config": still.model_dump(), "fingerprint": open_source(still).fingerprint()}
    return _run(config, crawls, stills, parent, False, stack, use_cache)


def check_crawl(config: CrawlConfig) -> None:
    """Refuse a crawl that can't begin, before ZenML is started for it.

    Raises:
        UsageError: If its key is missing, or it has an option the source doesn't know.
        SourceUnreachable: If its host doesn't answer.
    """
    if config.known.needs_key and not load_settings().key_of(config.source):
        raise UsageError("needs an API key of your own", where=config.source, mend=f"set TRENDING_{config.source.upper()}_KEY")
    check_options(config)
    check_reachable(config)


def replay_quarantine(version: str | None, config_file: str | None, overrides: list[str]) -> dict[str, Any]:
    """Try the latest version's quarantine again, as after a fix, and return a description of the version that ends in.

    What has meanwhile come from the sources goes before what was quarantined.

    Args:
        version: The latest version, if it is named: what is still open of older ones is in its quarantine.
        config_file: YAML of pipeline parameters, of which those of sources don't matter.
        overrides: `KEY=VALUE` pairs.

    Raises:
        UsageError: If another version is named.
        NotFoundError: If nothing is in quarantine.
    """
    config = load_config(IngestionConfig, config_file, overrides)
    store = DataStore.from_settings()
    parent = store.resolve()
    if version is not None and store.resolve(version) != parent:
        raise UsageError("only the latest version can be replayed", where=version, mend="what is still open of older ones is in its quarantine")
    if not store.manifest(parent).tables["quarantine"].rows:
        raise NotFoundError("nothing is in quarantine", where=f"data version {parent}", mend="see: python run.py data show")
    stills = {QUARANTINE_SOURCE: {"source_config": None, "fingerprint": parent}}
    return _run(config, {}, stills, parent, True, None, True)


def _run(
    config: IngestionConfig, crawls: dict[str, Any], stills: dict[str, Any], parent: str | None, replayed: bool, stack: str | None, use_cache: bool
) -> dict[str, Any]:
    started = time.perf_counter()
    if stack is not None:
        read_stack(stack)
    quieten_zenml()
    connect_zenml()

    parameters = {
        "crawls": crawls,
        "stills": stills,
        "parent": parent,
        "replayed": replayed,
        "deletions": DeletionRequests.from_settings().marks().fingerprint(),
        "matching": asdict(config.matching),
        "gates": config.gates.model_dump(mode="json"),
        "checks": config.checks.model_dump(mode="json"),
        "market": config.market,
        "as_of": config.as_of.isoformat() if config.as_of else None,
        "today": dt.datetime.now(dt.UTC).date().isoformat(),
        "memory": config.memory,
        "threads": config.threads,
    }
    pipeline, more = _choose_pipeline(config, stack)
    run = run_pipeline(pipeline, parameters | more, stack, use_cache)
    store = DataStore.from_settings()
    version = str(run.steps["publish_version"].outputs["data_version"][0].load())
    # What this run saw, even where it ended in the version before because not a row differs.
    account = run.steps["build_version"].run_metadata
    facts = describe_version(store.manifest(version))
    counted = {name: int(str(account[name])) for name in facts["account"]}
    return facts | {
        "new": version != parent,
        "account": counted,
        "run": run.name,
        **count_cached(run),
        "seconds": round(time.perf_counter() - started, 1),
    }


def _choose_pipeline(config: IngestionConfig, stack: str | None) -> tuple[Any, dict[str, Any]]:
    """Return the pipeline for the scale, and what it takes besides."""
    if config.scale == "single":
        from pipelines.ingestion import ingestion

        return ingestion, {}
    check_dynamic(stack)
    from pipelines.sharded_ingestion import sharded_ingestion

    return sharded_ingestion, {"shards": config.count_shards()}


def describe_version(manifest: DataManifest) -> dict[str, Any]:
    """Return the facts about a version that a run ends with."""
    return {
        "version": manifest.version,
        "parent": manifest.parent,
        "rows": {name: table.rows for name, table in manifest.tables.items()},
        "account": manifest.account.total.model_dump(),
        "sources": {name: state.rows.get("titles", 0) for name, state in manifest.sources.items()},
    }
