"""Statistics that may be looked at any time: intervals and p-values whose promise holds at every look together, so that looking costs nothing.

Rates are compared by where events fall: whatever the rate is, and however it changes in the course of the day, an event belongs to the treatment with one
probability, which is the share of units it was given if the variants are alike. The likelihood of such a probability, mixed over a Beta prior and divided by
that of the true one, is a nonnegative supermartingale that begins at 1 (Robbins 1970; for counts of assignments and events Lindon and Malek 2022, "Anytime-
valid inference for multinomial count data", NeurIPS). By Ville's inequality it ever reaches 1/alpha with a probability of at most alpha, at any number of
units. It stays one if an event counts as a fraction, such as a unit's share of failed requests, since powers below 1 are concave. Single shares are bounded
in the same way; for values between 0 and 1 the ratio is convex in the value (Hoeffding 1963). Milliseconds have no upper bound: their means are compared
asymptotically (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, "Time-uniform central limit theory and asymptotic confidence sequences", Annals of
Statistics 52(6), theorem 2.2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

LEAST_UNITS = 100  # of each variant, before an asymptotic interval is given
_EVENTS_PRIOR = 2.0  # events: nothing is known of the treatment before
_RATIO_PRIOR = 100.0  # units: assignment is off by a little, if at all
_TUNED_UNITS = 1_000  # where the asymptotic interval is tightest
_BISECTIONS = 60


@dataclass(frozen=True)
class Mean:
    """The mean of values without an upper bound, and their variance."""

    mean: float
    variance: float
    units: int


@dataclass(frozen=True)
class Comparison:
    """An effect of the treatment, with an interval and a p-value that hold at every look; what nothing bounds is infinite."""

    effect: float
    low: float
    high: float
    p_value: float


def compare_rates(control: float, treatment: float, share: float, alpha: float = 0.05) -> Comparison:
    """Return the ratio of two rates, treatment's over control's; exact at any number of events.

    Args:
        control: Events of control's units; a unit counts for 1 at most.
        treatment: Events of treatment's units.
        share: Of all units, how many are assigned to the treatment.
        alpha: How often, at most, the interval ever misses the true ratio.
    """
    bar = math.log(1 / alpha)

    def refuted(chance: float) -> bool:
        return _weigh_chance(control, treatment, share, chance) >= bar

    total = control + treatment
    estimate = treatment / total if total else share
    low, high = _find_edge(refuted, 0.0, estimate), _find_edge(refuted, 1.0, estimate)
    p_value = _to_p_value(_weigh_chance(control, treatment, share, share))
    return Comparison(_to_ratio(estimate, share), _to_ratio(low, share), _to_ratio(high, share), p_value)


def weigh_excess(control: float, treatment: float, share: float, ratio: float) -> float:
    """Return the evidence (a log likelihood ratio) that the treatment's rate is more than `ratio` times control's; 0 if it isn't in the sample."""
    chance = share * ratio / (share * ratio + 1 - share)
    if treatment <= chance * (control + treatment):
        return 0.0
    return _weigh_chance(control, treatment, share, chance)


def bound_share(total: float, units: int, alpha: float = 0.05) -> tuple[float, float]:
    """Return an interval around the mean of `units` values between 0 and 1 that add up to `total`; exact at any number of units."""
    bar = math.log(1 / alpha)

    def refuted(mean: float) -> bool:
        return weigh_share(total, units, mean) >= bar

    estimate = total / units if units else 0.5
    return _find_edge(refuted, 0.0, estimate), _find_edge(refuted, 1.0, estimate)


def weigh_share(total: float, units: int, mean: float) -> float:
    """Return the evidence against values between 0 and 1 having this mean."""
    return _log_beta(0.5 + total, 0.5 + units - total) - _log_beta(0.5, 0.5) - _log_likelihood(total, units - total, mean)


def compare_means(control: Mean, treatment: Mean, alpha: float = 0.05) -> Comparison | None:
    """Return the difference of two means, treatment less control; asymptotic, so None while a variant has fewer than 100 units or nothing varies."""
    if min(control.units, treatment.units) < LEAST_UNITS:
        return None
    units = control.units + treatment.units
    variance = units * (control.variance / control.units + treatment.variance / treatment.units)
    if variance <= 0:
        return None
    effect = treatment.mean - control.mean
    rho = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha)) + 1) / _TUNED_UNITS  # the square of theirs
    grown = units * rho + 1
    width = math.sqrt(variance * 2 * grown / (units**2 * rho) * (math.log(grown) / 2 - math.log(alpha)))
    evidence = effect**2 * units**2 * rho / (2 * grown * variance) - math.log(grown) / 2
    return Comparison(effect, effect - width, effect + width, _to_p_value(evidence))


def check_ratio(control: int, treatment: int, share: float) -> float:
    """Return the p-value, valid at every look, of units having been assigned by a share: small if some got lost on the way."""
    return _to_p_value(_weigh_chance(control, treatment, share, share, _RATIO_PRIOR))


def _weigh_chance(control: float, treatment: float, share: float, chance: float, prior: float = _EVENTS_PRIOR) -> float:
    """Return the evidence against an event belonging to the treatment with this probability; the prior is centred on the share."""
    a, b = prior * share, prior * (1 - share)
    return _log_beta(a + treatment, b + control) - _log_beta(a, b) - _log_likelihood(treatment, control, chance)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _log_likelihood(hits: float, misses: float, chance: float) -> float:
    return _times_log(hits, chance) + _times_log(misses, 1 - chance)


def _times_log(count: float, chance: float) -> float:
    if count <= 0:
        return 0.0
    return count * math.log(chance) if chance > 0 else -math.inf


def _find_edge(refuted: Callable[[float], bool], outermost: float, within: float) -> float:
    """Return where refuted values begin on the way from an estimate, which isn't one, to the outermost value there can be."""
    if not refuted(outermost):
        return outermost
    for _ in range(_BISECTIONS):
        middle = (within + outermost) / 2
        within, outermost = (within, middle) if refuted(middle) else (middle, outermost)
    return outermost


def _to_ratio(chance: float, share: float) -> float:
    return math.inf if chance >= 1 else chance / (1 - chance) * (1 - share) / share


def _to_p_value(evidence: float) -> float:
    return 1.0 if evidence <= 0 else math.exp(-evidence)
