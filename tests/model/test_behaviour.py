"""What the starter-trained TF-IDF model does with texts a person would have no doubt about, and that the runner of such tests catches models that don't read.

After Ribeiro et al., "Beyond accuracy" (2020); the cases are in `trending/evaluation/behaviour_plots.toml`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.test_reports import SCRIPT, Page
from trending.errors import QualityError
from trending.evaluation.behaviour import BehaviourBounds, BehaviourResult, add_up_behaviour, check_behaviour, load_cases, run_behaviour
from trending.evaluation.perturbations import NAMES, add_noise, fill_names, shuffle_sentences, split_sentences, swap_letters
from trending.features.examples import select_part
from trending.features.labels import FloatMatrix
from trending.features.masking import mask_genre_words
from trending.genres import GENRE_INDEX, GENRES
from trending.models.base import GenreModel
from trending.models.keywords import KEYWORDS
from trending.models.predictor import Predictor
from trending.reports.fairness_report import render_behaviour

SEED = 17
CASES = load_cases()
WELL_TOLD = ("Crime", "Drama", "Fantasy", "Romance", "Science Fiction", "Sport", "War", "Western")
PLANTED = ["comedy", "Comedy", "COMEDIES", "romantic comedy", "horror", "a western", "documentary", "science fiction", "war drama", "musical"]


@pytest.fixture(scope="session")
def plots(examples: pd.DataFrame) -> list[str]:
    """Test plots, genre words and all."""
    return select_part(examples, "test", "unmasked").texts


@pytest.fixture(scope="session")
def results(predictor: Predictor, plots: list[str]) -> list[BehaviourResult]:
    """What came of all tests of the TF-IDF model."""
    return run_behaviour(predictor, plots, SEED)


def find(results: Sequence[BehaviourResult], kind: str, name: str) -> BehaviourResult:
    return next(one for one in results if (one.kind, one.name) == (kind, name))


def test_the_starter_trained_model_behaves(results: list[BehaviourResult]) -> None:
    check_behaviour(results, BehaviourBounds())
    shares = add_up_behaviour(results)
    assert shares["directional"].value <= 0.03
    assert shares["minimum functionality"].value <= 0.3


@pytest.mark.parametrize("genre", WELL_TOLD)
def test_a_clear_plot_has_its_genre_among_the_most_probable(results: list[BehaviourResult], genre: str) -> None:
    """Of the genres the starter catalogue tells enough of; a model of a thousand titles doesn't know the others well."""
    assert find(results, "minimum functionality", genre).failures <= 1


@pytest.mark.parametrize("genre", GENRES)
def test_a_sentence_that_speaks_for_a_genre_raises_it_in_most_plots(results: list[BehaviourResult], genre: str) -> None:
    one = find(results, "directional", genre)
    assert one.cases == 30
    assert one.failures <= 5
    assert one.move is not None
    assert one.move > (0.03 if genre in WELL_TOLD else 0.0)


def test_names_of_people_and_places_do_not_decide_the_genre(results: list[BehaviourResult]) -> None:
    """They have some say in a model of a thousand titles; they must not outweigh what happens."""
    names = find(results, "invariance", "names of people and places")
    assert names.cases >= 100
    assert names.rate.value <= 0.08


def test_white_space_punctuation_and_the_order_of_sentences_make_hardly_a_difference(results: list[BehaviourResult]) -> None:
    assert find(results, "invariance", "white space and punctuation").failures == 0
    assert find(results, "invariance", "order of sentences").rate.value <= 0.02


def test_a_model_that_ignores_words_is_caught(fitted_models: Mapping[str, GenreModel], predictor: Predictor, plots: list[str]) -> None:
    """It passes every invariance: nothing ever changes its mind."""
    found = run_behaviour(Predictor(fitted_models["majority"], predictor.calibrator, predictor.thresholds), plots, SEED)
    shares = add_up_behaviour(found)
    assert shares["invariance"].value == 0
    assert shares["directional"].value == 1
    assert shares["minimum functionality"].value > 0.8
    with pytest.raises(QualityError, match="fails 100% of the directional tests"):
        check_behaviour(found, BehaviourBounds())


