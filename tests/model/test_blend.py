"""Blends: weights that the labels choose, one model out of several, evidence that adds up, and choice under a budget."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.judging import decide, score, tune
from trending.errors import QualityError, UsageError
from trending.evaluation.candidates import judge_candidate, score_models
from trending.evaluation.champion import assemble_champion, choose_champion
from trending.evaluation.costs import Budget, Cost, measure_candidates, measure_cost
from trending.evaluation.frontier import draw_frontier
from trending.evaluation.rules import DecisionRule, choose_weights
from trending.features.examples import select_part
from trending.genres import GENRES
from trending.models.base import GenreModel, build_model, load_model
from trending.models.blend import BlendModel
from trending.models.calibration import Calibrator, find_bands, tune_thresholds
from trending.models.logits import sigmoid
from trending.models.predictor import Predictor

SEED = 17
PAIR = "tfidf_logreg+xgboost"


@pytest.fixture(scope="session")
def learnt(fitted_models: Mapping[str, GenreModel]) -> dict[str, GenreModel]:
    """The baseline and two models that learn."""
    return {kind: fitted_models[kind] for kind in ("majority", "tfidf_logreg", "xgboost")}


@pytest.fixture(scope="session")
def blended(learnt: dict[str, GenreModel], examples: pd.DataFrame) -> dict[str, DecisionRule]:
    """Their rules, that of the blend among them."""
    return tune(learnt, examples)


@pytest.fixture(scope="session")
def blend(blended: dict[str, DecisionRule], learnt: dict[str, GenreModel]) -> GenreModel:
    """The two as one, each with a say whatever the labels would give it."""
    rule = blended[PAIR]
    even = {name: member.model_copy(update={"weight": 0.5}) for name, member in rule.members.items()}
    return assemble_champion(PAIR, {PAIR: rule.model_copy(update={"members": even})}, learnt)


def test_weights_go_to_the_model_that_knows() -> None:
    generator = np.random.default_rng(1)
    truth = generator.normal(size=(3_000, 20))
    labels = (generator.random(truth.shape) < sigmoid(truth)).astype(np.int8)
    noise = generator.normal(size=truth.shape)
    assert choose_weights([truth, noise], labels) == [1.0, 0.0]
    first, second = choose_weights([truth + noise, truth - noise], labels)  # each other's remedy
    assert abs(first - second) < 0.1
    assert first + second == pytest.approx(1)


def test_rules_of_one_seed_are_the_same_and_blends_are_of_models_that_learn(
    blended: dict[str, DecisionRule], learnt: dict[str, GenreModel], examples: pd.DataFrame
) -> None:
    assert list(blended) == ["majority", "tfidf_logreg", "xgboost", PAIR]
    assert tune(learnt, examples) == blended
    assert sum(member.weight for member in blended[PAIR].members.values()) == pytest.approx(1)


def test_a_blend_scores_as_its_rule_was_tuned(blended: dict[str, DecisionRule], learnt: dict[str, GenreModel], examples: pd.DataFrame) -> None:
    """What is judged is arithmetic on members' scores; what is released is a model: they must be one."""
    released = assemble_champion(PAIR, blended, learnt)
    part = select_part(examples, "test", "described")
    np.testing.assert_allclose(released.predict_proba(part.texts), blended[PAIR].read_scores(PAIR, score(learnt, examples, "test")), atol=1e-9)


def test_a_blend_keeps_the_contract_of_models(blend: GenreModel, examples: pd.DataFrame, tmp_path: Path) -> None:
    texts = select_part(examples, "test", "described").texts[:12]
    together = blend.predict_proba(texts)
    assert together.shape == (12, len(GENRES))
    assert ((together >= 0) & (together <= 1)).all()
    np.testing.assert_array_equal(np.concatenate([blend.predict_proba([text]) for text in texts]).astype(np.float32), together.astype(np.float32))
    blend.save(tmp_path)
    np.testing.assert_array_equal(load_model(tmp_path).predict_proba(texts), together)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in {".pkl", ".joblib", ".pt"}]
    assert blend.predict_proba([]).shape == (0, len(GENRES))


