"""Metrics agree with scikit-learn's, with resampled rows, and with sums done by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from trending.evaluation.metrics import Judged, all_metrics, average_precision, calibration_error, f1_scores, precision_recall
from trending.genres import GENRES

WIDTH = len(GENRES)
SEEDS = [0, 1, 2]


def random_judged(seed: int, rows: int = 250, decimals: int = 1) -> Judged:
    """Labels and probabilities that agree somewhat, rounded so that many are equal; every genre occurs."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((rows, WIDTH)) < rng.uniform(0.05, 0.6, WIDTH)).astype(np.int8)
    labels[rng.integers(0, rows, WIDTH), np.arange(WIDTH)] = 1
    probabilities = np.round(np.clip(0.4 * labels + 0.6 * rng.random((rows, WIDTH)), 0, 1), decimals)
    return Judged(labels, probabilities, probabilities >= 0.5)


def once(judged: Judged) -> np.ndarray:
    return np.ones((1, len(judged.labels)))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("average", ["macro", "micro", "weighted", "samples"])
def test_f1_equals_scikit_learns(seed: int, average: str) -> None:
    judged = random_judged(seed)
    ours = f1_scores(judged, once(judged))[f"{average}_f1"][0]
    assert ours == pytest.approx(f1_score(judged.labels, judged.decisions.astype(int), average=average, zero_division=0), abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_f1_precision_and_recall_per_genre_equal_scikit_learns(seed: int) -> None:
    judged = random_judged(seed)
    chosen = judged.decisions.astype(int)
    precision, recall = precision_recall(judged)
    np.testing.assert_allclose(f1_scores(judged, once(judged))["per_genre"][0], f1_score(judged.labels, chosen, average=None, zero_division=0), atol=1e-12)
    np.testing.assert_allclose(precision, precision_score(judged.labels, chosen, average=None, zero_division=0), atol=1e-12)
    np.testing.assert_allclose(recall, recall_score(judged.labels, chosen, average=None, zero_division=0), atol=1e-12)


@pytest.mark.parametrize("decimals", [1, 2, 12], ids=["many ties", "some ties", "no ties"])
@pytest.mark.parametrize("seed", SEEDS)
def test_mean_average_precision_equals_scikit_learns(seed: int, decimals: int) -> None:
    judged = random_judged(seed, decimals=decimals)
    assert average_precision(judged, once(judged))[0] == pytest.approx(average_precision_score(judged.labels, judged.probabilities, average="macro"), abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_weights_mean_the_same_as_repeating_rows(seed: int) -> None:
    """A bootstrap draw by weights is the metric of the rows drawn; scikit-learn judges the same rows."""
    judged = random_judged(seed, rows=300)
    weights = np.random.default_rng(seed).multinomial(300, np.full(300, 1 / 300), size=4).astype(float)
    drawn = all_metrics(judged, weights)
    for draw, counts in enumerate(weights.astype(int)):
        resampled = judged.take(np.repeat(np.arange(300), counts))
        assert resampled.labels.any(axis=0).all(), "every genre has to occur in the draw for the two to mean the same"
        for name, value in all_metrics(resampled, once(resampled)).items():
            assert drawn[name][draw] == pytest.approx(value[0], abs=1e-12), name
        expected = f1_score(resampled.labels, resampled.decisions.astype(int), average="macro", zero_division=0)
        assert drawn["macro_f1"][draw] == pytest.approx(expected, abs=1e-12)


def test_a_genre_neither_listed_nor_predicted_has_no_part_in_macro_f1() -> None:
    judged = random_judged(4)
    judged.labels[:, 3], judged.decisions[:, 3] = 0, False
    others = [genre for genre in range(WIDTH) if genre != 3]
    expected = f1_score(judged.labels[:, others], judged.decisions[:, others].astype(int), average="macro")
    assert f1_scores(judged, once(judged))["macro_f1"][0] == pytest.approx(expected, abs=1e-12)


def test_macro_f1_runs_over_the_listed_genres_whatever_is_predicted() -> None:
    """So that it means the same for every model judged on these titles."""
    judged = random_judged(4)
    judged.labels[:, 3], judged.decisions[:, 3] = 0, True
    found = f1_scores(judged, once(judged))
    assert found["per_genre"][0, 3] == 0
    assert found["macro_f1"][0] == pytest.approx(np.delete(found["per_genre"][0], 3).mean(), abs=1e-12)


@pytest.mark.parametrize("right", [True, False])
def test_all_right_scores_1_and_all_wrong_scores_0(right: bool) -> None:
    labels = random_judged(5).labels
    told = labels if right else 1 - labels
    found = all_metrics(Judged(labels, told.astype(float), told == 1), np.ones((1, len(labels))))
    assert found.pop("ece")[0] == pytest.approx(0 if right else 1)
    found_map = found.pop("map")[0]
    assert found_map == pytest.approx(1) if right else found_map < 0.6
    assert found.pop("per_genre")[0] == pytest.approx(np.full(WIDTH, float(right)))
    assert {name: float(value[0]) for name, value in found.items()} == pytest.approx(dict.fromkeys(found, float(right)))


def test_nothing_listed_and_nothing_predicted_is_no_division_by_zero() -> None:
    nothing = Judged(np.zeros((3, WIDTH), dtype=np.int8), np.zeros((3, WIDTH)), np.zeros((3, WIDTH), dtype=bool))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = all_metrics(nothing, np.vstack([np.ones(3), np.zeros(3)]))
    assert not any(value.any() for value in found.values())


def test_calibration_error_by_hand() -> None:
    """One genre: bin 0.2-0.3 holds 0.25 (no) and 0.29 (yes), bin 0.7-0.8 holds 0.75 (yes), the last bin 1.0 (yes); the others are right."""
    labels, probabilities = np.zeros((4, WIDTH), dtype=np.int8), np.zeros((4, WIDTH))
    probabilities[:, 6] = [0.25, 0.29, 0.75, 1.0]
    labels[:, 6] = [0, 1, 1, 1]
    expected = (abs((0 - 0.25) + (1 - 0.29)) + abs(1 - 0.75) + 0.0) / 4 / WIDTH
    judged = Judged(labels, probabilities, probabilities > 0.5)
    assert calibration_error(judged, once(judged))[0] == pytest.approx(expected, abs=1e-12)


def test_calibration_error_tells_honest_probabilities_from_boastful_ones() -> None:
    rng = np.random.default_rng(6)
    honest = rng.random((20_000, WIDTH))
    labels = (rng.random(honest.shape) < honest).astype(np.int8)
    boastful = np.clip((honest - 0.5) * 2 + 0.5, 0, 1)
    errors = [calibration_error(Judged(labels, told, told > 0.5), np.ones((1, len(labels))))[0] for told in (honest, boastful)]
    assert errors[0] < 0.01
    assert errors[1] > 0.1
