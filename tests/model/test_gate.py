"""The gate: a challenger that is better in every way passes, and each way of being worse is named by the rule that stops it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from trending.continual.challenge import Side
from trending.continual.gate import GAIN, Contest, GateVerdict, judge_contest
from trending.continual.noise import NoiseEstimate
from trending.continual.settings import PromotionRules
from trending.continual.surges import Surge
from trending.evaluation.behaviour import BehaviourResult
from trending.evaluation.costs import Cost
from trending.evaluation.judgement import Figure
from trending.evaluation.metrics import Judged
from trending.reports.gate_report import render_verdict

N = 400
CHANCE = np.random.default_rng(5)
LABELS = (CHANCE.random((N, 20)) < 0.2).astype(np.int8)
TITLES = pd.DataFrame(
    {
        "group_id": [f"g{row}" for row in range(N)],
        "type": ["movie" if row % 2 else "tv" for row in range(N)],
        "plot": ["x" * 150] * N,
        "year": [1985 + 10 * (row % 4) for row in range(N)],
        "source": ["here"] * N,
        "language": ["en"] * N,
    }
)
MASKS = {"frozen": np.arange(N) < N // 2, "fresh": np.arange(N) >= N // 2}
WRONG = {"champion": CHANCE.random((N, 20)) < 0.25, "challenger": CHANCE.random((N, 20)) < 0.15}


def answers(wrong: np.ndarray, overconfident: bool = False) -> Judged:
    """Decisions that are wrong where told, and probabilities that are as often right as they say, or say too much."""
    decisions = np.where(wrong, 1 - LABELS, LABELS).astype(bool)
    yes, no = (1.0, 0.0) if overconfident else (LABELS[decisions].mean(), LABELS[~decisions].mean())
    return Judged(LABELS, np.where(decisions, yes, no), decisions)


def side(name: str, wrong: np.ndarray, ms: float = 1.0, megabytes: float = 10.0, failures: int = 5) -> Side:
    cost = Cost(single_ms=ms, batch_ms=ms, megabytes=megabytes, cpu_seconds=0)
    rate = Figure(value=failures / 100, low=0, high=1)
    return Side(name, "made-up", answers(wrong), cost, [BehaviourResult(kind="invariance", name="names", cases=100, failures=failures, rate=rate)])


@pytest.fixture
def contest() -> Contest:
    """A challenger that is better."""
    return Contest(TITLES, MASKS, side("1", WRONG["champion"]), side("2", WRONG["challenger"]), NoiseEstimate(share=0.01, low=-0.05, high=0.06, n=N))


def judge(contest: Contest) -> GateVerdict:
    return judge_contest(contest, PromotionRules(), "because", 300, seed=3)


def test_a_better_challenger_is_promoted_with_the_difference_and_its_interval(contest: Contest) -> None:
    verdict = judge(contest)
    assert verdict.decision == "promote"
    assert verdict.list_broken() == []
    for name, figure in verdict.differences.items():
        assert figure.low > 0
        assert figure.value == pytest.approx(verdict.challenger_macro_f1[name] - verdict.champion_macro_f1[name])
        assert f"{figure.value:+.3f} [{figure.low:+.3f}, {figure.high:+.3f}] on the {name} set" in verdict.reason


def test_the_same_model_again_is_not_better_beyond_doubt(contest: Contest) -> None:
    verdict = judge(replace(contest, challenger=replace(contest.champion, release="2")))
    assert (verdict.decision, verdict.list_broken()) == ("decline", [GAIN])


def test_a_gain_on_new_titles_does_not_pay_for_a_loss_on_old_ones(contest: Contest) -> None:
    wrong = np.where(MASKS["frozen"][:, None], WRONG["champion"] | (np.random.default_rng(1).random((N, 20)) < 0.1), WRONG["challenger"])
    verdict = judge(replace(contest, challenger=side("2", wrong)))
    assert verdict.differences["fresh"].low > 0
    assert GAIN in verdict.list_broken()


def test_a_slice_that_loses_beyond_doubt_stops_it(contest: Contest) -> None:
    lost = (TITLES["year"] == 1995).to_numpy()
    wrong = np.where(lost[:, None], WRONG["champion"] | (np.random.default_rng(1).random((N, 20)) < 0.2), WRONG["challenger"] & WRONG["champion"])
    verdict = judge(replace(contest, challenger=side("2", wrong)))
    assert verdict.list_broken() == ["no slice worse"]
    assert "1990s" in verdict.reason


def test_of_many_slices_one_that_is_worse_by_chance_stops_nothing() -> None:
    """Two equal sides, thirty times: the rule may alarm in one of twenty, however many slices there are."""
    chance = np.random.default_rng(7)
    spread = TITLES.assign(year=1930 + 10 * chance.integers(0, 8, N), language=chance.choice(["en", "de", "fr", "ja", "ko"], N))
    alarms = 0
    for _ in range(30):
        equal = [side(name, chance.random((N, 20)) < 0.2) for name in "12"]
        alarms += "no slice worse" in judge_contest(Contest(spread, MASKS, *equal), PromotionRules(slice_titles=40), "why", 300, seed=3).list_broken()
    assert alarms <= 3


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("latency", {"ms": 2.1}),
        ("size", {"megabytes": 20.1}),
        ("behaviour", {"failures": 11}),
    ],
)
def test_what_a_gain_must_not_cost(contest: Contest, rule: str, change: dict[str, float]) -> None:
    verdict = judge(replace(contest, challenger=side("2", WRONG["challenger"], **change)))  # type: ignore[arg-type] # one of them is a count
    assert (verdict.decision, verdict.list_broken()) == ("decline", [rule])


def test_a_model_that_is_surer_than_it_is_right_is_stopped(contest: Contest) -> None:
    sure = replace(contest.challenger, judged=answers(WRONG["challenger"], overconfident=True))
    verdict = judge(replace(contest, challenger=sure))
    assert verdict.list_broken() == ["calibration"]


def test_wrong_labels_planted_reviews_and_checks_that_block_are_each_named(contest: Contest) -> None:
    noise = NoiseEstimate(share=0.2, low=0.1, high=0.3, n=N)
    assert judge(replace(contest, noise=noise)).list_broken() == ["labels"]
    assert judge(replace(contest, noise=noise.model_copy(update={"low": 0.04}))).decision == "promote", "what may be chance is no proof"
    surge = Surge(title_id="here:7", new=500, before=3, usual=2, authors=500, mean_rating=10, mean_before=6)
    stopped = judge(replace(contest, surges=[surge]))
    assert stopped.list_broken() == ["reviews"]
    assert "500 new reviews of here:7 by 500 authors (it had 3, others got 2, mean rating 10.0 after 6.0)" in stopped.reason
    failed = replace(contest, checks={"model.simple_model": "failed", "data.drift": "passed"})
    assert judge(failed).decision == "promote"
    assert judge(replace(failed, blocking=["model.simple_model"])).list_broken() == ["deepchecks"]


def test_sets_too_small_to_judge_by_promote_nothing(contest: Contest) -> None:
    few = np.arange(N) < 20
    verdict = judge(replace(contest, masks={"frozen": few, "fresh": np.zeros(N, dtype=bool)}))
    assert verdict.decision == "decline"
    assert "no set is large enough" in verdict.reason


def test_a_person_can_read_the_verdict(contest: Contest) -> None:
    verdict = judge(replace(contest, challenger=side("2", WRONG["challenger"], ms=5)))
    page = render_verdict(verdict)
    for told in ("declined", "BROKEN", "5 ms a title after 1", "at most 2 times as much", "frozen: held out since the first release", "Because."):
        assert told in page
    assert GateVerdict.model_validate_json(verdict.model_dump_json()) == verdict