def test_evidence_is_what_the_members_say_weighed(blend: GenreModel, learnt: dict[str, GenreModel]) -> None:
    text = "A ghost haunts the old house, and the ghost hunts a young detective."
    ((told,),) = blend.explain([text], [[GENRES.index("Horror")]], 3)
    assert 0 < len(told) <= 3
    assert [weight for _, weight in told] == sorted((weight for _, weight in told), reverse=True)
    words = [word for term, _ in told for word in term.split()]
    assert len(words) == len(set(words))  # no word twice, alone and in a phrase
    assert set(words) <= set(text.lower().replace(",", "").replace(".", "").split())


def test_a_blend_is_not_fitted() -> None:
    with pytest.raises(UsageError, match="put together from fitted models"):
        BlendModel().fit([], np.zeros((0, 20), dtype=np.int8), 1)
    assert build_model("blend").kind == "blend"


def test_bands_hold_their_threshold_and_narrow_with_more_titles() -> None:
    generator = np.random.default_rng(5)
    widths = []
    for count in (200, 5_000):
        probabilities = generator.random((count, 20))
        labels = (generator.random((count, 20)) < probabilities).astype(np.int8)
        thresholds = tune_thresholds(probabilities, labels)
        bands = find_bands(probabilities, labels, thresholds, [str(row) for row in range(count)], SEED)
        assert all(low <= threshold <= high for (low, high), threshold in zip(bands, thresholds, strict=True))
        widths.append(np.mean([high - low for low, high in bands]))
    assert widths[1] < 0.6 * widths[0]


def test_a_genre_in_its_band_is_called_uncertain(learnt: dict[str, GenreModel], blended: dict[str, DecisionRule]) -> None:
    rule, text = blended["tfidf_logreg"], "A sheriff rides into town."
    score = Predictor(learnt["tfidf_logreg"], Calibrator.from_dict(rule.calibration), np.asarray(rule.thresholds)).predict([text])[0].scores["Western"]
    for band, doubted in (((score - 0.01, score + 0.01), True), ((score + 0.01, score + 0.02), False)):
        bands = [band if genre == "Western" else (2.0, 3.0) for genre in GENRES]
        predictor = Predictor(learnt["tfidf_logreg"], Calibrator.from_dict(rule.calibration), np.asarray(rule.thresholds), bands)
        assert (predictor.predict([text])[0].uncertain == ["Western"]) is doubted


def test_costs_are_measured_and_a_blend_costs_its_members(blended: dict[str, DecisionRule], learnt: dict[str, GenreModel], examples: pd.DataFrame) -> None:
    facts = {name: {"cpu_seconds": number} for number, name in enumerate(learnt)}
    even = {name: member.model_copy(update={"weight": 0.5}) for name, member in blended[PAIR].members.items()}
    rules = {**blended, PAIR: blended[PAIR].model_copy(update={"members": even})}
    costs = measure_candidates(learnt, facts, rules, select_part(examples, "test", "described").texts)
    parts = [costs["tfidf_logreg"], costs["xgboost"]]
    assert costs[PAIR].megabytes == pytest.approx(sum(part.megabytes for part in parts))
    assert costs[PAIR].single_ms == pytest.approx(sum(part.single_ms for part in parts))
    assert costs[PAIR].cpu_seconds == 3
    assert all(cost.single_ms > 0 for cost in costs.values())


