"""The choice of the model that is released: the best on validation titles that keeps within the budget, if it beats the baseline beyond doubt."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from pydantic import BaseModel

from trending.errors import QualityError
from trending.evaluation.baselines import BASELINE
from trending.evaluation.candidates import LEAK_REFERENCE, UNMASKED
from trending.evaluation.costs import Budget, Cost
from trending.evaluation.judge import compare
from trending.evaluation.judgement import Figure, Judgement
from trending.evaluation.metrics import Judged
from trending.evaluation.rules import DecisionRule
from trending.features.examples import select_part
from trending.models.base import GenreModel
from trending.models.blend import BlendModel


class Verdict(BaseModel):
    """Which candidate was chosen, and how far each is above the majority baseline on test titles.

    `gains` says how far the champion is above the reference, on all test titles (`all`), on films (`movie`) and on TV shows (`tv`).
    """

    champion: str
    validation: dict[str, float]
    differences: dict[str, Figure]
    gains: dict[str, Figure] = {}
    leak: dict[str, Figure]
    over_budget: list[str] = []


def choose_champion(
    rules: Mapping[str, DecisionRule],
    judged: Mapping[str, Judged],
    judgements: Mapping[str, Judgement],
    examples: pd.DataFrame,
    seed: int,
    costs: Mapping[str, Cost] | None = None,
    budget: Budget | None = None,
) -> Verdict:
    """Choose the candidate with the best macro F1 on validation titles; test titles only say how good it is.

    Args:
        rules: Of every candidate, with its macro F1 on validation titles.
        judged: Decisions on test titles.
        judgements: Every figure of them.
        examples: All examples.
        seed: For the paired bootstrap.
        costs: Of every candidate; without them none is too dear.
        budget: What the champion may cost.

    Raises:
        QualityError: If every candidate is over the budget, or the best one's paired difference to the baseline is not above zero beyond doubt.
    """
    validation = {name: rule.validation_macro_f1 for name, rule in rules.items() if not name.endswith(UNMASKED)}
    rivals = [name for name in validation if name != BASELINE]
    dear = [name for name in rivals if costs and budget and not budget.holds(costs[name])]
    affordable = [name for name in rivals if name not in dear]
    if not affordable:
        raise QualityError("every model is over the budget; nothing was published", where="budget", mend="raise max_ms or max_megabytes")
    champion = max(affordable, key=lambda name: validation[name])
    groups = select_part(examples, "test").rows["group_id"].astype(str).tolist()
    differences = {name: compare(judged[name], judged[BASELINE], groups, seed) for name in rivals}
    gain = differences[champion]
    if gain.low <= 0:
        raise QualityError(
            f"the best model ({champion}) is not beyond doubt better than the baseline, which gives every title the same genres: "
            f"macro F1 {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]; nothing was published",
            where="comparison",
            mend="train on more titles, or look at the data summary",
        )
    twin = next((name for name in rules if name.endswith(UNMASKED)), None)
    leak = {} if twin is None else {text: judgements[name].metrics["macro_f1"] for text, name in (("masked", twin.removesuffix(UNMASKED)), ("unmasked", twin))}
    return Verdict(
        champion=champion,
        validation=validation,
        differences=differences,
        gains=_compare_types(judged[champion], judged[LEAK_REFERENCE], examples, seed) if LEAK_REFERENCE in rivals else {},
        leak=leak,
        over_budget=dear,
    )


def _compare_types(ours: Judged, theirs: Judged, examples: pd.DataFrame, seed: int) -> dict[str, Figure]:
    rows = select_part(examples, "test").rows
    masks = {"all": rows["type"].notna(), "movie": rows["type"] == "movie", "tv": rows["type"] == "tv"}
    found = {}
    for name, mask in masks.items():
        inside = mask.to_numpy(dtype=bool)
        if inside.any():
            found[name] = compare(ours.take(inside), theirs.take(inside), rows["group_id"][inside].astype(str).tolist(), seed)
    return found


def assemble_champion(champion: str, rules: Mapping[str, DecisionRule], models: Mapping[str, GenreModel]) -> GenreModel:
    """Return the model to release: one of those trained, or several as one."""
    members = rules[champion].members
    return BlendModel(members, {name: models[name] for name in members}) if members else models[champion]
