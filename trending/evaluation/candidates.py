"""Candidates: the models that are trained, what they score, and how they are judged side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from trending.evaluation.baselines import BASELINE, COMMONEST
from trending.evaluation.judge import judge
from trending.evaluation.judgement import Judgement
from trending.evaluation.metrics import Judged
from trending.evaluation.rules import DecisionRule, Scores
from trending.features.examples import select_part
from trending.features.labels import FloatMatrix
from trending.genres import GENRES
from trending.models.base import GenreModel, build_model

LEAK_REFERENCE = "tfidf_logreg"
UNMASKED = "_unmasked"  # suffix of the twin that may read genre words; it is never a candidate
SCORED = ("validation", "test")


def list_candidates(kinds: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return what to train: name -> (kind, text). The baseline always is, and the reference a second time on unmasked text, to measure the leak."""
    wanted = {kind: (kind, build_model(kind).reads) for kind in dict.fromkeys([BASELINE, *kinds])}
    if LEAK_REFERENCE in wanted:
        wanted[LEAK_REFERENCE + UNMASKED] = (LEAK_REFERENCE, "unmasked")
    return wanted


def score_models(models: Mapping[str, GenreModel], texts: Mapping[str, str], examples: pd.DataFrame) -> pd.DataFrame:
    """Return the raw scores of every model for validation and test titles: `split`, `model`, `title_id`, and a column per genre.

    Args:
        models: Fitted, by name.
        texts: What each reads: `masked`, `described` or `unmasked`.
        examples: All examples; training titles aren't scored.
    """
    frames = []
    for split in SCORED:
        scores = {name: model.predict_proba(select_part(examples, split, texts[name]).texts) for name, model in models.items()}
        frames.append(frame_scores(scores, select_part(examples, split).rows["title_id"]).assign(split=split))
    return pd.concat(frames, ignore_index=True)[["split", "model", "title_id", *GENRES]]


def frame_scores(scores: Scores, title_ids: pd.Series) -> pd.DataFrame:
    """Return scores or probabilities of the same titles as a table: `model`, `title_id`, and a column per genre."""
    frames = [pd.DataFrame(one, columns=list(GENRES)).assign(model=name, title_id=title_ids.to_numpy()) for name, one in scores.items()]
    return pd.concat(frames, ignore_index=True)[["model", "title_id", *GENRES]]


def unframe_scores(frame: pd.DataFrame) -> dict[str, FloatMatrix]:
    """Return what `frame_scores` was given."""
    return {str(name): part[list(GENRES)].to_numpy() for name, part in frame.groupby("model", sort=False)}


def decide_all(rules: Mapping[str, DecisionRule], scores: Scores, examples: pd.DataFrame, split: str) -> dict[str, Judged]:
    """Return every candidate's probabilities and decisions on one split."""
    labels = select_part(examples, split).labels
    return {name: rule.decide(name, scores, labels) for name, rule in rules.items()}


def judge_commonest(examples: pd.DataFrame, seed: int) -> Judgement:
    """Judge, on test titles, the answer that gives each of them the k commonest genres of the training titles, k being what a title has on average."""
    train, test = select_part(examples, "train"), select_part(examples, "test")
    shares = train.labels.mean(axis=0)
    count = max(1, round(float(train.labels.sum(axis=1).mean())))
    decisions = np.zeros(test.labels.shape, dtype=bool)
    decisions[:, np.argsort(-shares, kind="stable")[:count]] = True
    return judge_candidate(COMMONEST, Judged(test.labels, np.tile(shares, (len(test.texts), 1)), decisions), examples, seed)


def judge_candidate(name: str, judged: Judged, examples: pd.DataFrame, seed: int) -> Judgement:
    """Judge a candidate on the test split."""
    return judge(name, judged, select_part(examples, "test").rows, seed)


def restore_judged(predictions: pd.DataFrame, rules: Mapping[str, DecisionRule], examples: pd.DataFrame) -> dict[str, Judged]:
    """Return what was judged on test titles from their probabilities in the form of `frame_scores`."""
    labels = select_part(examples, "test").labels
    return {name: Judged(labels, one, one >= np.asarray(rules[name].thresholds)) for name, one in unframe_scores(predictions).items()}
