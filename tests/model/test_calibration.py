"""Calibration keeps the order of titles and mends probabilities; thresholds are the best there are and survive JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from tests.judging import decide
from trending.evaluation.metrics import Judged, calibration_error, f1_scores
from trending.evaluation.rules import DecisionRule
from trending.features.labels import FloatMatrix, IntMatrix
from trending.genres import GENRE_INDEX, GENRES
from trending.models.base import GenreModel
from trending.models.calibration import Calibrator, tune_thresholds

WIDTH = len(GENRES)


def simulate(seed: int, rows: int = 2_000) -> tuple[FloatMatrix, IntMatrix]:
    """Scores that are three times too sure and biased upwards, and labels drawn from the truth behind them."""
    rng = np.random.default_rng(seed)
    truth = expit(rng.normal(-1.5, 1.2, (rows, WIDTH)))
    return expit(3 * logit(truth) + 2), (rng.random(truth.shape) < truth).astype(np.int8)


def ece(probabilities: FloatMatrix, labels: IntMatrix) -> float:
    return float(calibration_error(Judged(labels, probabilities, probabilities > 0.5), np.ones((1, len(labels))))[0])


def test_calibration_lowers_the_error_on_titles_it_has_not_seen() -> None:
    calibrator = Calibrator.fit(*simulate(1))
    scores, labels = simulate(2)
    assert ece(scores, labels) > 0.05
    assert ece(calibrator.apply(scores), labels) < 0.25 * ece(scores, labels)


def test_calibration_keeps_the_order_of_titles() -> None:
    scores, labels = simulate(3, rows=200)
    probabilities = Calibrator.fit(scores, labels).apply(scores)
    assert ((probabilities > 0) & (probabilities < 1)).all()
    for genre in range(WIDTH):
        ranked = probabilities[np.argsort(scores[:, genre]), genre]
        assert (np.diff(ranked) >= 0).all()
        assert np.ptp(ranked) > 0


def test_scores_that_rank_backwards_are_ignored_rather_than_turned_round() -> None:
    scores, labels = simulate(4, rows=400)
    calibrator = Calibrator.fit(1 - scores, labels)
    assert (calibrator.slopes == 0).all()
    np.testing.assert_allclose(calibrator.apply(1 - scores)[0], (labels.sum(axis=0) + 1) / 402)


@pytest.mark.parametrize("value", [0, 1])
def test_a_genre_that_none_or_all_have_gets_a_probability_short_of_certainty(value: int) -> None:
    scores, labels = simulate(5, rows=98)
    labels[:, 7] = value
    probabilities = Calibrator.fit(scores, labels).apply(scores)
    np.testing.assert_allclose(probabilities[:, 7], 0.99 if value else 0.01)


def test_scores_of_0_and_1_are_no_infinity() -> None:
    scores, labels = simulate(6, rows=100)
    scores[:50], scores[50:] = 0.0, 1.0
    probabilities = Calibrator.fit(scores, labels).apply(scores)
    assert np.isfinite(probabilities).all()
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_a_calibrator_survives_json_to_the_last_bit() -> None:
    scores, labels = simulate(7, rows=200)
    calibrator = Calibrator.fit(scores, labels)
    again = Calibrator.from_dict(json.loads(json.dumps(calibrator.as_dict())))
    np.testing.assert_array_equal(again.apply(scores), calibrator.apply(scores))


@pytest.mark.parametrize("decimals", [1, 2, 12], ids=["many ties", "some ties", "no ties"])
@pytest.mark.parametrize("seed", range(4))
def test_no_threshold_has_a_better_f1_than_the_one_chosen(seed: int, decimals: int) -> None:
    rng = np.random.default_rng(seed)
    labels = (rng.random((60, WIDTH)) < 0.25).astype(np.int8)
    labels[0] = 1
    probabilities = np.round(np.clip(0.3 * labels + 0.7 * rng.random(labels.shape), 0, 1), decimals)
    chosen = f1_of(labels, probabilities >= tune_thresholds(probabilities, labels))
    rivals = np.array([f1_of(labels, probabilities >= cut) for cut in [0.0, *np.unique(probabilities), 1.1]])
    np.testing.assert_allclose(chosen, rivals.max(axis=0), atol=1e-12)


def f1_of(labels: IntMatrix, decisions: np.ndarray) -> np.ndarray:
    return f1_scores(Judged(labels, decisions.astype(float), decisions), np.ones((1, len(labels))))["per_genre"][0]


def test_a_threshold_lies_midway_so_that_rounding_turns_no_decision() -> None:
    labels, probabilities = np.zeros((4, WIDTH), dtype=np.int8), np.full((4, WIDTH), 0.05)
    labels[:2, 0], probabilities[:, 0] = 1, [0.8, 0.6, 0.4, 0.1]
    thresholds = tune_thresholds(probabilities, labels)
    assert thresholds[0] == pytest.approx(0.5)
    np.testing.assert_array_equal(probabilities.astype(np.float32) >= thresholds, probabilities >= thresholds)


def test_a_genre_absent_from_validation_keeps_one_half() -> None:
    labels, probabilities = np.ones((5, WIDTH), dtype=np.int8), np.full((5, WIDTH), 0.3)
    labels[:, GENRE_INDEX["War"]] = 0
    assert tune_thresholds(probabilities, labels)[GENRE_INDEX["War"]] == 0.5


@pytest.mark.parametrize("kind", ["majority", "keywords", "tfidf_logreg"])
@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_rule_stored_as_json_decides_the_same(
    rules: dict[str, DecisionRule], fitted_models: Mapping[str, GenreModel], examples: pd.DataFrame, kind: str, split: str
) -> None:
    stored = DecisionRule.model_validate_json(rules[kind].model_dump_json())
    before, after = (decide({kind: fitted_models[kind]}, {kind: rule}, examples, split)[kind] for rule in (rules[kind], stored))
    np.testing.assert_array_equal(after.decisions, before.decisions)
    np.testing.assert_array_equal(after.probabilities, before.probabilities)


def test_the_macro_f1_models_are_chosen_by_does_not_flatter_the_rule(
    rules: dict[str, DecisionRule], fitted_models: Mapping[str, GenreModel], examples: pd.DataFrame
) -> None:
    for kind, rule in rules.items():
        judged = decide({kind: fitted_models[kind]}, {kind: rule}, examples, "validation")[kind]
        on_its_own_titles = f1_scores(judged, np.ones((1, len(judged.labels))))["macro_f1"][0]
        assert 0 < rule.validation_macro_f1 <= on_its_own_titles + 0.02, kind
