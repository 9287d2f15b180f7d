"""The contract every kind of genre model keeps, whatever it is made of."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import FITTED_KINDS
from trending.errors import UsageError
from trending.features.examples import Part, select_part
from trending.genres import GENRE_INDEX, GENRES
from trending.models.base import GenreModel, WeightedTerms, build_model

ROOT = Path(__file__).resolve().parents[2]
QUICK = {"xgboost": {"n_estimators": 3, "max_features": 200, "max_depth": 3}, "bert": {"max_titles": 24, "epochs": 1}}
ODD_TEXTS = {
    "empty": "",
    "spaces": " \t\n ",
    "one letter": "a",
    "emoji": "\U0001f9db\U0001f3fd\u200d\u2642\ufe0f\U0001f9df \U0001f52b",
    "right to left": "\u0634\u0631\u0637\u064a \u064a\u0637\u0627\u0631\u062f \u0644\u0635\u0627 \u05e9\u05dc\u05d5\u05dd",
    "no spaces between words": "\u5b87\u5b99\u8239\u304c\u706b\u661f\u306b\u7740\u304f",
    "punctuation": "?!... -- \u2014 ''",
    "null character": "sheriff\x00outlaw",
    "unknown words": "zzyzx qwrtpl",
    "very long": "sheriff " * 5_000,
}
# These take ten times as long to fit as all others; in CI the fixture below fits one of each, and their own tests train them.
REFITTED = [pytest.param(kind, marks=[pytest.mark.slow] if kind in ("bert", "xgboost") else []) for kind in FITTED_KINDS]
PLOT = "A sheriff chases an outlaw called Ren\u00e9e across the frontier, where a stagecoach is robbed and a detective investigates the murder of a rancher."


def quick_model(kind: str, part: Part, labels: np.ndarray | None = None, seed: int = 5) -> GenreModel:
    model = build_model(kind, QUICK.get(kind))
    model.fit(part.texts, part.labels if labels is None else labels, seed)
    return model


def explain_all(model: GenreModel, text: str, top: int) -> list[WeightedTerms]:
    (found,) = model.explain([text], [list(range(len(GENRES)))], top)
    return found


def words_of(text: str) -> set[str]:
    folded = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return set(re.findall(r"\w+", folded.casefold()))


@pytest.fixture(params=FITTED_KINDS)
def model(request: pytest.FixtureRequest, fitted_models: Mapping[str, GenreModel]) -> GenreModel:
    """Each kind in turn, fitted on the starter catalogue."""
    return fitted_models[request.param]


def test_every_kind_is_fitted_here(fitted_models: Mapping[str, GenreModel]) -> None:
    """A kind added to the table is tested too."""
    assert set(fitted_models) == set(FITTED_KINDS)
    assert {kind: model.kind for kind, model in fitted_models.items()} == {kind: kind for kind in FITTED_KINDS}


def test_scores_have_a_column_per_genre_and_lie_between_0_and_1(model: GenreModel, examples: pd.DataFrame) -> None:
    texts = select_part(examples, "test").texts
    scores = model.predict_proba(texts)
    assert scores.shape == (len(texts), len(GENRES))
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    assert scores.min() >= 0
    assert scores.max() <= 1


def test_no_texts_give_no_rows(model: GenreModel) -> None:
    assert model.predict_proba([]).shape == (0, len(GENRES))


def test_a_text_scores_the_same_alone_and_among_others(model: GenreModel, examples: pd.DataFrame) -> None:
    texts = select_part(examples, "test").texts[:7]
    together = model.predict_proba(texts)
    for row, text in enumerate(texts):
        np.testing.assert_allclose(model.predict_proba([text])[0], together[row], rtol=0, atol=1e-7)


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_odd_texts_get_finite_scores_and_explanations(model: GenreModel, text: str) -> None:
    scores = model.predict_proba([text])
    assert scores.shape == (1, len(GENRES))
    assert ((scores >= 0) & (scores <= 1)).all()
    assert all(weight > 0 for terms in explain_all(model, text, 5) for _, weight in terms)


@pytest.mark.parametrize("text", ["", "\U0001f9df\U0001f52b", "zzyzx qwrtpl"])
def test_a_text_without_known_words_is_explained_by_nothing(model: GenreModel, text: str) -> None:
    if model.kind == "bert" and text:
        return  # it reads pieces of words, and knows them all
    assert explain_all(model, text, 5) == [[]] * len(GENRES)


@pytest.mark.parametrize("top", [0, 1, 3, 50])
def test_explanations_are_words_of_the_text_with_positive_weights_strongest_first(model: GenreModel, top: int) -> None:
    present = words_of(PLOT)
    for found in explain_all(model, PLOT, top):
        weights = [weight for _, weight in found]
        assert len(found) <= top
        assert weights == sorted(weights, reverse=True)
        assert all(weight > 0 for weight in weights)
        assert all(set(re.findall(r"\w+", term)) <= present for term, _ in found)
        assert len({term for term, _ in found}) == len(found)


@pytest.mark.parametrize(("kind", "explains"), [("majority", False), ("keywords", True), ("tfidf_logreg", True), ("xgboost", True)])
def test_models_that_read_the_text_give_reasons(fitted_models: Mapping[str, GenreModel], kind: str, explains: bool) -> None:
    assert any(explain_all(fitted_models[kind], PLOT, 5)) == explains


def test_many_texts_are_explained_as_each_alone_for_the_genres_asked_for(model: GenreModel, examples: pd.DataFrame) -> None:
    texts = [*select_part(examples, "test").texts[:4], ""]
    asked = [[3, 0], [], [19], list(range(len(GENRES))), [6]]
    found = model.explain(texts, asked, 5)
    assert [len(one) for one in found] == [len(genres) for genres in asked]
    for text, genres, together in zip(texts, asked, found, strict=True):
        alone = explain_all(model, text, 5)
        for genre, terms in zip(genres, together, strict=True):
            assert [term for term, _ in terms] == [term for term, _ in alone[genre]]
            assert [weight for _, weight in terms] == pytest.approx([weight for _, weight in alone[genre]], rel=1e-5)


@pytest.mark.parametrize("kind", ["keywords", "tfidf_logreg"])
def test_the_reason_for_western_is_a_western_word(fitted_models: Mapping[str, GenreModel], kind: str) -> None:
    terms = " ".join(term for term, _ in explain_all(fitted_models[kind], PLOT, 5)[GENRE_INDEX["Western"]])
    assert {"sheriff", "outlaw", "stagecoach", "frontier", "rancher"} & words_of(terms)


@pytest.mark.parametrize("kind", REFITTED)
def test_the_same_seed_gives_the_same_predictions(kind: str, small: Part) -> None:
    first, second = (quick_model(kind, small).predict_proba(small.texts) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("kind", REFITTED)
def test_a_genre_nobody_has_scores_low_and_one_everybody_has_scores_high(kind: str, small: Part) -> None:
    labels = small.labels.copy()
    nobody, everybody = GENRE_INDEX["Western"], GENRE_INDEX["Drama"]
    labels[:, nobody], labels[:, everybody] = 0, 1
    scores = quick_model(kind, small, labels).predict_proba([PLOT, "", small.texts[0]])
    assert np.isfinite(scores).all()
    assert (scores[:, nobody] < 0.05).all()
    assert (scores[:, everybody] > 0.95).all()


@pytest.mark.parametrize("size", [1, 3, 150])
@pytest.mark.parametrize("kind", [one for one in REFITTED if one.values != ("xgboost",)])
def test_texts_that_share_most_words_can_be_fitted(kind: str, size: int) -> None:
    labels = (np.random.default_rng(0).random((size, len(GENRES))) < 0.3).astype(np.int8)
    texts = [f"the sheriff rides after {number} outlaws" for number in range(size)]
    model = build_model(kind)
    model.fit(texts, labels, 5)
    assert model.predict_proba(texts).shape == (size, len(GENRES))


FIT_TREES = """
import numpy as np
from trending.models.base import build_model
for size in (1, 3, 150) * 4:
    labels = (np.random.default_rng(0).random((size, 20)) < 0.3).astype("int8")
    texts = [f"the sheriff rides after {number} outlaws" for number in range(size)]
    model = build_model("xgboost", {"n_estimators": 3, "max_depth": 3})
    model.fit(texts, labels, 5)
    assert model.predict_proba(texts).shape == (size, 20)
