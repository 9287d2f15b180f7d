"""Statistics that may be looked at any time: simulated again and again, they are wrong no more often than they promise, and find what is there.

A t-test that is looked at as often is wrong many times more often.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from scipy import stats

from trending.experiments.sequential import LEAST_UNITS, Mean, bound_share, check_ratio, compare_means, compare_rates, weigh_excess, weigh_share

RUNS, LOOKS, BATCH, ALPHA = 2_000, 40, 50, 0.05
# Of 2,000 runs that alarm with a probability of 5 %, more than this do once in a thousand times.
MOST_ALARMS = int(stats.binom.ppf(0.999, RUNS, ALPHA))
Look = tuple[int, int, int, int]


def simulate(chance: float, share: float, seed: int, treated: float | None = None, runs: int = RUNS) -> Iterator[Iterator[Look]]:
    """Yield runs; a run's looks are units and events of control, then of treatment, as they add up batch by batch."""
    rng = np.random.default_rng(seed)
    for _ in range(runs):
        sizes = rng.binomial(BATCH, share, LOOKS)
        events = rng.binomial(BATCH - sizes, chance).cumsum(), rng.binomial(sizes, chance if treated is None else treated).cumsum()
        yield zip((BATCH - sizes).cumsum().tolist(), events[0].tolist(), sizes.cumsum().tolist(), events[1].tolist(), strict=True)


def alarms_of_rates(look: Look, share: float) -> bool:
    return compare_rates_p(look, share) <= ALPHA


def compare_rates_p(look: Look, share: float) -> float:
    # As `compare_rates`, without the bounds, which take a hundred times as long.
    return min(1.0, math.exp(-max(weigh_excess(look[1], look[3], share, 1.0), weigh_excess(look[3], look[1], 1 - share, 1.0))))


def test_the_quick_p_value_of_these_tests_is_the_real_one() -> None:
    for look in ((100, 4, 100, 9), (900, 30, 100, 1), (50, 0, 50, 0), (500, 7, 500, 31)):
        for share in (0.5, 0.1):
            assert compare_rates(look[1], look[3], share).p_value == pytest.approx(compare_rates_p(look, share))


@pytest.mark.parametrize(("chance", "share"), [(0.01, 0.5), (0.01, 0.1), (0.2, 0.5), (0.2, 0.1)])
def test_alike_variants_alarm_no_more_often_than_promised_though_looked_at_after_every_batch(chance: float, share: float) -> None:
    alarms = sum(any(alarms_of_rates(look, share) for look in run) for run in simulate(chance, share, seed=1))
    assert alarms <= MOST_ALARMS


def test_a_rate_that_changes_in_the_course_of_the_day_alarms_no_more_often() -> None:
    rng, share, alarms = np.random.default_rng(2), 0.5, 0
    chance = 0.05 + 0.045 * np.sin(np.linspace(0, 4 * np.pi, LOOKS))
    for _ in range(RUNS):
        sizes = rng.binomial(BATCH, share, LOOKS)
        control, treatment = rng.binomial(BATCH - sizes, chance).cumsum(), rng.binomial(sizes, chance).cumsum()
        alarms += any(alarms_of_rates((0, int(before), 0, int(now)), share) for before, now in zip(control, treatment, strict=True))
    assert alarms <= MOST_ALARMS


def test_units_that_count_for_a_fraction_alarm_no_more_often() -> None:
    rng, share, alarms = np.random.default_rng(3), 0.5, 0
    for _ in range(RUNS):
        treated, values = rng.random((LOOKS, BATCH)) < share, rng.beta(0.2, 2.0, (LOOKS, BATCH))
        sums = (values * ~treated).sum(1).cumsum(), (values * treated).sum(1).cumsum()
        alarms += any(alarms_of_rates((0, before, 0, now), share) for before, now in zip(*sums, strict=True))  # type: ignore[arg-type]
    assert alarms <= MOST_ALARMS


def test_a_t_test_that_is_looked_at_as_often_alarms_many_times_more_often() -> None:
    def p_value(look: Look) -> float:
        units, events, treated, hits = look
        rates = events / units, hits / max(1, treated)
        spread = math.sqrt(sum(rate * (1 - rate) / max(1, size) for rate, size in zip(rates, (units, treated), strict=True)))
        return 2 * float(stats.norm.sf(abs(rates[1] - rates[0]) / spread)) if spread else 1.0

    naive = sum(any(p_value(look) <= ALPHA for look in run) for run in simulate(0.2, 0.5, seed=4, runs=300)) / 300
    ours = sum(any(alarms_of_rates(look, 0.5) for look in run) for run in simulate(0.2, 0.5, seed=4, runs=300)) / 300
    assert naive > 0.25
    assert ours <= ALPHA + 0.04


