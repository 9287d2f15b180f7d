"""What starting any pipeline takes: ZenML kept quiet and opened, the stack chosen for this run alone, failures turned into one line."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from pipelines.remote import find_remote_options
from pipelines.secrets import protect_secrets
from pipelines.stacks import use_stack
from trending.errors import QualityError, UsageError, find_trending_error
from trending.settings import load_settings

if TYPE_CHECKING:
    from zenml import Model
    from zenml.models import PipelineRunResponse

_POLL_SECONDS = 2
_PATIENCE_SECONDS = 300


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
    from zenml.integrations.registry import integration_registry
    from zenml.utils import source_utils

    try:
        protect_secrets()
        Client().active_stack_model  # noqa: B018
        # As a pipeline begins, ZenML imports every integration whose library is there, for the kinds of artifacts it can keep. These two take seconds, and
        # nothing here is of their kinds: models lie in folders of ours. Besides, torch's threads and those of xgboost in one process wait for each other.
        for name in ("pytorch", "sklearn"):
            integration_registry.integrations.pop(name, None)
        # It also reads what is installed, a third of a second, for every type of a library that it keeps.
        if not hasattr(source_utils._get_package_for_module, "cache_info"):
            source_utils._get_package_for_module = functools.cache(source_utils._get_package_for_module)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        mend = "if it is the dashboard's server, run: python run.py dashboard --stop (or start it again)"
        raise UsageError(f"ZenML's store can't be opened ({reason})", where="ZenML", mend=mend) from error


def name_stores() -> str:
    """Return the tag of all runs that work with these very stores of data and releases: ZenML may hold other projects' runs, and other homes'."""
    settings = load_settings()
    return f"trending-now-{hashlib.sha256(f'{settings.data_url} {settings.releases_url}'.encode()).hexdigest()[:12]}"


def run_pipeline(pipeline: Any, parameters: dict[str, Any], stack: str | None, use_cache: bool, model: Model | None = None) -> PipelineRunResponse:
    """Run a pipeline to its end.

    Args:
        pipeline: A ZenML pipeline.
        parameters: Its parameters.
        stack: Name of a stack in `stacks/`; by default the user's active one.
        use_cache: Whether steps with nothing changed may be skipped.
        model: The model version it makes, if it makes one.

    Returns:
        The run, which has completed.

    Raises:
        TrendingError: Whatever a step raised of it, or a `QualityError` if the run failed otherwise.
    """
    from zenml.client import Client
    from zenml.enums import ExecutionMode
    from zenml.utils import source_utils

    from pipelines.progress import announce_end, announce_start
    from steps.caching import SOURCE_ROOT

    source_utils.set_custom_source_root(str(SOURCE_ROOT))
    if stack is not None:
        use_stack(stack)
    options = {"tags": [name_stores()], **find_remote_options(pipeline.name), **({} if model is None else {"model": model})}
    if ExecutionMode.FAIL_FAST in Client().active_stack.orchestrator.supported_execution_modes:
        options["execution_mode"] = ExecutionMode.FAIL_FAST
    try:
        run: PipelineRunResponse | None = pipeline.with_options(enable_cache=use_cache, on_start=announce_start, on_end=announce_end, **options)(**parameters)
    except Exception as error:
        expected = find_trending_error(error)
        if expected is None:
            raise
        raise expected from error
    if run is None:
        raise QualityError("the run can't be found again", where="ZenML", mend="look for it with: python run.py dashboard")
    run = _await_end(run)
    if run.status != "completed":
        raise QualityError(f"the run ended as {run.status}{_describe_failure(run)}", where="ZenML", mend="look at it with: python run.py dashboard")
    return run


def _await_end(run: PipelineRunResponse) -> PipelineRunResponse:
    """Wait for a run that an orchestrator has taken over, and that goes on whatever becomes of this process."""
    from zenml.client import Client

    if not run.status.is_finished:
        print(f"run {run.name} goes on elsewhere; its end is waited for (Ctrl-C ends the waiting, not the run)", file=sys.stderr)
    begun = answered = time.monotonic()
    while not run.status.is_finished:
        time.sleep(_POLL_SECONDS)
        try:
            run = Client().get_pipeline_run(run.id)
            answered = time.monotonic()
        except Exception as error:  # of a server that restarts, or a way to it that is broken: the run itself goes on
            if time.monotonic() - answered > _PATIENCE_SECONDS:
                mend = "look at it with: zenml pipeline runs list"
                raise QualityError(f"run {run.name} goes on, but ZenML's server doesn't answer any more", where="ZenML", mend=mend) from error
        if begun and not run.steps and time.monotonic() - begun > _PATIENCE_SECONDS:
            print(f"no step of run {run.name} has begun yet: is its orchestrator running?", file=sys.stderr)
            begun = 0.0
    return run


def _describe_failure(run: PipelineRunResponse) -> str:
    """Return what the first step that failed said last; nothing if that isn't known here."""
    failed = [(name, step.exception_info) for name, step in run.steps.items() if step.status == "failed" and step.exception_info]
    said = [(name, told.message or told.traceback.strip().splitlines()[-1]) for name, told in failed[:1]]
    return "".join(f": step {name}: {' '.join(message.split())}"[:400] for name, message in said)


def count_cached(run: PipelineRunResponse) -> dict[str, int]:
    """Return how many steps a run had, and how many came from the cache."""
    return {"steps": len(run.steps), "steps_cached": sum(1 for step in run.steps.values() if step.status == "cached")}
