"""Quality against cost of every candidate: which of them no other beats in all respects."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from trending.evaluation.costs import Cost
from trending.evaluation.judgement import Figure, Judgement


class FrontierRow(BaseModel):
    """One candidate."""

    name: str
    validation_macro_f1: float
    macro_f1: Figure
    cost: Cost
    efficient: bool
    within_budget: bool
    champion: bool


def draw_frontier(
    validation: Mapping[str, float], judgements: Mapping[str, Judgement], costs: Mapping[str, Cost], over_budget: list[str], champion: str
) -> list[FrontierRow]:
    """Return all candidates, best macro F1 on validation titles first.

    A candidate is efficient if no other is at least as good by validation macro F1, as quick and as small, and better in one of these (Pareto).
    """
    names = sorted(validation, key=lambda name: -validation[name])
    merits = {name: (validation[name], -costs[name].single_ms, -costs[name].megabytes) for name in names}

    def beaten(name: str) -> bool:
        ours = merits[name]
        return any(theirs != ours and all(a >= b for a, b in zip(theirs, ours, strict=True)) for theirs in merits.values())

    return [
        FrontierRow(
            name=name,
            validation_macro_f1=validation[name],
            macro_f1=judgements[name].metrics["macro_f1"],
            cost=costs[name],
            efficient=not beaten(name),
            within_budget=name not in over_budget,
            champion=name == champion,
        )
        for name in names
    ]
