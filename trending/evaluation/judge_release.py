"""Judgement of a release on labelled titles it has never seen, sparse ones included: what `run.py evaluate` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from trending.cleaning import clean_titles
from trending.evaluation.judge import judge_slice
from trending.evaluation.metrics import Judged, all_metrics, f1_scores, precision_recall
from trending.evaluation.slices import slice_titles
from trending.features.labels import encode_genres
from trending.genres import GENRES
from trending.models.predictor import Predictor

_BATCH = 2_048


def judge_release(predictor: Predictor, records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Judge a predictor on every record with a plot and a known genre.

    Args:
        predictor: From a release; its thresholds and calibration are used as they are.
        records: Raw records as a source yields them.

    Returns:
        `n`, `macro_f1`, `micro_f1`, `samples_f1`, `weighted_f1`, `map`, `ece`, `per_genre`, `slices` (`movie` and `tv`, where there are any),
        `more_slices`, and `left_out`: how many rows couldn't be judged.
    """
    cleaned = clean_titles(records)
    titles = cleaned.titles
    usable = titles["plot"].notna() & (titles["genres"].map(len) > 0) if len(titles) else titles["plot"].notna()
    titles = titles[usable].reset_index(drop=True)
    left_out = {"quarantined": cleaned.report.quarantined, "merged": cleaned.report.merged, "without plot or genre": int((~usable).sum())}
    if titles.empty:
        return {"n": 0, "left_out": left_out}
    plots = titles["plot"].tolist()
    batches = [[predictor.prepare(plot) for plot in plots[start : start + _BATCH]] for start in range(0, len(plots), _BATCH)]
    probabilities = np.concatenate([predictor.predict_proba(batch) for batch in batches])
    judged = Judged(encode_genres(titles["genres"]), probabilities, predictor.decide(probabilities))
    once = np.ones((1, len(titles)))
    per_genre = f1_scores(judged, once)["per_genre"][0]
    precision, recall = precision_recall(judged)
    slices = slice_titles(titles)
    return {
        "n": len(titles),
        **{name: float(value[0]) for name, value in all_metrics(judged, once).items()},
        "per_genre": {
            name: {"n": int(judged.labels[:, index].sum()), "precision": float(precision[index]), "recall": float(recall[index]), "f1": float(per_genre[index])}
            for index, name in enumerate(GENRES)
        },
        "slices": {name: judge_slice(judged.take(mask)).model_dump() for name, mask in slices.pop("type").items()},
        "more_slices": {kind: {name: judge_slice(judged.take(mask)).model_dump() for name, mask in parts.items()} for kind, parts in slices.items()},
        "left_out": left_out,
    }
