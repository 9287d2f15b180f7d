"""From the exposure log to figures: what each variant's units had, whether they were assigned as meant, and what that says of the metric that was chosen.

A unit counts once, with what happened in the first clock hour in which it was seen, as soon as that hour is over: what it does later depends on what it got
before, and counting it again would let one busy client stand for many. Requests that named no unit are units of their own.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from trending.experiments.experiment import Experiment
from trending.experiments.sequential import Comparison, Mean, bound_share, check_ratio, compare_means, compare_rates
from trending.experiments.tallies import HOUR_FORMAT, TOTALS, VARIANTS, Totals

RATIO_ALPHA = 0.001  # below it, units got lost on the way
Hours = Mapping[str, Sequence[Mapping[str, Any]]]


class Figures(BaseModel):
    """What a variant's requests had; rates are of requests."""

    units: int = Field(description="That count: of those who named themselves, the ones whose first hour is over.")
    waiting: int = Field(description="Units that are in their first hour.")
    requests: int
    error_rate: float | None
    latency_ms: float | None = Field(description="Mean.")
    complaint_rate: float | None
    agreement: float | None = Field(description="Mean Jaccard index of both releases' genres.")
    difference: float | None = Field(description="Mean absolute difference of both releases' probabilities.")


class Effect(BaseModel):
    """The chosen metric, with an interval and a p-value that hold at every look."""

    measured_as: str
    value: float | None = Field(description="None: nothing bounds it yet.")
    low: float | None
    high: float | None
    p_value: float | None = Field(description="None for agreement, which is bounded and not tested.")


class Report(BaseModel):
    """All that is known of an experiment."""

    experiment: Experiment
    control: Figures
    treatment: Figures
    ratio_p_value: float | None = Field(description="Of units being assigned as meant, valid at every look; None in the shadow, where nobody is.")
    effect: Effect | None = Field(description="None while there is too little.")


class _Variant:
    """One variant's units."""

    def __init__(self) -> None:
        self.named: list[Totals] = []
        self.nameless = Totals()
        self.all = Totals()
        self.waiting = 0

    @property
    def units(self) -> int:
        return len(self.named) + self.nameless.requests

    def sum_shares(self, what: str, of: str) -> float:
        """Return the sum over units of their shares."""
        own = [getattr(one, what) / getattr(one, of) for one in self.named if getattr(one, of)]
        return float(sum(own) + getattr(self.nameless, what))

    def sum_complaints(self) -> float:
        return sum(one.complaints > 0 for one in self.named) + min(self.nameless.complaints, self.nameless.requests)

    def count(self, of: str) -> int:
        return sum(1 for one in self.named if getattr(one, of)) + int(getattr(self.nameless, of))

    def mean_seconds(self) -> Mean:
        means = [one.seconds / one.requests for one in self.named if one.requests]
        units = len(means) + self.nameless.requests
        if units < 2:
            return Mean(0.0, 0.0, 0)
        total, squares = sum(means) + self.nameless.seconds, sum(mean**2 for mean in means) + self.nameless.seconds_squared
        return Mean(total / units, max(0.0, (squares - total**2 / units) / (units - 1)), units)

    def describe(self) -> Figures:
        requests, compared = self.all.requests, self.all.compared
        return Figures(
            units=self.units,
            waiting=self.waiting,
            requests=requests,
            error_rate=_divide(self.all.errors, requests),
            latency_ms=_divide(self.all.seconds * 1000, requests),
            complaint_rate=_divide(self.all.complaints, requests),
            agreement=_divide(self.all.agreement, compared),
            difference=_divide(self.all.difference, compared),
        )


def analyse_experiment(experiment: Experiment, hours: Hours, now: dt.datetime) -> Report:
    """Return what the log says.

    Args:
        experiment: What was meant.
        hours: The log's lines by hour.
        now: The time; units that are still in their first hour wait.
    """
    control, treatment = (_gather(hours, name, None if experiment.stopped else f"{now:{HOUR_FORMAT}}") for name in VARIANTS.values())
    ratio = None
    if experiment.kind != "shadow":
        ratio = check_ratio(control.units + control.waiting, treatment.units + treatment.waiting, experiment.share)
    return Report(
        experiment=experiment,
        control=control.describe(),
        treatment=treatment.describe(),
        ratio_p_value=ratio,
        effect=_measure(experiment, control, treatment),
    )


def _gather(hours: Hours, variant: str, current: str | None) -> _Variant:
    found, first, named = _Variant(), dict[str, str](), dict[str, Totals]()
    for hour in sorted(hours):
        for line in hours[hour]:
            if line["variant"] != variant:
                continue
            totals = Totals(**{name: line.get(name, 0) for name in TOTALS})
            found.all.add(totals)
            if (unit := line["unit"]) is None:
                found.nameless.add(totals)
            elif first.setdefault(unit, hour) == hour:
                named.setdefault(unit, Totals()).add(totals)
    over = [unit for unit, hour in first.items() if hour != current]
    found.named = [named[unit] for unit in over]
    found.waiting = len(first) - len(over)
    return found


def _measure(experiment: Experiment, control: _Variant, treatment: _Variant) -> Effect | None:
    metric, alpha = experiment.metric, experiment.alpha
    if metric == "agreement":
        units = treatment.count("compared")
        total = treatment.sum_shares("agreement", "compared")
        low, high = bound_share(total, units, alpha)
        return Effect(measured_as="mean agreement of both answers", value=total / units, low=low, high=high, p_value=None) if units else None
    if metric == "latency_ms":
        found = compare_means(control.mean_seconds(), treatment.mean_seconds(), alpha)
        return _to_effect("milliseconds that the treatment takes longer", found, 1000) if found else None
    if not control.units or not treatment.units:
        return None
    if metric == "error_rate":
        before, now = (variant.sum_shares("errors", "requests") for variant in (control, treatment))
    else:
        before, now = (variant.sum_complaints() for variant in (control, treatment))
    what = "errors" if metric == "error_rate" else "complaints"
    return _to_effect(f"rate of {what}, in control's rates", compare_rates(before, now, experiment.share, alpha), 1)


def _to_effect(measured_as: str, found: Comparison, unit: float) -> Effect:
    value, low, high = (number * unit if math.isfinite(number) else None for number in (found.effect, found.low, found.high))
    return Effect(measured_as=measured_as, value=value, low=low, high=high, p_value=found.p_value)


def _divide(total: float, count: int) -> float | None:
    return total / count if count else None
