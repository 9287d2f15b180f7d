"""Triggers: each fires on what it is for, and the decision says why, and why not."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from trending.continual.settings import TriggerSettings
from trending.continual.triggers import Declined, Situation, decide, decide_first
from trending.evaluation.metrics import Judged
from trending.monitoring.drift import DriftReport

NOW = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
SETTINGS = TriggerSettings()


def judged(n: int, good: float, seed: int = 1) -> Judged:
    """Answers that rank a title's genres first as often as told."""
    chance = np.random.default_rng(seed)
    labels = np.zeros((n, 20), dtype=np.int8)
    labels[np.arange(n), chance.integers(0, 20, n)] = 1
    probabilities = chance.random((n, 20)) * 0.5
    right = chance.random(n) < good
    probabilities[right] += labels[right] * 0.5
    return Judged(labels, probabilities, probabilities > 0.5)


def alone(n: int) -> list[str]:
    """No title is a copy of another."""
    return [f"group-{row}" for row in range(n)]


@pytest.fixture
def quiet() -> Situation:
    """Nothing is a reason: 200 new titles that the champion answers as well as ever."""
    created = NOW - dt.timedelta(days=10)
    no_drift = DriftReport(alarm=False, reason="no test is below 0.01", findings=[])
    return Situation("v1", 1_000, created, NOW, judged(200, 0.8), alone(200), judged(800, 0.8, 2), no_drift, flagged=3, declined=None, seed=1)


def fired(situation: Situation, settings: TriggerSettings = SETTINGS) -> list[str]:
    return [finding.trigger for finding in decide(situation, settings).findings if finding.fired]


def test_without_a_reason_nothing_is_learnt_and_every_trigger_says_what_it_measured(quiet: Situation) -> None:
    decision = decide(quiet, SETTINGS)
    assert not decision.go
    assert decision.reason == "nothing to do: no trigger fired (200 new titles)"
    assert [finding.trigger for finding in decision.findings] == ["new titles", "drift", "performance", "feedback", "age", "schedule"]
    assert all(finding.measured for finding in decision.findings)


def test_each_trigger_fires_on_its_own_reason(quiet: Situation) -> None:
    alarm = DriftReport(alarm=True, reason="plots are longer", findings=[])
    cases = {
        "new titles": replace(quiet, new=judged(500, 0.8), groups=alone(500)),
        "drift": replace(quiet, drift=alarm),
        "performance": replace(quiet, new=judged(200, 0.5), groups=alone(200)),
        "feedback": replace(quiet, flagged=20),
        "age": replace(quiet, created=NOW - dt.timedelta(days=91)),
    }
    for trigger, situation in cases.items():
        decision = decide(situation, SETTINGS)
        assert fired(situation) == [trigger]
        assert decision.go
        assert decision.reason.startswith(f"learning: {trigger} (")
    assert decide(quiet, TriggerSettings(always=True)).go


def test_without_new_titles_the_same_is_not_learnt_again(quiet: Situation) -> None:
    situation = replace(quiet, new=judged(0, 0.8), groups=alone(0), created=NOW - dt.timedelta(days=400), flagged=99, drift=None)
    decision = decide(situation, SETTINGS)
    assert not decision.go
    assert "there is no new title" in decision.reason
    assert decide(situation, TriggerSettings(always=True)).go


def test_a_declined_challenger_is_not_made_again_from_the_same_data_nor_from_hardly_more(quiet: Situation) -> None:
    situation = replace(quiet, new=judged(600, 0.8), groups=alone(600))
    same = Declined("too slow", 600, same=True, suspect=False)
    assert decide(replace(situation, declined=same), SETTINGS).reason == "nothing to do: a challenger from these very data was declined (too slow)"
    short = Declined("not better", 500, same=False, suspect=False)
    assert decide(replace(situation, declined=short), SETTINGS).reason.endswith(
        "of 500 new titles a challenger wasn't good enough (not better); of 750 another is made"
    )
    assert decide(replace(situation, declined=replace(short, new_titles=300)), SETTINGS).go
    mended = Declined("wrong labels", 600, same=False, suspect=True)
    assert decide(replace(situation, declined=mended), SETTINGS).go, "a batch that was mended is tried at once"


def test_a_few_new_titles_among_many_are_no_reason_unless_their_number_is_one(quiet: Situation) -> None:
    many = replace(quiet, known=20_000, drift=DriftReport(alarm=True, reason="plots are longer", findings=[]))
    decision = decide(many, SETTINGS)
    assert not decision.go
    assert decision.reason == "nothing to do: drift (plots are longer), but 200 new titles are too few to change much; of 400 another is made"
    assert decide(replace(many, new=judged(500, 0.8), groups=alone(500)), SETTINGS).go
    assert decide(many, TriggerSettings(least=0.01)).go
    assert decide(many, TriggerSettings(always=True)).go


def test_few_new_titles_say_nothing_of_performance(quiet: Situation) -> None:
    assert fired(replace(quiet, new=judged(50, 0.1), groups=alone(50), drift=None)) == []


def test_a_fall_that_may_be_chance_is_no_reason() -> None:
    """100 batches as good as ever: at most a few in a hundred fire."""
    reference = judged(1_000, 0.7, 3)
    alarms = 0
    for seed in range(100):
        created = NOW - dt.timedelta(days=1)
        situation = Situation("v1", 1_000, created, NOW, judged(150, 0.7, 100 + seed), alone(150), reference, None, 0, None, seed)
        alarms += "performance" in fired(situation)
    assert alarms <= 5


def test_copies_of_one_title_count_once(quiet: Situation) -> None:
    """A fall that fifty copies each of four titles show is not held to be that of two hundred."""
    four = judged(4, 0.5)
    copies = Judged(*(np.repeat(part, 50, axis=0) for part in (four.labels, four.probabilities, four.decisions)))
    fallen = replace(quiet, new=copies)
    assert fired(fallen) == ["performance"], "each taken for a title of its own"
    assert fired(replace(fallen, groups=np.repeat(alone(4), 50).tolist())) == []


def test_the_first_release_needs_no_other_reason() -> None:
    assert decide_first().go
