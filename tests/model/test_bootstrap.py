"""The bootstrap draws whole groups, is seeded, and its intervals are where they should be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trending.evaluation.bootstrap import bootstrap_metrics, draw_weights, interval
from trending.evaluation.judge import compare, judge
from trending.evaluation.metrics import Judged, all_metrics
from trending.genres import GENRES

GROUPS = ["b", "a", "b", "c", "d", "a", "b", "e"]


def random_judged(rows: int, seed: int = 3, skill: float = 0.5) -> Judged:
    rng = np.random.default_rng(seed)
    labels = (rng.random((rows, len(GENRES))) < 0.2).astype(np.int8)
    scores = skill * labels + (1 - skill) * rng.random(labels.shape)
    return Judged(labels, scores, scores >= 0.5)


def titles(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"group_id": [f"g{row}" for row in range(rows)], "type": "movie", "plot": "x" * 150, "year": 1999.0, "source": "starter"})


def repeat(judged: Judged, times: int) -> Judged:
    return judged.take(np.repeat(np.arange(len(judged.labels)), times))


def test_rows_of_a_group_are_drawn_together() -> None:
    weights = draw_weights(GROUPS, 500, seed=1)
    for group in set(GROUPS):
        members = [row for row, name in enumerate(GROUPS) if name == group]
        assert (weights[:, members] == weights[:, members[:1]]).all(), group


def test_each_draw_takes_as_many_groups_as_there_are_and_each_equally_often() -> None:
    weights = draw_weights(GROUPS, 4_000, seed=1)
    one_row_each = weights[:, [GROUPS.index(group) for group in sorted(set(GROUPS))]]
    assert (one_row_each.sum(axis=1) == 5).all()
    np.testing.assert_allclose(one_row_each.mean(axis=0), 1.0, atol=0.06)
    np.testing.assert_allclose(one_row_each.var(axis=0), 1 - 1 / 5, atol=0.08)


def test_draws_depend_on_the_seed_and_not_on_the_order_of_rows() -> None:
    order = np.random.default_rng(2).permutation(len(GROUPS))
    first = draw_weights(GROUPS, 50, seed=1)
    np.testing.assert_array_equal(first, draw_weights(GROUPS, 50, seed=1))
    np.testing.assert_array_equal(first[:, order], draw_weights([GROUPS[row] for row in order], 50, seed=1))
    assert (first != draw_weights(GROUPS, 50, seed=2)).any()


def test_every_metric_gets_as_many_draws_as_asked_for() -> None:
    """Draws are made in chunks: none may be lost or repeated."""
    judged = random_judged(40)
    groups = [str(row) for row in range(40)]
    drawn = bootstrap_metrics(judged, groups, seed=1, draws=250)
    assert {name: len(values) for name, values in drawn.items()} == dict.fromkeys(all_metrics(judged, np.ones((1, 40))), 250)
    whole = all_metrics(judged, draw_weights(groups, 250, seed=1))
    for name, values in drawn.items():
        np.testing.assert_allclose(values, whole[name], err_msg=name)


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    """Samples F1 is a mean over titles, so 1.96 standard errors either way."""
    judged = random_judged(400)
    truth, chosen = judged.labels == 1, judged.decisions
    each = 2 * (truth & chosen).sum(axis=1) / np.maximum(truth.sum(axis=1) + chosen.sum(axis=1), 1)
    drawn = bootstrap_metrics(judged, [str(row) for row in range(400)], seed=1)["samples_f1"]
    low, high = interval(each.mean(), drawn)
    assert low < each.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * each.std() / 20, rel=0.12)


def test_copies_in_a_group_do_not_narrow_the_interval() -> None:
    judged, groups = random_judged(80), [str(row) for row in range(80)]
    once = bootstrap_metrics(judged, groups, seed=1)["macro_f1"]
    thrice = bootstrap_metrics(repeat(judged, 3), list(np.repeat(groups, 3)), seed=1)["macro_f1"]
    np.testing.assert_allclose(thrice, once, atol=1e-12)


@pytest.mark.parametrize("skill", [0.0, 0.3, 0.5, 0.6])
def test_every_figure_lies_in_its_interval_within_0_and_1(skill: float) -> None:
    judgement = judge("keywords", random_judged(150, skill=skill), titles(150), seed=1, draws=300)
    figures = {**judgement.metrics, **{genre: one.f1 for genre, one in judgement.per_genre.items()}}
    assert {name: str(one) for name, one in figures.items() if not 0 <= one.low <= one.value <= one.high <= 1} == {}


@pytest.mark.parametrize("positives", [2, 4, 5])
def test_a_rare_genre_predicted_perfectly_lies_in_its_interval(positives: int) -> None:
    """Few draws miss all of its titles, so the draws are skewed: the interval must not leave the figure behind."""
    labels = np.zeros((200, len(GENRES)), dtype=np.int8)
    labels[:positives, 0] = 1
    labels[::2, 1] = 1
    judgement = judge("keywords", Judged(labels, labels * 0.8 + 0.1, labels == 1), titles(200), seed=1)
    for figure in (judgement.per_genre[GENRES[0]].f1, judgement.metrics["macro_f1"]):
        assert 0 <= figure.low <= figure.value <= figure.high <= 1, str(figure)


def test_a_model_differs_from_itself_by_nothing() -> None:
    judged = random_judged(60)
    difference = compare(judged, judged, [str(row) for row in range(60)], seed=1)
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)


def test_a_paired_difference_is_surer_than_two_intervals_apart() -> None:
    """Both models are judged on the same draws, so what they share cancels."""
    ours = random_judged(150, skill=0.48)
    theirs = Judged(ours.labels, ours.probabilities, ours.probabilities >= 0.45)
    groups = [str(row) for row in range(150)]
    difference = compare(ours, theirs, groups, seed=1)
    low, high = interval(0.0, bootstrap_metrics(ours, groups, seed=1)["macro_f1"] - bootstrap_metrics(theirs, groups, seed=2)["macro_f1"])
    assert difference.low <= difference.value <= difference.high
    assert difference.high - difference.low < 0.8 * (high - low)


def test_swapping_the_models_turns_the_sign() -> None:
    ours, other = random_judged(60), random_judged(60, skill=0.3)
    theirs = Judged(ours.labels, other.probabilities, other.decisions)
    groups = [str(row // 2) for row in range(60)]
    forth, back = compare(ours, theirs, groups, seed=1), compare(theirs, ours, groups, seed=1)
    assert forth.value > 0
    assert (forth.value, forth.low, forth.high) == pytest.approx((-back.value, -back.high, -back.low), abs=1e-12)