class Fooled:
    """A model that takes any name of another part of the world for a sign of Romance."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    def prepare(self, text: str) -> str:
        """Return the text as the model it spoils reads it."""
        return self.predictor.prepare(text)

    def predict_proba(self, prepared: Sequence[str]) -> FloatMatrix:
        """Return what that model says, more of Romance if there is such a name."""
        scores = self.predictor.predict_proba(prepared).copy()
        named = [any(name in text for names in NAMES[1:] for name in names) for text in prepared]
        scores[:, GENRE_INDEX["Romance"]] = np.minimum(1, scores[:, GENRE_INDEX["Romance"]] + 0.3 * np.asarray(named))
        return scores


def test_a_model_that_is_fooled_by_names_is_caught(predictor: Predictor, plots: list[str]) -> None:
    found = run_behaviour(Fooled(predictor), plots, SEED)
    assert find(found, "invariance", "names of people and places").rate.low > 0.9
    with pytest.raises(QualityError, match=r"invariance tests.*names of people and places"):
        check_behaviour(found, BehaviourBounds())


def test_a_bound_holds_for_its_kind_alone(results: list[BehaviourResult]) -> None:
    shares = {kind: share.value for kind, share in add_up_behaviour(results).items()}
    loose = BehaviourBounds(invariance=1, directional=1, minimum_functionality=shares["minimum functionality"])
    check_behaviour(results, loose)
    with pytest.raises(QualityError, match="minimum functionality"):
        check_behaviour(results, loose.model_copy(update={"minimum_functionality": shares["minimum functionality"] - 0.01}))


def test_the_same_seed_gives_the_same_results_and_another_other_cases(predictor: Predictor, plots: list[str], results: list[BehaviourResult]) -> None:
    assert run_behaviour(predictor, list(reversed(plots)), SEED) == results
    assert run_behaviour(predictor, plots, SEED + 1) != results


def test_every_genre_has_cases_without_a_word_that_names_one() -> None:
    assert set(CASES) == set(GENRES)
    texts = [text for one in CASES.values() for text in (*one["plots"], one["clause"])]
    assert len(set(texts)) == len(texts) == 6 * len(GENRES)
    filled = [fill_names(text, names) for text in texts for names in NAMES]
    assert [text for text in filled if mask_genre_words(text) != text or "{" in text] == []


_PROSE = st.lists(st.text(alphabet="abcdefghijk ABC,.!?", min_size=1, max_size=60), min_size=1, max_size=6).map(". ".join)


@settings(max_examples=200, deadline=None)
@given(text=_PROSE, seed=st.integers(0, 100))
def test_perturbations_change_what_they_say_and_nothing_else(text: str, seed: int) -> None:
    chance = random.Random(seed)
    swapped = swap_letters(text, chance)
    assert Counter(swapped) == Counter(text)
    assert [word[:1] + word[-1:] for word in swapped.split()] == [word[:1] + word[-1:] for word in text.split()]
    noisy = add_noise(text, chance)
    assert [one for one in noisy if one.isalpha()] == [one for one in text if one.isalpha()]
    shuffled = shuffle_sentences(text, chance)
    assert Counter(shuffled.split()) == Counter(text.split())
    if len(set(split_sentences(text))) > 1:
        assert shuffled != " ".join(split_sentences(text))


def test_a_long_plot_has_a_letter_swapped_in_every_twelfth_word() -> None:
    plot = "Strangers gather around the ancient lighthouse before another violent winter storm begins " * 6
    swapped = swap_letters(plot, random.Random(3))
    changed = sum(before != after for before, after in zip(plot.split(), swapped.split(), strict=True))
    assert 4 <= changed <= 7


def test_the_page_on_behaviour_shows_every_test_and_runs_nothing(results: list[BehaviourResult]) -> None:
    page = Page(render_behaviour(results, SCRIPT, ["a note"]))
    page.check()
    assert SCRIPT in page.text
    assert page.text.count("directional") >= len(GENRES)
    names = find(results, "invariance", "names of people and places")
    assert f"names of people and placesinvariance{names.cases}{names.failures}{names.rate}" in page.text


def test_case_and_white_space_make_no_difference(predictor: Predictor, plots: list[str]) -> None:
    plain = predictor.predict(plots[:40])
    assert predictor.predict([plot.upper() for plot in plots[:40]]) == plain
    assert predictor.predict([f"\n\t{plot.replace(' ', '   ')} \u200b" for plot in plots[:40]]) == plain


def test_markup_and_broken_encodings_make_no_difference(predictor: Predictor, plots: list[str]) -> None:
    plain = predictor.predict(plots[:20])
    assert predictor.predict([f"<p>{plot}</p><script>alert(1)</script>" for plot in plots[:20]]) == plain


@pytest.mark.parametrize("kind", ["majority", "keywords", "tfidf_logreg", pytest.param("xgboost", marks=pytest.mark.slow)])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_planting_a_genres_name_changes_no_prediction(
    predictor: Predictor, fitted_models: Mapping[str, GenreModel], plots: list[str], kind: str, data: st.DataObject
) -> None:
    words = data.draw(st.sampled_from(plots)).split(" ")
    place = data.draw(st.integers(0, len(words)))
    planted = data.draw(st.sampled_from(PLANTED)).removeprefix("a ")
    ours = Predictor(fitted_models[kind], predictor.calibrator, predictor.thresholds)
    plain, told = ours.predict([" ".join(words), " ".join([*words[:place], planted, *words[place:]])])
    assert told == plain


def test_predictions_are_the_genres_at_or_above_their_threshold_most_probable_first(predictor: Predictor, plots: list[str]) -> None:
    probabilities = predictor.predict_proba([predictor.prepare(plot) for plot in plots])
    decisions = predictor.decide(probabilities)
    for prediction, row, chosen in zip(predictor.predict(plots), probabilities, decisions, strict=True):
        assert list(prediction.scores) == list(GENRES)
        np.testing.assert_allclose(list(prediction.scores.values()), row, atol=5.1e-5)
        assert {one.genre for one in prediction.genres} == {genre for genre, yes in zip(GENRES, chosen, strict=True) if yes}
        assert [one.probability for one in prediction.genres] == sorted((one.probability for one in prediction.genres), reverse=True)


@pytest.mark.parametrize("evidence", [0, 1, 5])
def test_evidence_is_from_the_text_and_its_shares_add_up_to_one(predictor: Predictor, plots: list[str], evidence: int) -> None:
    for plot, prediction in zip(plots[:40], predictor.predict(plots[:40], evidence), strict=True):
        for genre in prediction.genres:
            assert len(genre.evidence) <= evidence
            assert not genre.evidence or sum(one.weight for one in genre.evidence) == pytest.approx(1, abs=0.004)
            if plot.isascii():
                assert all(word in plot.casefold() for one in genre.evidence for word in one.text.split())


def test_the_evidence_for_western_is_western(predictor: Predictor) -> None:
    (prediction,) = predictor.predict([CASES["Western"]["plots"][0]])
    shown = {word for one in prediction.genres if one.genre == "Western" for piece in one.evidence for word in piece.text.split()}
    assert shown & {"sheriff", "outlaw", "stagecoach", "frontier"}


@pytest.mark.parametrize("text", ["", " ", "\U0001f9db\u200d\u2642\ufe0f", "\u0634\u0631\u0637\u064a", "comedy", "\ud83d", "\x00"])
def test_a_text_that_says_nothing_gets_an_answer_without_reasons(predictor: Predictor, text: str) -> None:
    (prediction,) = predictor.predict([text])
    assert all(0 <= score <= 1 for score in prediction.scores.values())
    assert [one.evidence for one in prediction.genres] == [[]] * len(prediction.genres)


def test_texts_are_prepared_as_training_texts_were(predictor: Predictor, examples: pd.DataFrame) -> None:
    assert [predictor.prepare(plot) for plot in examples["plot"]] == examples["text"].tolist()
    assert predictor.prepare("<b>A  Western</b>\u200b comedy about caf\u00c3\u00a9s") == "A about caf\u00e9s"


def test_a_genres_name_planted_inside_a_known_phrase_does_not_hide_it(predictor: Predictor, examples: pd.DataFrame) -> None:
    """The model knows pairs of words: what is masked must leave no gap between them."""
    pairs = [term.split() for term in predictor.model.terms.names if " " in term][:200]  # type: ignore[attr-defined]
    plain = predictor.predict([f"{first} {second}" for first, second in pairs])
    assert predictor.predict([f"{first} comedy {second}" for first, second in pairs]) == plain
    assert predictor.predict([f"{first} quietly {second}" for first, second in pairs]) != plain


def test_another_keyword_never_lowers_a_keyword_score(fitted_models: Mapping[str, GenreModel]) -> None:
    for genre, name in enumerate(GENRES):
        words = KEYWORDS[name].split()[:4]
        scores = fitted_models["keywords"].predict_proba([" ".join(words[:count]) for count in range(5)])[:, genre]
        assert (np.diff(scores) >= 0).all(), name
