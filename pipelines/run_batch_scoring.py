"""Starts the batch scoring pipeline: checks what can be checked without ZenML, runs it, and returns what was published."""

from __future__ import annotations

import time
from typing import Any

from pipelines.config import BatchScoringConfig, load_config
from pipelines.runner import connect_zenml, count_cached, quieten_zenml, run_pipeline
from pipelines.stacks import check_dynamic, read_stack
from trending.ingestion.companions import fingerprint_companions
from trending.releases import Manifest, ReleaseStore
from trending.releases.bundle import ENCODER_DIR
from trending.scoring.scorer import CURRENT, find_scorer
from trending.settings import load_settings
from trending.sources import Source, open_source
from trending.sources.catalogue import CatalogueSource
from trending.sources.starter import STARTER_SOURCE


def run_batch_scoring(config_file: str | None, overrides: list[str], stack: str | None, use_cache: bool) -> dict[str, Any]:
    """Run the batch scoring pipeline and return a description of the release it published.

    Args:
        config_file: YAML of pipeline parameters; the default is `configs/batch_scoring.yaml`.
        overrides: `KEY=VALUE` pairs.
        stack: Name of a stack in `stacks/`; by default the user's active one.
        use_cache: Whether steps with nothing changed may be skipped.

    Raises:
        TrendingError: Whatever a step raised of it, or a `QualityError` if the run failed otherwise.
    """
    started = time.perf_counter()
    config = load_config(BatchScoringConfig, config_file, overrides)
    if stack is not None:
        read_stack(stack)
    store = ReleaseStore.from_settings()
    scorer = find_scorer(store, config.release)
    source = open_source(config.source_config())
    if isinstance(source, CatalogueSource):  # "latest" as it is now, whatever is published while the run goes on
        config = config.model_copy(update={"version": source.version})
    store.check_writable()
    quieten_zenml()
    connect_zenml()

    from zenml import Model

    from pipelines.training import MODEL_NAME

    # The model's own version, which the run belongs to; one that was made without ZenML gets the release's name.
    origin = scorer.zenml
    model = Model(name=origin.model_name or MODEL_NAME, version=origin.model_version or scorer.version)
    before = set(store.versions())
    if config.scale == "sharded":
        check_dynamic(stack)
    pipeline, more, scoring_step = _choose_pipeline(config, scorer)
    run = run_pipeline(pipeline, _parameters(config, source, scorer) | more, stack, use_cache, model)
    version = str(run.steps["publish_release"].outputs["release_version"][0].load())
    staged = run.steps["stage_titles"].outputs["staging_report"][0].load()
    scored = run.steps[scoring_step].outputs["scoring_report"][0].load()
    return {
        "release": version,
        "new": version not in before,
        "location": f"{store.root if store.local else store.url}/{version}",
        "scored_from": scorer.catalogue.scored_from if scorer.catalogue else scorer.version,
        "model_kind": scorer.model_kind,
        "model_version": model.version,
        "source": source.name,
        "data_version": config.version if isinstance(source, CatalogueSource) else None,
        "shown": staged["shown"],
        **{name: scored[name] for name in ("titles", "scored", "uncertain", "without_genre")},
        "titles_per_second": round(scored["scored"] / max(scored["seconds"], 1e-3), 1),
        "run": run.name,
        **count_cached(run),
        "seconds": round(time.perf_counter() - started, 1),
    }


def _choose_pipeline(config: BatchScoringConfig, scorer: Manifest) -> tuple[Any, dict[str, Any], str]:
    """Return the pipeline for the scale, what it takes besides, and the step whose predictions are whole."""
    if config.scale == "single":
        from pipelines.batch_scoring import batch_scoring

        return batch_scoring, {}, "score_titles"
    from pipelines.sharded_scoring import sharded_scoring

    return sharded_scoring, {"shards": config.count_shards(), "embeds": any(name.startswith(f"{ENCODER_DIR}/") for name in scorer.files)}, "join_predictions"


def _parameters(config: BatchScoringConfig, source: Source, scorer: Manifest) -> dict[str, Any]:
    ingested = isinstance(source, CatalogueSource)
    starter = config.source == STARTER_SOURCE
    store = ReleaseStore.from_settings()
    return {
        "source": config.source_config().model_dump(),
        "data": {"source": source.name, "fingerprint": source.fingerprint(), "starter": starter, "rights": config.rights},
        "rights": config.rights,
        "release": {"version": scorer.version, "digest": scorer.digest},
        "batch_size": config.batch_size,
        "companions": {"version": config.version, "fingerprint": fingerprint_companions(config.version), "market": config.market} if ingested else None,
        "writer": load_settings().llm_model or None,
        "insight_checks": config.insight_checks.model_dump(),
        # A model that is promoted meanwhile isn't replaced by the one before. A release asked for by name replaces any; so does what is scored with an
        # older one because the current is damaged.
        "replaces": scorer.learnt_as if config.release == CURRENT and store.name_model(store.current_version()) == scorer.learnt_as else None,
    }
