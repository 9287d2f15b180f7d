"""Decide whether to learn anew."""

import datetime as dt
from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString

from stacks.alerts import tell
from trending.continual.settings import TriggerSettings
from trending.continual.watch import watch
from trending.monitoring.served import watch_served
from trending.releases import ReleaseStore
from trending.reports.trigger_report import render_decision
from trending.service.feedback import FeedbackStore


# Never cached: it depends on the day, on what is served, and on what was flagged since.
@step(enable_cache=False)
def decide_retraining(
    titles: pd.DataFrame, champion: dict[str, str], rights: list[str], key: str, triggers: dict[str, Any], seed: int
) -> tuple[
    Annotated[dict[str, Any], "decision"],
    Annotated[HTMLString, "reasons"],
    Annotated[HTMLString, "drift_report"],
    Annotated[HTMLString, "served_drift_report"],
]:
    """Return whether there is reason to learn anew, and why; and how what services are asked differs from what the champion was judged on.

    Without new titles that have labels there is nothing to learn from, so drift of what is asked is told of, and no reason by itself.

    Args:
        titles: Clean titles, all of them.
        champion: `version` and `digest` of the release that is served.
        rights: Patterns of the rights classes that may be learnt from.
        key: What a challenger would be learnt from and judged by; see `trending.continual.watch.find_declined`.
        triggers: `TriggerSettings`.
        seed: Of the bootstrap.
    """
    store = ReleaseStore.from_settings()
    learnt_as = store.manifest(champion["version"]).learnt_as
    same_model = [version for version in store.versions() if store.name_model(version) == learnt_as]
    flagged = FeedbackStore.from_settings().count_flagged(same_model, "genres")
    decision, page = watch(store, champion["version"], titles, rights, key, flagged, TriggerSettings(**triggers), seed)
    served, served_page = watch_served(store.open(champion["version"]), dt.datetime.now(dt.UTC))
    fired = [finding.trigger for finding in decision.findings if finding.fired]
    log_metadata({"go": decision.go, "reason": decision.reason, "new_titles": decision.new_titles, "fired": ", ".join(fired) or "none"})
    if served is not None:
        log_metadata({"served_drift": served.alarm, "served_drift_reason": served.reason})
        if served.alarm:
            tell(f"What services are asked drifts from what champion {decision.champion} was judged on: {served.reason}", alarming=True)
    tell(f"Continual learning, champion {decision.champion}: {decision.reason}", alarming="drift" in fired or "performance" in fired)
    return decision.model_dump(), HTMLString(render_decision(decision)), HTMLString(page), HTMLString(served_page)
