"""An experiment's figures as a person reads them: a table, what was found, and what may be believed of it."""

from __future__ import annotations

from trending.experiments.analysis import RATIO_ALPHA, Effect, Report
from trending.experiments.experiment import Experiment

_WIDTH = 22


def write_report(report: Report) -> str:
    """Return the report as text."""
    experiment = report.experiment
    return "\n".join([*_introduce(experiment), "", *_tabulate(report), "", *_conclude(report)])


def say_verdict(report: Report) -> str:
    """Return the verdict in one sentence."""
    experiment, effect = report.experiment, report.effect
    if report.ratio_p_value is not None and report.ratio_p_value < RATIO_ALPHA:
        return "don't trust these figures: units were not assigned as meant, so some got lost on the way, and those that are left can't be compared"
    if effect is None:
        return "nothing can be said yet: too few units"
    if effect.p_value is None:
        return f"both releases' genres agree to {_share(effect.value)}, and to {_share(effect.low)} at least, whenever you look"
    if effect.p_value > experiment.alpha:
        return f"no difference is shown: it may be anything {_bounds(effect)}; going on and stopping are both fair"
    worse = effect.value is None or effect.value > (0 if experiment.metric == "latency_ms" else 1)
    said, place = ("worse", "above") if worse else ("better", "below")
    return f"the treatment is {said}: its {experiment.metric} is {place} control's beyond doubt, {_bounds(effect)}"


def _introduce(experiment: Experiment) -> list[str]:
    control, treatment = experiment.control, experiment.treatment
    names = (control.release, treatment.release) if experiment.about == "release" else (control.prompt or "usual prompt", treatment.prompt or "usual prompt")
    state = f"stopped {experiment.stopped:%Y-%m-%d %H:%M} UTC: {experiment.reason}" if experiment.stopped else "running"
    return [
        f"{experiment.name}: {experiment.kind}, {experiment.share:.0%} of units, since {experiment.started:%Y-%m-%d %H:%M} UTC; {state}",
        f"control {names[0]}, treatment {names[1]}",
    ]


def _tabulate(report: Report) -> list[str]:
    rows = [("", "control", "treatment")]
    for label, name, write in (
        ("units that count", "units", _count),
        ("in their first hour", "waiting", _count),
        ("requests", "requests", _count),
        ("error rate", "error_rate", _share),
        ("mean latency, ms", "latency_ms", _number),
        ("complaint rate", "complaint_rate", _share),
        ("agreement", "agreement", _share),
        ("difference", "difference", _number),
    ):
        values = [getattr(figures, name) for figures in (report.control, report.treatment)]
        if any(value is not None for value in values):
            rows.append((label, write(values[0]), write(values[1])))
    return [f"{label:<{_WIDTH}}{control:>12}{treatment:>12}" for label, control, treatment in rows]


def _conclude(report: Report) -> list[str]:
    lines, effect, experiment = [], report.effect, report.experiment
    if effect is not None:
        promise = f"{1 - experiment.alpha:.0%} interval at every look"
        p_value = "" if effect.p_value is None else f", p = {effect.p_value:.3g}"
        lines.append(f"{effect.measured_as}: {_number(effect.value)} [{_number(effect.low)}, {_number(effect.high)}] ({promise}{p_value})")
    if report.ratio_p_value is not None:
        lines.append(f"units assigned as meant: p = {report.ratio_p_value:.3g} (alarm below {RATIO_ALPHA:g})")
    return [*lines, f"verdict: {say_verdict(report)}"]


def _bounds(effect: Effect) -> str:
    if effect.high is None:
        return f"from {_number(effect.low)} upwards"
    return f"between {_number(effect.low)} and {_number(effect.high)}"


def _count(value: int | None) -> str:
    return f"{value or 0:,}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _number(value: float | None) -> str:
    return "∞" if value is None else f"{value:.3g}"