"""


@pytest.mark.slow
def test_trees_on_texts_that_share_most_words_do_not_crash_the_process() -> None:
    """In a process of its own: XGBoost 3.2 writes outside its memory when a matrix without gaps has unsorted columns."""
    done = subprocess.run([sys.executable, "-c", FIT_TREES], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr[-300:]}"


def test_no_kind_but_those_listed() -> None:
    with pytest.raises(UsageError, match=r"no model kind 'gpt'.*majority.*tfidf_logreg"):
        build_model("gpt")


@pytest.mark.parametrize("kind", FITTED_KINDS)
def test_an_unknown_parameter_is_refused_by_name(kind: str) -> None:
    with pytest.raises(UsageError, match=rf"{kind} has no parameter 'warmth'"):
        build_model(kind, {"warmth": 1})


@pytest.mark.parametrize("kind", FITTED_KINDS)
def test_parameters_given_replace_the_defaults_and_no_others(kind: str) -> None:
    defaults = build_model(kind).defaults()
    given = dict.fromkeys(list(defaults)[:1], 7)
    assert build_model(kind, given).params == {**defaults, **given}


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("tfidf_logreg", "C", 0),
        ("tfidf_logreg", "C", "much"),
        ("tfidf_logreg", "balanced", 1),
        ("xgboost", "n_estimators", -1),
        ("keywords", "smoothing", True),
    ],
)
def test_a_parameter_out_of_range_is_refused_by_name(kind: str, name: str, value: object) -> None:
    with pytest.raises(UsageError, match=rf"{name} can't be {value!r}"):
        build_model(kind, {name: value})
