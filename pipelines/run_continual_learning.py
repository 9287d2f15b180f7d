"""Starts continual learning: looks whether there is reason to learn anew, and if there is, has a challenger learnt, judged, and published or not."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from pipelines.config import ContinualConfig, load_config
from pipelines.run_training import Plan, describe_release, plan_training, train
from pipelines.runner import connect_zenml, count_cached, quieten_zenml, run_pipeline
from pipelines.schedules import schedule_learning
from trending.continual.triggers import decide_first
from trending.releases import Manifest, ReleaseStore
from trending.releases.promotion import repair

_ROOT = Path(__file__).resolve().parents[1]


def run_continual_learning(config_file: str | None, overrides: list[str], stack: str | None, use_cache: bool) -> dict[str, Any]:
    """Run continual learning and return what was decided, and why.

    Args:
        config_file: YAML of pipeline parameters; the default is `configs/continual_learning.yaml`.
        overrides: `KEY=VALUE` pairs. With a live source its data are ingested first, and the version they end in is looked at.
        stack: Name of a stack in `stacks/`; by default the user's active one.
        use_cache: Whether steps with nothing changed may be skipped.

    Raises:
        TrendingError: Whatever a step raised of it, or a `QualityError` if a run failed otherwise.
    """
    started = time.perf_counter()
    config = load_config(ContinualConfig, config_file, overrides)
    if config.schedule:
        return {"outcome": "scheduled", **schedule_learning(config.schedule, _repeat(config_file, overrides, use_cache), stack)}
    store = ReleaseStore.from_settings()
    plan = plan_training(config, stack, use_cache)
    repair(store)  # of a promotion that was killed
    champion = _find_champion(store)
    if champion is None:
        first = decide_first()
        return {**train(plan, stack, use_cache, started), "decision": first.model_dump(), "verdict": None, "outcome": "published"}
    quieten_zenml()
    connect_zenml()

    from pipelines.continual_watch import continual_watch

    learning = {name: value for name, value in plan.parameters.items() if name != "companions"}
    asked: dict[str, Any] = {"champion": {"version": champion.version, "digest": champion.digest}, "key": _name_challenger(config, plan, champion)}
    looked = {"source": learning["source"], "data": learning["data"], "rights": learning["rights"], "seed": learning["seed"]}
    seen = run_pipeline(continual_watch, {**looked, **asked, "triggers": config.triggers.model_dump()}, stack, use_cache)
    decision = seen.steps["decide_retraining"].outputs["decision"][0].load()
    told = {"champion": champion.version, "source": plan.source.name, "decision": decision}
    if not decision["go"]:
        return told | _count(store, seen, started) | {"verdict": None, "outcome": "nothing to do"}
    from pipelines.continual_learning import continual_learning  # takes seconds, so not where nothing is learnt

    plan.prepare_encoder()
    rules = {"assembly": config.assembly.model_dump(), "gate": config.gate.model_dump(), "decision": decision}
    parameters = {"learning": learning, "companions": plan.parameters["companions"], **asked, **rules}
    run = run_pipeline(continual_learning, parameters, stack, use_cache, plan.name_model(parameters))
    verdict = run.steps["decide_promotion"].outputs["final_verdict"][0].load()
    return told | _count(store, run, started) | {"verdict": verdict, "outcome": "promoted" if verdict["decision"] == "promote" else "declined"}


def _repeat(config_file: str | None, overrides: list[str], use_cache: bool) -> list[str]:
    """Return the command line that does now what is to be done on a schedule; the stack is then the one it runs on.

    It is run in the checkout, wherever that lies then: a configuration in it is named from there.
    """
    path = Path(config_file).resolve() if config_file else None
    given = ["--config", str(path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path)] if path else []
    kept = [part for override in overrides if not override.startswith("schedule=") for part in ("--set", override)]
    return ["--pipeline", "continual_learning", *given, *kept, "--set", "schedule=", *([] if use_cache else ["--no-cache"])]


def _find_champion(store: ReleaseStore) -> Manifest | None:
    """Return the release that is served; None if nothing was published yet.

    Raises:
        ReleaseError: If `CURRENT` names one that can't be: nothing replaces it unjudged.
    """
    version = store.current_version()
    return None if version is None else store.verify(version)


def _name_challenger(config: ContinualConfig, plan: Plan, champion: Manifest) -> str:
    """Return a hash of all that decides what a challenger would be and how it would be judged, but for the code."""
    parts = [plan.parameters, champion.learnt_as, config.assembly.model_dump(), config.gate.model_dump()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _count(store: ReleaseStore, run: Any, started: float) -> dict[str, Any]:
    current = store.current_version()
    facts = describe_release(store, store.manifest(str(current)))
    return {**facts, "run": run.name, **count_cached(run), "seconds": round(time.perf_counter() - started, 1)}
