"""Starts a pipeline: checks what can be checked without ZenML, runs it, and returns what was published."""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import Any

from pipelines.config import TrainingConfig, load_config
from pipelines.stacks import read_stack, use_stack
from trending.errors import QualityError, UsageError, find_trending_error
from trending.releases import Manifest, ReleaseStore
from trending.sources import open_source
from trending.sources.starter import STARTER_SOURCE


def quieten_zenml() -> None:
    """Let ZenML's console be still and off stdout, for our commands speak for themselves; what the user has set stays.

    The logs that ZenML keeps of each step, and its dashboard shows, are not touched.
    """
    for name in ("ZENML_ANALYTICS_OPT_IN", "ZENML_AUTO_OPEN_DASHBOARD"):
        os.environ.setdefault(name, "false")

    from zenml.logger import ZenMLConsoleHandler

    for handler in logging.root.handlers:
        if isinstance(handler, ZenMLConsoleHandler):
            handler.setStream(sys.stderr)
            if "ZENML_LOGGING_VERBOSITY" not in os.environ:
                handler.setLevel(logging.CRITICAL)


def connect_zenml() -> None:
    """Open ZenML's store.

    Raises:
        UsageError: If it is a server that doesn't answer, such as a dashboard that has since stopped.
    """
    from zenml.client import Client

    try:
        Client().active_stack_model  # noqa: B018
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        mend = "if it is the dashboard's server, run: python run.py dashboard --stop (or start it again)"
        raise UsageError(f"ZenML's store can't be opened ({reason})", where="ZenML", mend=mend) from error


def run_training(config_file: str | None, overrides: list[str], stack: str | None, use_cache: bool) -> dict[str, Any]:
    """Run the training pipeline and return a description of the release it published.

    Args:
        config_file: YAML of pipeline parameters; the default is `configs/training.yaml`.
        overrides: `KEY=VALUE` pairs.
        stack: Name of a stack in `stacks/`; by default the user's active one.
        use_cache: Whether steps with nothing changed may be skipped.

    Raises:
        TrendingError: Whatever a step raised of it, or a `QualityError` if the run failed otherwise.
    """
    started = time.perf_counter()
    config = load_config("training", config_file, overrides)
    if stack is not None:
        read_stack(stack)
    source = open_source(config.source_config())
    fingerprint = source.fingerprint()
    store = ReleaseStore.from_settings()
    store.check_writable()
    quieten_zenml()
    connect_zenml()

    from zenml import Model
    from zenml.enums import ExecutionMode
    from zenml.utils import source_utils

    from pipelines.progress import announce_end, announce_start
    from pipelines.training import MODEL_NAME, training
    from pipelines.versions import model_version_name
    from steps.caching import SOURCE_ROOT

    source_utils.set_custom_source_root(str(SOURCE_ROOT))
    if stack is not None:
        use_stack(stack)
    parameters = _parameters(config, source.name, fingerprint)
    model = Model(
        name=MODEL_NAME,
        version=model_version_name(parameters),
        description="Genres of films and TV shows, predicted from their plots.",
        tags=["genres", source.name],
        limitations="English plots; labels as catalogues give them. See the model card.",
    )
    try:
        run = training.with_options(enable_cache=use_cache, model=model, execution_mode=ExecutionMode.FAIL_FAST, on_start=announce_start, on_end=announce_end)(
            **parameters
        )
    except Exception as error:
        expected = find_trending_error(error)
        if expected is None:
            raise
        raise expected from error
    if run is None or run.status != "completed":
        raise QualityError(f"the run ended as {getattr(run, 'status', 'unknown')}", where="ZenML", mend="look at it with: python run.py dashboard")
    version = str(run.steps["publish_release"].outputs["release_version"][0].load())
    cached = sum(1 for step in run.steps.values() if step.status == "cached")
    described = describe_release(store, store.manifest(version))
    return described | {"run": run.name, "steps": len(run.steps), "steps_cached": cached, "seconds": round(time.perf_counter() - started, 1)}


def _parameters(config: TrainingConfig, source_name: str, fingerprint: str) -> dict[str, Any]:
    starter = config.source == STARTER_SOURCE
    return {
        "source": config.source_config().model_dump(),
        "data": {"source": source_name, "fingerprint": fingerprint, "starter": starter, "rights": config.rights},
        "rights": config.rights,
        "seed": config.seed,
        "models": list(config.models),
        "model_params": config.model_params,
    }


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
