"""Candidates: trained models with the rules that turn their scores into decisions, judged side by side."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from trending.errors import QualityError
from trending.evaluation.baselines import BASELINE, COMMONEST
from trending.evaluation.judge import compare, judge
from trending.evaluation.judgement import Figure, Judgement
from trending.evaluation.metrics import Judged, f1_scores
from trending.features.examples import select_part
from trending.features.labels import FloatMatrix, IntMatrix
from trending.genres import GENRES
from trending.models.base import GenreModel
from trending.models.calibration import Calibrator, FloatVector, tune_thresholds

LEAK_REFERENCE = "tfidf_logreg"
_FOLDS = 5
UNMASKED = "_unmasked"  # suffix of the twin that may read genre words; it is never a candidate


class DecisionRule(BaseModel):
    """How a model's scores become decisions, and what that earned on validation titles."""

    calibration: dict[str, Any]
    thresholds: list[float]
    text: str
    validation_macro_f1: float

    def apply(self, model: GenreModel, examples: pd.DataFrame, split: str) -> Judged:
        """Score and decide one split."""
        part = select_part(examples, split, self.text)
        probabilities = Calibrator.from_dict(self.calibration).apply(model.predict_proba(part.texts))
        return Judged(part.labels, probabilities, probabilities >= np.asarray(self.thresholds))


def list_candidates(kinds: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return what to train: name -> (kind, text). The baseline always is, and the reference a second time on unmasked text, to measure the leak."""
    wanted = {kind: (kind, "masked") for kind in dict.fromkeys([BASELINE, *kinds])}
    if LEAK_REFERENCE in wanted:
        wanted[LEAK_REFERENCE + UNMASKED] = (LEAK_REFERENCE, "unmasked")
    return wanted


def tune_candidate(model: GenreModel, examples: pd.DataFrame, text: str) -> DecisionRule:
    """Calibrate and tune on the validation split.

    The macro F1 that models are chosen by is cross-fitted: each fifth of the groups is decided by a rule tuned on the others, for a
    rule flatters itself on the titles it was tuned on.
    """
    part = select_part(examples, "validation", text)
    scores = model.predict_proba(part.texts)
    calibrator, thresholds = _fit_rule(scores, part.labels)
    folds = np.asarray([zlib.crc32(group.encode()) % _FOLDS for group in part.rows["group_id"]])
    decisions = np.zeros(part.labels.shape, dtype=bool)
    for fold in np.unique(folds):
        inside, outside = folds == fold, folds != fold
        if outside.any():
            part_calibrator, part_thresholds = _fit_rule(scores[outside], part.labels[outside])
            decisions[inside] = part_calibrator.apply(scores[inside]) >= part_thresholds
    judged = Judged(part.labels, calibrator.apply(scores), decisions)
    macro = float(f1_scores(judged, np.ones((1, len(part.texts))))["macro_f1"][0])
    return DecisionRule(calibration=calibrator.as_dict(), thresholds=thresholds.tolist(), text=text, validation_macro_f1=macro)


def _fit_rule(scores: FloatMatrix, labels: IntMatrix) -> tuple[Calibrator, FloatVector]:
    calibrator = Calibrator.fit(scores, labels)
    return calibrator, tune_thresholds(calibrator.apply(scores), labels)


def judge_commonest(examples: pd.DataFrame, seed: int) -> Judgement:
    """Judge, on test titles, the answer that gives each of them the k commonest genres of the training titles, k being what a title has on average."""
    train, test = select_part(examples, "train"), select_part(examples, "test")
    shares = train.labels.mean(axis=0)
    count = max(1, round(float(train.labels.sum(axis=1).mean())))
    decisions = np.zeros(test.labels.shape, dtype=bool)
    decisions[:, np.argsort(-shares, kind="stable")[:count]] = True
    return judge_candidate(COMMONEST, Judged(test.labels, np.tile(shares, (len(test.texts), 1)), decisions), examples, seed)


class Verdict(BaseModel):
    """Which candidate was chosen, and how far each is above the majority baseline on test titles."""

    champion: str
    validation: dict[str, float]
    differences: dict[str, Figure]
    leak: dict[str, Figure]


def judge_candidate(name: str, judged: Judged, examples: pd.DataFrame, seed: int) -> Judgement:
    """Judge a candidate on the test split."""
    return judge(name, judged, select_part(examples, "test").rows, seed)


def frame_predictions(judged: dict[str, Judged], examples: pd.DataFrame) -> pd.DataFrame:
    """Return test probabilities as a table: `title_id`, `model`, and a column per genre."""
    ids = select_part(examples, "test").rows["title_id"]
    frames = [pd.DataFrame(one.probabilities, columns=list(GENRES)).assign(model=name, title_id=ids) for name, one in judged.items()]
    return pd.concat(frames, ignore_index=True)[["title_id", "model", *GENRES]]


def unframe_predictions(predictions: pd.DataFrame, rules: dict[str, DecisionRule], examples: pd.DataFrame) -> dict[str, Judged]:
    """Return what `frame_predictions` was given."""
    labels = select_part(examples, "test").labels
    probabilities = {name: predictions.loc[predictions["model"] == name, list(GENRES)].to_numpy() for name in rules}
    return {name: Judged(labels, scores, scores >= np.asarray(rules[name].thresholds)) for name, scores in probabilities.items()}


def choose_champion(rules: dict[str, DecisionRule], judged: dict[str, Judged], judgements: dict[str, Judgement], examples: pd.DataFrame, seed: int) -> Verdict:
    """Choose the candidate with the best macro F1 on validation titles; test titles only say how good it is.

    Raises:
        QualityError: If its paired difference to the baseline is not above zero beyond doubt.
    """
    validation = {name: rule.validation_macro_f1 for name, rule in rules.items() if not name.endswith(UNMASKED)}
    rivals = [name for name in validation if name != BASELINE]
    champion = max(rivals, key=lambda name: validation[name])
    groups = select_part(examples, "test").rows["group_id"].astype(str).tolist()
    differences = {name: compare(judged[name], judged[BASELINE], groups, seed) for name in rivals}
    gain = differences[champion]
    if gain.low <= 0:
        raise QualityError(
            f"the best model ({champion}) is not beyond doubt better than the baseline, which gives every title the same genres: "
            f"macro F1 {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]; nothing was published",
            where="comparison",
            mend="train on more titles, or look at the data summary",
        )
    twin = next((name for name in rules if name.endswith(UNMASKED)), None)
    leak = {} if twin is None else {text: judgements[name].metrics["macro_f1"] for text, name in (("masked", twin.removesuffix(UNMASKED)), ("unmasked", twin))}
    return Verdict(champion=champion, validation=validation, differences=differences, leak=leak)
