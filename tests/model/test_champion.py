"""The choice of a model: on validation titles, beyond doubt better than the majority baseline, and never the twin that reads genre words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.judging import decide, tune
from trending.errors import QualityError
from trending.evaluation.baselines import BASELINE
from trending.evaluation.candidates import UNMASKED, frame_scores, judge_candidate, restore_judged
from trending.evaluation.champion import choose_champion
from trending.evaluation.judge import compare, judge
from trending.evaluation.judgement import Judgement
from trending.evaluation.metrics import Judged, all_metrics
from trending.evaluation.rules import DecisionRule
from trending.features.examples import select_part
from trending.genres import GENRES
from trending.models.base import GenreModel, build_model

SEED = 17


@pytest.fixture(scope="session")
def judgements(judged: dict[str, Judged], examples: pd.DataFrame) -> dict[str, Judgement]:
    """Every figure of the three models."""
    return {kind: judge_candidate(kind, one, examples, SEED) for kind, one in judged.items()}


def with_validation(rules: dict[str, DecisionRule], **scores: float) -> dict[str, DecisionRule]:
    return {kind: rule.model_copy(update={"validation_macro_f1": scores.get(kind, rule.validation_macro_f1)}) for kind, rule in rules.items()}


@pytest.mark.parametrize("winner", ["keywords", "tfidf_logreg"])
def test_the_champion_is_best_on_validation_whatever_test_says(
    rules: dict[str, DecisionRule], judged: dict[str, Judged], judgements: dict[str, Judgement], examples: pd.DataFrame, winner: str
) -> None:
    scored = with_validation(rules, **{"majority": 0.1, "keywords": 0.3, "tfidf_logreg": 0.3, winner: 0.31})
    verdict = choose_champion(scored, judged, judgements, examples, SEED)
    assert verdict.champion == winner
    assert verdict.validation == {"majority": 0.1, "keywords": 0.3, "tfidf_logreg": 0.3} | {winner: 0.31}


def test_swapping_what_was_judged_on_test_does_not_change_the_champion(
    rules: dict[str, DecisionRule], judged: dict[str, Judged], judgements: dict[str, Judgement], examples: pd.DataFrame
) -> None:
    before = choose_champion(rules, judged, judgements, examples, SEED)
    swapped = {**judged, "keywords": judged["tfidf_logreg"], "tfidf_logreg": judged["keywords"]}
    assert choose_champion(rules, swapped, judgements, examples, SEED).champion == before.champion == "tfidf_logreg"


def test_the_starter_trained_model_beats_majority_beyond_doubt(
    rules: dict[str, DecisionRule], judged: dict[str, Judged], judgements: dict[str, Judgement], examples: pd.DataFrame
) -> None:
    verdict = choose_champion(rules, judged, judgements, examples, SEED)
    assert set(verdict.differences) == {"keywords", "tfidf_logreg"}
    difference = verdict.differences["tfidf_logreg"]
    assert 0.1 < difference.low < difference.value < difference.high
    expected = judgements["tfidf_logreg"].metrics["macro_f1"].value - judgements[BASELINE].metrics["macro_f1"].value
    assert difference.value == pytest.approx(expected)


def test_a_model_that_knows_nothing_is_not_published(
    rules: dict[str, DecisionRule], judged: dict[str, Judged], judgements: dict[str, Judgement], examples: pd.DataFrame
) -> None:
    """Decisions of other titles are as many as ours and as wrong as chance."""
    lucky, other = judged["tfidf_logreg"], np.random.default_rng(1).permutation(len(judged["tfidf_logreg"].labels))
    guessed = {**judged, "tfidf_logreg": Judged(lucky.labels, lucky.probabilities[other], lucky.decisions[other])}
    with pytest.raises(QualityError, match=r"tfidf_logreg.*not beyond doubt better.*nothing was published"):
        choose_champion(rules, guessed, judgements, examples, SEED)


@pytest.mark.parametrize("order", [["keywords", "majority"], ["majority", "keywords"]])
def test_a_model_that_only_guesses_the_commonest_genres_is_not_published(examples: pd.DataFrame, order: list[str]) -> None:
    """It ties with the baseline on validation titles: the baseline must not win by being listed first."""
    labels = select_part(examples, "train").labels
    models: dict[str, GenreModel] = {kind: build_model(kind) for kind in order}
    for model in models.values():
        model.fit(["no word known"] * len(labels), labels, SEED)
    blind = examples.assign(text="no word known")
    rules = tune(models, blind)
    judged = decide(models, rules, blind)
    assert rules["keywords"].validation_macro_f1 == pytest.approx(rules["majority"].validation_macro_f1)
    with pytest.raises(QualityError, match="not beyond doubt better"):
        choose_champion(rules, judged, {}, blind, SEED)


def test_the_twin_that_reads_genre_words_is_never_champion(
    rules: dict[str, DecisionRule], judged: dict[str, Judged], judgements: dict[str, Judgement], examples: pd.DataFrame
) -> None:
    twin = "tfidf_logreg" + UNMASKED
    best = rules["tfidf_logreg"].model_copy(update={"validation_macro_f1": 0.99})
    perfect = Judged(judged["majority"].labels, judged["majority"].labels.astype(float), judged["majority"].labels == 1)
    everything = {**judgements, twin: judge_candidate(twin, perfect, examples, SEED)}
    verdict = choose_champion({twin: best, **rules}, {**judged, twin: perfect}, everything, examples, SEED)
    assert verdict.champion == "tfidf_logreg"
    assert twin not in verdict.validation
    assert twin not in verdict.differences
    assert verdict.leak == {"masked": judgements["tfidf_logreg"].metrics["macro_f1"], "unmasked": everything[twin].metrics["macro_f1"]}


def test_without_a_twin_there_is_no_leak_to_report(
    rules: dict[str, DecisionRule], judged: dict[str, Judged], judgements: dict[str, Judgement], examples: pd.DataFrame
) -> None:
    assert choose_champion(rules, judged, judgements, examples, SEED).leak == {}


def test_framed_predictions_come_back_the_same(rules: dict[str, DecisionRule], judged: dict[str, Judged], examples: pd.DataFrame) -> None:
    frame = frame_scores({kind: one.probabilities for kind, one in judged.items()}, select_part(examples, "test").rows["title_id"])
    assert list(frame.columns) == ["model", "title_id", *GENRES]
    assert len(frame) == 3 * len(judged["majority"].labels)
    assert frame.loc[frame["model"] == "keywords", "title_id"].tolist() == select_part(examples, "test").rows["title_id"].tolist()
    back = restore_judged(frame, rules, examples)
    assert set(back) == set(judged)
    for kind, before in judged.items():
        np.testing.assert_array_equal(back[kind].labels, before.labels)
        np.testing.assert_array_equal(back[kind].probabilities, before.probabilities)
        np.testing.assert_array_equal(back[kind].decisions, before.decisions)


def test_a_judgement_holds_the_plain_figures_and_survives_json(judged: dict[str, Judged], judgements: dict[str, Judgement], examples: pd.DataFrame) -> None:
    one, rows = judgements["tfidf_logreg"], select_part(examples, "test").rows
    plain = all_metrics(judged["tfidf_logreg"], np.ones((1, len(rows))))
    per_genre = plain.pop("per_genre")[0]
    assert [part.f1.value for part in one.per_genre.values()] == pytest.approx(per_genre.tolist())
    assert {name: figure.value for name, figure in one.metrics.items()} == pytest.approx({name: value[0] for name, value in plain.items()})
    assert (one.n, one.groups) == (len(rows), rows["group_id"].nunique())
    assert {genre: part.n for genre, part in one.per_genre.items()} == dict(zip(GENRES, judged["tfidf_logreg"].labels.sum(axis=0).tolist(), strict=True))
    assert Judgement.model_validate_json(one.model_dump_json()) == one


def test_slices_are_judged_on_their_own_titles(judged: dict[str, Judged], judgements: dict[str, Judgement], examples: pd.DataFrame) -> None:
    rows = select_part(examples, "test").rows
    found = judgements["tfidf_logreg"].slices
    assert {name: part.n for name, part in found["type"].items()} == rows["type"].value_counts().to_dict()
    tv = judge("tv", judged["tfidf_logreg"].take((rows["type"] == "tv").to_numpy()), rows[rows["type"] == "tv"], SEED, draws=20)
    assert found["type"]["tv"].macro_f1.value == pytest.approx(tv.metrics["macro_f1"].value)
    assert found["type"]["tv"].macro_f1.low < tv.metrics["macro_f1"].value < found["type"]["tv"].macro_f1.high
    assert all(part.n >= 20 for kind, parts in found.items() if kind != "type" for part in parts.values())


def test_judging_and_comparing_are_repeatable(judged: dict[str, Judged], judgements: dict[str, Judgement], examples: pd.DataFrame) -> None:
    groups = select_part(examples, "test").rows["group_id"].tolist()
    assert judge_candidate("keywords", judged["keywords"], examples, SEED) == judgements["keywords"]
    first, second = (compare(judged["keywords"], judged["majority"], groups, SEED) for _ in range(2))
    assert first == second
