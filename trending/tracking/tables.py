"""A run's figures as tables, a row for each thing they are about. None of them is about a single title."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from trending.evaluation.judgement import Figure, Judgement
from trending.evaluation.metrics import BoolMatrix
from trending.features.labels import IntMatrix
from trending.genres import GENRES

NO_GENRE = "(none)"


def spread_figure(name: str, figure: Figure) -> dict[str, float]:
    """Return a figure and the ends of its interval under three names."""
    return {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}


def tabulate_metrics(judgements: Mapping[str, Judgement]) -> pd.DataFrame:
    """Return a row per model and metric: `model`, `metric`, `value`, `low`, `high`."""
    rows = [{"model": name, "metric": metric, **figure.model_dump()} for name, one in judgements.items() for metric, figure in one.metrics.items()]
    return pd.DataFrame(rows)


def tabulate_genres(judgements: Mapping[str, Judgement]) -> pd.DataFrame:
    """Return a row per model and genre: `model`, `genre`, `n`, `precision`, `recall`, `f1`, `f1_low`, `f1_high`."""
    return pd.DataFrame(
        [
            {"model": name, "genre": genre, "n": part.n, "precision": part.precision, "recall": part.recall, **spread_figure("f1", part.f1)}
            for name, one in judgements.items()
            for genre, part in one.per_genre.items()
        ]
    )


def tabulate_slices(judgements: Mapping[str, Judgement]) -> pd.DataFrame:
    """Return a row per model and slice: `model`, `part` (such as decade), `slice`, `n`, macro and micro F1 with their ends."""
    return pd.DataFrame(
        [
            {
                "model": name,
                "part": part,
                "slice": label,
                "n": found.n,
                **spread_figure("macro_f1", found.macro_f1),
                **spread_figure("micro_f1", found.micro_f1),
            }
            for name, one in judgements.items()
            for part, slices in one.slices.items()
            for label, found in slices.items()
        ]
    )


def tabulate_frontier(judgements: Mapping[str, Judgement], verdict: Mapping[str, Any], costs: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Return a row per model that could have been chosen: how good it is and what it costs.

    Args:
        judgements: On test titles.
        verdict: `champion`, and where known `validation`, macro F1 per candidate.
        costs: Per model, any figures; where they are missing so are the columns.
    """
    validation = verdict.get("validation", {})
    return pd.DataFrame(
        [
            {
                "model": name,
                "champion": name == verdict["champion"],
                "validation_macro_f1": validation.get(name),
                **spread_figure("macro_f1", judgements[name].metrics["macro_f1"]),
                **costs.get(name, {}),
            }
            for name in dict.fromkeys([*validation, *costs])
            if name in judgements
        ]
    )


def tabulate_outcomes(labels: IntMatrix, decisions: BoolMatrix) -> pd.DataFrame:
    """Return each genre's own confusion matrix, that of the genre against the rest, a row per genre.

    Args:
        labels: 0 or 1, shape (n, 20).
        decisions: What was predicted, shape (n, 20).
    """
    truth = labels == 1
    return pd.DataFrame(
        {
            "genre": list(GENRES),
            "true_positives": (truth & decisions).sum(axis=0),
            "false_positives": (~truth & decisions).sum(axis=0),
            "false_negatives": (truth & ~decisions).sum(axis=0),
            "true_negatives": (~truth & ~decisions).sum(axis=0),
        }
    )


def confuse_genres(labels: IntMatrix, decisions: BoolMatrix) -> pd.DataFrame:
    """Return what was predicted in place of what: `genre`, and a column per genre that was predicted.

    On the diagonal are titles whose genre was found. Beside it, a title counts once for each pair of a genre it has, which was missed, and one it
    hasn't, which was predicted; where there is no other half to the pair, that half is `NO_GENRE`.

    Args:
        labels: 0 or 1, shape (n, 20).
        decisions: What was predicted, shape (n, 20).
    """
    truth = labels == 1
    missed, added = truth & ~decisions, decisions & ~truth
    counts = np.zeros((len(GENRES) + 1, len(GENRES) + 1), dtype=int)
    counts[:-1, :-1] = missed.T.astype(int) @ added.astype(int) + np.diag((truth & decisions).sum(axis=0))
    counts[:-1, -1] = missed[~added.any(axis=1)].sum(axis=0)
    counts[-1, :-1] = added[~missed.any(axis=1)].sum(axis=0)
    names = [*GENRES, NO_GENRE]
    return pd.DataFrame(counts, columns=names).assign(genre=names)[["genre", *names]]
