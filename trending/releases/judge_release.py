"""Judgement of a release on labelled titles, sparse ones included, with a count of those it was trained on: what `run.py evaluate` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from trending.cleaning.clean import clean_titles
from trending.cleaning.text import normalise_title
from trending.evaluation.metrics import Judged, all_metrics, f1_scores, precision_recall
from trending.evaluation.slices import slice_titles
from trending.features.labels import encode_genres
from trending.genres import GENRES
from trending.models.rows import predict_rows
from trending.releases import Release
from trending.releases.splits import list_learnt


def judge_release(release: Release, records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Judge a release on every record with a plot and a known genre.

    Args:
        release: Its thresholds and calibration are used as they are.
        records: Raw records as a source yields them.

    Returns:
        `n`, `macro_f1`, `micro_f1`, `samples_f1`, `weighted_f1`, `map`, `ece`, `per_genre`, `slices` (`movie` and `tv`, where there are any),
        `more_slices`, `left_out`: how many rows couldn't be judged, and `seen_in_training`: how many the release was trained or tuned on.
    """
    cleaned = clean_titles(records)
    titles = cleaned.titles
    usable = titles["plot"].notna() & (titles["genres"].map(len) > 0) if len(titles) else titles["plot"].notna()
    titles = titles[usable].reset_index(drop=True)
    left_out = {"quarantined": cleaned.report.quarantined, "merged": cleaned.report.merged, "without plot or genre": int((~usable).sum())}
    if titles.empty:
        return {"n": 0, "left_out": left_out}
    predictor = release.predictor
    seen_ids, seen_names = list_learnt(release)
    seen = sum(row[0] in seen_ids or (normalise_title(row[1]), row[2]) in seen_names for row in titles[["title_id", "title", "type"]].itertuples(index=False))
    probabilities = predict_rows(predictor, titles)
    judged = Judged(encode_genres(titles["genres"]), probabilities, predictor.decide(probabilities))
    metrics = all_metrics(judged, np.ones((1, len(titles))))
    per_genre = metrics.pop("per_genre")[0]
    precision, recall = precision_recall(judged)
    slices = slice_titles(titles)
    return {
        "n": len(titles),
        **{name: float(value[0]) for name, value in metrics.items()},
        "per_genre": {
            name: {"n": int(judged.labels[:, index].sum()), "precision": float(precision[index]), "recall": float(recall[index]), "f1": float(per_genre[index])}
            for index, name in enumerate(GENRES)
        },
        "slices": {name: _judge_slice(judged.take(mask)) for name, mask in slices.pop("type").items()},
        "more_slices": {kind: {name: _judge_slice(judged.take(mask)) for name, mask in parts.items()} for kind, parts in slices.items()},
        "left_out": left_out,
        "seen_in_training": seen,
    }


def _judge_slice(judged: Judged) -> dict[str, Any]:
    scores = f1_scores(judged, np.ones((1, len(judged.labels))))
    return {"n": len(judged.labels), "macro_f1": float(scores["macro_f1"][0]), "micro_f1": float(scores["micro_f1"][0])}