def test_the_champion_keeps_within_the_budget(blended: dict[str, DecisionRule], learnt: dict[str, GenreModel], examples: pd.DataFrame) -> None:
    wanted = {"majority": 0.1, "tfidf_logreg": 0.3, "xgboost": 0.4, PAIR: 0.5}
    rules = {name: rule.model_copy(update={"validation_macro_f1": wanted[name]}) for name, rule in blended.items()}
    judged = decide(learnt, rules, examples)
    judgements = {name: judge_candidate(name, one, examples, SEED) for name, one in judged.items()}
    costs = {
        name: Cost(single_ms=ms, batch_ms=ms, megabytes=size, cpu_seconds=1)
        for name, ms, size in (("majority", 0.1, 1), ("tfidf_logreg", 1, 10), ("xgboost", 9, 20), (PAIR, 10, 30))
    }

    def choose(**budget: float) -> str:
        return choose_champion(rules, judged, judgements, examples, SEED, costs, Budget(**budget)).champion

    assert choose() == PAIR
    assert choose(max_ms=9.5) == "xgboost"
    assert choose(max_megabytes=12) == "tfidf_logreg"
    with pytest.raises(QualityError, match="over the budget; nothing was published"):
        choose(max_ms=0.5)
    verdict = choose_champion(rules, judged, judgements, examples, SEED, costs, Budget(max_ms=9.5))
    rows = draw_frontier(verdict.validation, judgements, costs, verdict.over_budget, verdict.champion)
    assert [(row.name, row.efficient, row.within_budget) for row in rows] == [
        (PAIR, True, False),
        ("xgboost", True, True),
        ("tfidf_logreg", True, True),
        ("majority", True, True),
    ]
    costs["xgboost"] = costs["xgboost"].model_copy(update={"single_ms": 11, "megabytes": 31})
    assert [row.efficient for row in draw_frontier(verdict.validation, judgements, costs, [], PAIR)] == [True, False, True, True]
    assert set(verdict.gains) == {"all", "movie", "tv"}


def test_rules_see_no_test_title(
    learnt: dict[str, GenreModel], examples: pd.DataFrame, blended: dict[str, DecisionRule], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever models say of test titles, and whatever those are, the step's rules stay what they are."""
    import_module("zenml.utils.source_utils").set_custom_source_root(str(Path(__file__).resolve().parents[2]))  # a pytest-xdist worker has no main module
    module = import_module("steps.tune.tune_thresholds")
    monkeypatch.setattr(module, "log_metadata", lambda _: None)  # there is no run to log to
    scores = score_models(learnt, {name: model.reads for name, model in learnt.items()}, examples)
    chance = np.random.default_rng(4)
    test = (scores["split"] == "test").to_numpy()
    scores.loc[test, list(GENRES)] = chance.random((test.sum(), len(GENRES)))
    genres = [["War"] if split == "test" else listed for listed, split in zip(examples["genres"], examples["split"], strict=True)]
    turned = examples.assign(genres=genres)
    assert {name: DecisionRule(**rule) for name, rule in module.tune_thresholds.entrypoint(scores, turned, SEED).items()} == blended


def test_a_genre_that_validation_lacks_is_never_in_doubt() -> None:
    labels = np.ones((50, 20), dtype=np.int8)
    labels[:, 3] = 0
    probabilities = np.random.default_rng(2).random((50, 20))
    thresholds = tune_thresholds(probabilities, labels)
    bands = find_bands(probabilities, labels, thresholds, [str(row) for row in range(50)], SEED)
    assert bands[3] == (thresholds[3], thresholds[3])


def test_bands_lie_where_other_titles_put_their_thresholds() -> None:
    """Clearly parted scores leave the threshold midway: neither side of it is doubted more than the other."""
    labels = np.tile(np.arange(200)[:, None] % 2, (1, 20)).astype(np.int8)
    probabilities = np.where(labels == 1, 0.97, 0.03) + np.random.default_rng(6).normal(0, 0.001, labels.shape)
    thresholds = tune_thresholds(probabilities, labels)
    for low, high in find_bands(probabilities, labels, thresholds, [str(row) for row in range(200)], SEED):
        assert 0.45 < low <= high < 0.55


@pytest.mark.parametrize("count", [1, 2, 5, 6, 7])
def test_few_texts_are_enough_to_measure_a_cost(learnt: dict[str, GenreModel], count: int) -> None:
    cost = measure_cost(learnt["tfidf_logreg"], [f"A nun sails north for the {number}th time." for number in range(count)], {})
    assert 0 < cost.single_ms < 1_000
    assert cost.batch_ms > 0
