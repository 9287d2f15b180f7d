"""A run's figures as tables, a row for each thing they are about. None of them is about a single title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from trending.evaluation.frontier import FrontierRow
from trending.evaluation.judgement import Figure, Judgement
from trending.evaluation.metrics import Judged
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


def tabulate_frontier(frontier: Sequence[FrontierRow]) -> pd.DataFrame:
    """Return a row per candidate: how good it is, what it costs, and whether it was chosen."""
    return pd.DataFrame(
        [
            {"model": row.name, **row.model_dump(exclude={"name", "macro_f1", "cost"}), **spread_figure("macro_f1", row.macro_f1), **row.cost.model_dump()}
            for row in frontier
        ]
    )


def tabulate_outcomes(judged: Judged) -> pd.DataFrame:
    """Return each genre's own confusion matrix, that of the genre against the rest, a row per genre."""
    truth, decisions = judged.labels == 1, judged.decisions
    return pd.DataFrame(
        {
            "genre": list(GENRES),
            "true_positives": (truth & decisions).sum(axis=0),
            "false_positives": (~truth & decisions).sum(axis=0),
            "false_negatives": (truth & ~decisions).sum(axis=0),
            "true_negatives": (~truth & ~decisions).sum(axis=0),
        }
    )


def confuse_genres(judged: Judged) -> pd.DataFrame:
    """Return what was predicted in place of what: `genre`, and a column per genre that was predicted.

    On the diagonal are titles whose genre was found. Beside it, a title counts once for each pair of a genre it has, which was missed, and one it
    hasn't, which was predicted; where there is no other half to the pair, that half is `NO_GENRE`.
    """
    truth, decisions = judged.labels == 1, judged.decisions
    missed, added = truth & ~decisions, decisions & ~truth
    counts = np.zeros((len(GENRES) + 1, len(GENRES) + 1), dtype=int)
    counts[:-1, :-1] = missed.T.astype(int) @ added.astype(int) + np.diag((truth & decisions).sum(axis=0))
    counts[:-1, -1] = missed[~added.any(axis=1)].sum(axis=0)
    counts[-1, :-1] = added[~missed.any(axis=1)].sum(axis=0)
    names = [*GENRES, NO_GENRE]
    return pd.DataFrame(counts, columns=names).assign(genre=names)[["genre", *names]]
