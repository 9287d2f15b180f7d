"""Candidates: trained models with the rules that turn their scores into decisions, judged side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from trending.errors import QualityError
from trending.evaluation.judge import Figure, Judgement, compare, judge
from trending.evaluation.metrics import Judged, f1_scores
from trending.features.examples import select_part
from trending.genres import GENRES
from trending.models.base import GenreModel
from trending.models.calibration import Calibrator, tune_thresholds

BASELINE = "majority"
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


def tune_candidate(model: GenreModel, examples: pd.DataFrame, text: str) -> DecisionRule:
    """Calibrate and tune on the validation split."""
    part = select_part(examples, "validation", text)
    scores = model.predict_proba(part.texts)
    calibrator = Calibrator.fit(scores, part.labels)
    probabilities = calibrator.apply(scores)
    thresholds = tune_thresholds(probabilities, part.labels)
    judged = Judged(part.labels, probabilities, probabilities >= thresholds)
    macro = float(f1_scores(judged, np.ones((1, len(part.texts))))["macro_f1"][0])
    return DecisionRule(calibration=calibrator.as_dict(), thresholds=thresholds.tolist(), text=text, validation_macro_f1=macro)


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
        QualityError: If its paired difference to the majority baseline is not above zero beyond doubt.
    """
    validation = {name: rule.validation_macro_f1 for name, rule in rules.items() if not name.endswith(UNMASKED)}
    champion = max(validation, key=lambda name: (validation[name], name != BASELINE))
    groups = select_part(examples, "test").rows["group_id"].astype(str).tolist()
    others = [name for name in validation if name != BASELINE] if BASELINE in validation else []
    differences = {name: compare(judged[name], judged[BASELINE], groups, seed) for name in others}
    if champion == BASELINE and others:
        raise QualityError(
            "no model is better on validation titles than always guessing the commonest genres; nothing was published",
            where="comparison",
            mend="train on more titles, or look at the data summary",
        )
    if champion in differences and differences[champion].low <= 0:
        raise QualityError(
            f"the best model ({champion}) is not beyond doubt better than always guessing the commonest genres: macro F1 {differences[champion].value:+.3f} "
            f"[{differences[champion].low:+.3f}, {differences[champion].high:+.3f}]; nothing was published",
            where="comparison",
            mend="train on more titles, or look at the data summary",
        )
    twin = next((name for name in rules if name.endswith(UNMASKED)), None)
    leak = {} if twin is None else {text: judgements[name].metrics["macro_f1"] for text, name in (("masked", twin.removesuffix(UNMASKED)), ("unmasked", twin))}
    return Verdict(champion=champion, validation=validation, differences=differences, leak=leak)
