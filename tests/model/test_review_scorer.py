"""The review scorer that ships: right on praise in dark words, calibrated, small, fast, and made from the data it says it is made from."""

from __future__ import annotations

import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from benchmarks.review_scorer import judge, load_others, load_training, pack, score_by_lexicon, train
from trending.insights.scorer import WEIGHTS, ReviewScorer

ROOT = Path(__file__).resolve().parents[2]
PRAISE = (
    "A terrifying masterpiece of horror.",
    "A terrifying, nightmarish film, and the best horror of the year.",
    "Genuinely scary and brutally violent: I loved every minute.",
    "The killer is chilling and the murders are superbly filmed.",
    "A dark, disturbing crime drama with an outstanding cast.",
    "Bleak, bloody and brilliant.",
)
BLAME = (
    "A boring, lifeless horror film.",
    "Not scary at all, just dull.",
    "Wants to be funny and happy but is a complete waste of time.",
    "The jokes about love and joy fall flat, avoid it.",
    "Poorly acted crime drama with a ridiculous plot.",
    "I wanted to like it, but what a mess.",
)


@pytest.fixture(scope="module")
def scorer() -> ReviewScorer:
    return ReviewScorer.load()


@pytest.mark.parametrize("text", PRAISE)
def test_praise_in_dark_words_is_praise(scorer: ReviewScorer, text: str) -> None:
    assert scorer.score(text) > 0.6


@pytest.mark.parametrize("text", BLAME)
def test_blame_in_bright_words_is_blame(scorer: ReviewScorer, text: str) -> None:
    assert scorer.score(text) < 0.4


def test_a_lexicon_would_fail_this(scorer: ReviewScorer) -> None:
    """The reason for the scorer: words of fear and crime are no verdict."""
    assert sum(score_by_lexicon(text) > 0.5 for text in PRAISE) < len(PRAISE)
    assert all(scorer.score(text) > 0.5 for text in PRAISE)


@pytest.mark.parametrize("text", ["", "12345", "\u5f88\u597d\u770b\u7684\u7535\u5f71", "qqqq zzzz"])
def test_what_it_does_not_know_is_even(scorer: ReviewScorer, text: str) -> None:
    assert scorer.score(text) == 0.5


def test_case_and_quotes_change_nothing(scorer: ReviewScorer) -> None:
    assert scorer.score("I DON'T like it") == scorer.score("i don\u2019t like it")


def test_more_praise_is_never_worse(scorer: ReviewScorer) -> None:
    """Directional: a sentence of praise raises a review, one of blame lowers it."""
    base = "The film tells of a nurse in the war and her patients. It was made in Poland."
    assert (
        scorer.score(f"{base} The worst film I have seen, a boring mess.") < scorer.score(base) < scorer.score(f"{base} A superb and moving film, I loved it.")
    )


def test_it_is_small_and_needs_numpy_alone() -> None:
    """Less than a megabyte, no pickle; loading and scoring import neither scikit-learn nor scipy."""
    stored = files("trending.insights").joinpath(WEIGHTS).read_bytes()
    assert len(stored) < 1_000_000
    code = (
        "import sys; from trending.insights.scorer import ReviewScorer; ReviewScorer.load().score('good');"
        "print([name for name in ('sklearn', 'scipy', 'pandas') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"


def test_a_review_takes_less_than_a_millisecond(scorer: ReviewScorer) -> None:
    """Of 240 words; the bound here is five times that, as machines are shared."""
    text = "The acting is superb and the story moved me although the middle part drags a bit and the music is loud. " * 12
    began = time.perf_counter()
    for _ in range(200):
        scorer.score(text)
    assert (time.perf_counter() - began) / 200 < 0.005


def test_figures_on_other_peoples_reviews(shared_data: Path, scorer: ReviewScorer) -> None:
    """Reviews of another year and collection, a tenth of them: accuracy, ranking and calibration hold, on horror and crime too."""
    others = load_others(shared_data, load_training())[::6]
    scores = np.asarray(scorer.score_all(others["text"]))
    labels = others["label"].to_numpy()
    figures = judge(scores, labels)
    assert figures.accuracy > 0.89
    assert figures.auc > 0.955
    assert figures.ece_balanced < 0.04
    dark = np.asarray([bool(genres & {"Horror", "Crime"}) for genres in others["genres"]])
    on_dark = judge(scores[dark], labels[dark])
    assert on_dark.balanced > 0.86
    lexicon = judge([score_by_lexicon(text) for text in others["text"][dark]], labels[dark])
    assert on_dark.balanced > lexicon.balanced + 0.1


@pytest.mark.slow
def test_training_again_gives_the_file_that_ships(scorer: ReviewScorer) -> None:
    """The same terms, and the same weights to a step of rounding; on the same libraries the same bytes."""
    trained = train(load_training())
    assert trained.weights.keys() == scorer.weights.keys() or len(trained.weights.keys() ^ scorer.weights.keys()) < 20
    assert trained.words == scorer.words
    shared = trained.weights.keys() & scorer.weights.keys()
    assert max(abs(trained.weights[term] - scorer.weights[term]) for term in shared) <= 1 / 32
    assert len(pack(trained)) == pytest.approx(len(files("trending.insights").joinpath(WEIGHTS).read_bytes()), rel=0.01)