@pytest.mark.parametrize(("control", "treatment", "share", "least"), [(0.02, 0.06, 0.5, 0.95), (0.02, 0.08, 0.1, 0.7), (0.06, 0.02, 0.5, 0.95)])
def test_a_planted_effect_is_found(control: float, treatment: float, share: float, least: float) -> None:
    found = sum(any(alarms_of_rates(look, share) for look in run) for run in simulate(control, share, seed=5, treated=treatment, runs=200))
    assert found / 200 >= least


def test_the_interval_holds_the_true_ratio_at_every_look_as_often_as_promised() -> None:
    missed = 0
    for run in simulate(0.05, 0.3, seed=6, treated=0.10, runs=300):
        bounds = [compare_rates(before, now, 0.3) for _, before, _, now in list(run)[::4]]
        missed += not all(bound.low <= 2.0 <= bound.high for bound in bounds)
    assert missed <= stats.binom.ppf(0.999, 300, ALPHA)


def test_interval_and_p_value_say_the_same() -> None:
    rng = np.random.default_rng(7)
    for _ in range(200):
        before, now, share = int(rng.integers(0, 60)), int(rng.integers(0, 60)), float(rng.uniform(0.05, 0.95))
        found = compare_rates(before, now, share)
        assert (found.p_value <= ALPHA) == (not found.low <= 1 <= found.high)
        assert found.low <= found.effect <= found.high


def test_nothing_seen_says_nothing() -> None:
    assert compare_rates(0, 0, 0.1).p_value == 1
    assert (compare_rates(0, 0, 0.1).low, compare_rates(0, 0, 0.1).high) == (0, math.inf)
    assert bound_share(0, 0) == (0, 1)
    assert check_ratio(0, 0, 0.5) == 1
    assert compare_means(Mean(1, 1, LEAST_UNITS - 1), Mean(2, 1, 10_000)) is None


def test_milliseconds_with_a_heavy_tail_alarm_no_more_often_than_promised_and_a_slower_treatment_is_found() -> None:
    rng = np.random.default_rng(8)

    def run(factor: float) -> bool:
        values = rng.lognormal(3, 1, (2, LOOKS, BATCH)) * np.array([1, factor])[:, None, None]
        sizes = np.arange(1, LOOKS + 1) * BATCH
        means = values.sum(2).cumsum(1) / sizes
        variances = ((values**2).sum(2).cumsum(1) / sizes - means**2) * sizes / (sizes - 1)
        for look, units in enumerate(sizes.tolist()):
            found = compare_means(*(Mean(float(means[arm, look]), float(variances[arm, look]), units) for arm in (0, 1)))
            if found is not None and found.p_value <= ALPHA:
                assert not found.low <= 0 <= found.high
                return True
        return False

    assert sum(run(1.0) for _ in range(RUNS)) <= MOST_ALARMS
    assert sum(run(1.3) for _ in range(100)) >= 95


def test_units_assigned_as_meant_alarm_seldom_and_lost_ones_are_noticed() -> None:
    rng = np.random.default_rng(9)
    alarms = 0
    for _ in range(RUNS):
        sizes = rng.binomial(BATCH, 0.1, LOOKS).cumsum()
        alarms += any(check_ratio(BATCH * (look + 1) - int(size), int(size), 0.1) < 0.001 for look, size in enumerate(sizes))
    assert alarms <= stats.binom.ppf(0.999, RUNS, 0.001)
    assert check_ratio(5_000, 4_500, 0.5) < 0.001


@pytest.mark.parametrize("slow", [0.05, 0.10])
def test_a_share_above_its_limit_is_proved_and_one_at_its_limit_is_not(slow: float) -> None:
    rng, proofs = np.random.default_rng(10), 0
    for _ in range(500):
        hits = rng.binomial(BATCH, slow, LOOKS).cumsum()
        proofs += any(
            hit > 0.05 * BATCH * (look + 1) and weigh_share(int(hit), BATCH * (look + 1), 0.05) >= math.log(1 / ALPHA) for look, hit in enumerate(hits)
        )
    assert proofs >= 475 if slow > 0.05 else proofs <= stats.binom.ppf(0.999, 500, ALPHA)


def test_a_bound_of_a_share_holds_at_every_look() -> None:
    rng, missed = np.random.default_rng(11), 0
    for _ in range(300):
        sums = rng.beta(4, 1, (LOOKS, BATCH)).sum(1).cumsum()
        bounds = [bound_share(float(sums[look]), BATCH * (look + 1)) for look in range(0, LOOKS, 4)]
        missed += not all(low <= 0.8 <= high for low, high in bounds)
    assert missed <= stats.binom.ppf(0.999, 300, ALPHA)
