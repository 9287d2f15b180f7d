"""What the starter-trained TF-IDF model does with texts a person would have no doubt about (after Ribeiro et al., "Beyond accuracy", 2020)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.features.examples import select_part
from trending.genres import GENRES
from trending.models.base import GenreModel
from trending.models.keywords import KEYWORDS
from trending.models.predictor import Predictor
from trending.predictions import Prediction

CLEAR_CASES = {
    "Western": [
        "A sheriff and an outlaw face each other when a stagecoach full of gold is robbed on the frontier.",
        "A rancher hires a gunslinger to keep rustlers away from his cattle.",
    ],
    "Horror": [
        "A young couple move into a haunted house where a ghost comes at night and a demon waits in the cellar.",
        "A vampire rises from his coffin and drinks the blood of the villagers.",
    ],
    "Science Fiction": [
        "The crew of a spaceship lands on a distant planet and meets aliens and a rogue android.",
        "An astronaut and a robot drift through space after their ship leaves the galaxy.",
    ],
    "War": [
        "Young soldiers huddle in the trenches under artillery fire before the army orders another attack on the German line.",
        "A platoon of soldiers is cut off behind German lines and holds a bridge until the army comes.",
    ],
    "Sport": [
        "A washed-up boxer trains with an old coach for one last fight against the heavyweight champion in the ring.",
        "A football coach takes a losing school team to the championship.",
    ],
    "Reality": [
        "Contestants bake cakes each week while judges send one baker home, until the winner takes the prize.",
        "Strangers compete in challenges each week, and one contestant is voted out until a winner is left.",
    ],
}
EACH_CASE = [(genre, text) for genre, texts in CLEAR_CASES.items() for text in texts]
MORE = {
    "Western": "A sheriff and a rancher hunt cattle rustlers across the frontier.",
    "Horror": "A ghost haunts the old house and terrifies everyone.",
    "War": "Soldiers fight in the trenches under artillery fire.",
    "Science Fiction": "Aliens attack the spaceship near a distant planet.",
    "Sport": "The coach trains a boxer for the championship.",
    "Reality": "Contestants are judged each week and one is eliminated.",
    "Music": "A singer and her band record songs and play concerts.",
}
NAMED = {
    "Western": "Sheriff {name} hunts an outlaw who robbed the stagecoach on the frontier.",
    "Horror": "{name} moves into a haunted house where a ghost terrorises everyone at night.",
    "Romance": "{name} falls in love with a stranger on a train and promises to marry.",
    "Sport": "Boxer {name} trains with an old coach for one last fight against the champion.",
    "Science Fiction": "{name} commands a spaceship that lands on a planet ruled by aliens.",
}
FIRST_NAMES = ["Anna", "James", "Priya", "Kenji", "Mateo", "Fatima", "Olga", "Kwame", "John", "Mary"]
PLANTED = ["comedy", "Comedy", "COMEDIES", "romantic comedy", "horror", "a western", "documentary", "science fiction", "war drama", "musical"]


def top(prediction: Prediction, count: int) -> list[str]:
    return sorted(prediction.scores, key=lambda genre: -prediction.scores[genre])[:count]


@pytest.fixture(scope="session")
def plots(examples: pd.DataFrame) -> list[str]:
    """Test plots, genre words and all."""
    return select_part(examples, "test", "unmasked").texts


@pytest.mark.parametrize(("genre", "text"), EACH_CASE, ids=[f"{genre} {number % 2 + 1}" for number, (genre, _) in enumerate(EACH_CASE)])
def test_a_clear_case_has_its_genre_among_the_top_two_and_predicted(predictor: Predictor, genre: str, text: str) -> None:
    (prediction,) = predictor.predict([text])
    assert genre in top(prediction, 2)
    assert genre in [one.genre for one in prediction.genres]


@pytest.mark.parametrize("genre", MORE)
def test_a_sentence_that_speaks_for_a_genre_raises_it_in_any_plot(predictor: Predictor, plots: list[str], genre: str) -> None:
    before = np.array([one.scores[genre] for one in predictor.predict(plots)])
    after = np.array([one.scores[genre] for one in predictor.predict([f"{plot} {MORE[genre]}" for plot in plots])])
    assert (after > before).all()
    assert (after - before).mean() > 0.03


@pytest.mark.parametrize("genre", NAMED)
def test_a_characters_first_name_does_not_decide_the_genre(predictor: Predictor, genre: str) -> None:
    """Names have some say in a model of a thousand titles; they must not outweigh what happens."""
    predictions = predictor.predict([NAMED[genre].format(name=name) for name in FIRST_NAMES])
    scores = np.array([list(one.scores.values()) for one in predictions])
    assert [name for name, one in zip(FIRST_NAMES, predictions, strict=True) if genre not in [found.genre for found in one.genres]] == []
    assert np.abs(scores - np.median(scores, axis=0)).mean() < 0.03


def test_case_and_white_space_make_no_difference(predictor: Predictor, plots: list[str]) -> None:
    plain = predictor.predict(plots[:40])
    assert predictor.predict([plot.upper() for plot in plots[:40]]) == plain
    assert predictor.predict([f"\n\t{plot.replace(' ', '   ')} \u200b" for plot in plots[:40]]) == plain


def test_markup_and_broken_encodings_make_no_difference(predictor: Predictor, plots: list[str]) -> None:
    plain = predictor.predict(plots[:20])
    assert predictor.predict([f"<p>{plot}</p><script>alert(1)</script>" for plot in plots[:20]]) == plain


@pytest.mark.parametrize("kind", ["majority", "keywords", "tfidf_logreg", "xgboost"])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_planting_a_genres_name_changes_no_prediction(
    predictor: Predictor, fitted_models: dict[str, GenreModel], plots: list[str], kind: str, data: st.DataObject
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
    (prediction,) = predictor.predict([CLEAR_CASES["Western"][0]])
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


def test_another_keyword_never_lowers_a_keyword_score(fitted_models: dict[str, GenreModel]) -> None:
    for genre, name in enumerate(GENRES):
        words = KEYWORDS[name].split()[:4]
        scores = fitted_models["keywords"].predict_proba([" ".join(words[:count]) for count in range(5)])[:, genre]
        assert (np.diff(scores) >= 0).all(), name
