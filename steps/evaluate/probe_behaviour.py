"""Probe what the champion does with texts that were changed, added to or made up."""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString

from steps.caching import depend_on
from trending.evaluation.behaviour import add_up_behaviour, run_behaviour
from trending.evaluation.rules import DecisionRule
from trending.features.examples import select_part
from trending.models import GenreModel
from trending.models.calibration import Calibrator
from trending.models.predictor import Predictor
from trending.reports.fairness_report import render_behaviour


@step(cache_policy=depend_on("evaluation", "reports", "features", "models", "catalogue/languages.py", "embeddings", "cleaning/text.py"))
def probe_behaviour(
    champion: GenreModel, decision_rules: dict[str, Any], verdict: dict[str, Any], examples: pd.DataFrame, seed: int, notes: list[str]
) -> tuple[Annotated[list[dict[str, Any]], "behaviour"], Annotated[HTMLString, "behaviour_report"]]:
    """Return what came of every test, and a page.

    Args:
        champion: The model to be released.
        decision_rules: Of every candidate.
        verdict: Which was chosen and why.
        examples: All examples; plots of the test split are changed.
        seed: Chooses plots and changes.
        notes: Shown on top of the page.
    """
    name = verdict["champion"]
    rule = DecisionRule(**decision_rules[name])
    predictor = Predictor(champion, Calibrator.from_dict(rule.calibration), np.asarray(rule.thresholds))
    results = run_behaviour(predictor, select_part(examples, "test", "unmasked").texts, seed)
    log_metadata({f"failed_{kind.replace(' ', '_')}": str(share) for kind, share in add_up_behaviour(results).items()})
    return [one.model_dump() for one in results], HTMLString(render_behaviour(results, name, notes))
