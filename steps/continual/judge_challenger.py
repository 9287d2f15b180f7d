"""Judge a challenger against the champion."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString

from steps.folders import discard
from trending.continual.match import hold_match
from trending.continual.settings import PromotionRules
from trending.releases import ReleaseStore
from trending.releases.bundle import load_bundle
from trending.reports.gate_report import render_verdict


# Never cached: what a title takes is measured here and now, and the champion may be another by now.
@step(enable_cache=False)
def judge_challenger(
    release_bundle: Path,
    titles: pd.DataFrame,
    roles: pd.DataFrame,
    model_checks: dict[str, str],
    champion: dict[str, str],
    decision: dict[str, Any],
    gate: dict[str, Any],
    blocking: list[str],
    seed: int,
    reviews: pd.DataFrame | None = None,
) -> tuple[Annotated[dict[str, Any], "gate_verdict"], Annotated[HTMLString, "gate_report"]]:
    """Return the verdict, and as a page what was compared, the rules and the decision.

    Args:
        release_bundle: The challenger.
        titles: Clean titles, all of them.
        roles: `title_id` and `role` of what took part.
        model_checks: Outcome of deepchecks' checks on the challenger.
        champion: `version` and `digest` of the release that is served.
        decision: Why there is a challenger.
        gate: `PromotionRules`.
        blocking: Checks that must pass.
        seed: Of the bootstrap.
        reviews: All there are, if the source has any.
    """
    verdict = hold_match(
        ReleaseStore.from_settings().open(champion["version"]),
        load_bundle(release_bundle),
        titles,
        roles,
        PromotionRules(**gate),
        why=decision["reason"],
        new_titles=decision["new_titles"],
        checks=model_checks,
        blocking=blocking,
        reviews=reviews,
        seed=seed,
    )
    discard(release_bundle)
    log_metadata({"decision": verdict.decision, "reason": verdict.reason, **{f"macro_f1_{name}": figure.value for name, figure in verdict.differences.items()}})
    return verdict.model_dump(), HTMLString(render_verdict(verdict))
