"""Tables of the model card on the model itself: its figures beside the baselines', by genre and slice, what training took, and on what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from trending.evaluation.baselines import BASELINE, COMMONEST
from trending.evaluation.card_content import SPLITS, CardContent, DataCounts
from trending.evaluation.judgement import Judgement
from trending.reports.markdown import render_rows

METRIC_NAMES = {
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "weighted_f1": "weighted F1",
    "samples_f1": "samples F1",
    "map": "mean average precision",
    "ece": "expected calibration error",
}
WATTS_PER_CORE = 10.0  # of a server's processor under load, memory included; nobody measured it
_ROUNDS = 6  # of a training's course that are shown
_TYPES = {"all": "all", "movie": "films", "tv": "TV shows"}
_CROSSED = " and "  # in the name of a kind of slice that crosses two others


def tabulate(header: Sequence[str], rows: Any) -> str:
    """Return a table in Markdown, empty if it has no rows."""
    return "\n".join(render_rows(header, rows)).rstrip()


def tabulate_data(counts: DataCounts | None) -> dict[str, str]:
    """Return the tables of titles per split and per source."""
    if counts is None:
        return {"splits": "", "sources": ""}
    columns = ("titles", "groups", "films", "TV shows")
    return {
        "splits": tabulate(("split", *columns), ((split, *(part[name] for name in columns)) for split, part in counts.by_split.items())),
        "sources": tabulate(
            ("source", "rights class", "licence", *SPLITS),
            ((one.source, one.rights_class, one.licence, *(one.titles[split] for split in SPLITS)) for one in counts.by_source),
        ),
    }


def estimate_watt_hours(facts: Mapping[str, Any]) -> float:
    """Return the energy a training took, estimated from its processor seconds."""
    return float(facts.get("cpu_seconds", 0.0)) * WATTS_PER_CORE / 3_600


def tabulate_training(training: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the table of what fitting each model took."""
    return tabulate(
        ("model", "titles", "hyper-parameters", "seconds", "CPU seconds", "Wh, estimated"),
        (
            (
                name,
                int(facts.get("titles", 0)),
                ", ".join(f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for key, value in facts.get("params", {}).items()) or "none",
                f"{float(facts.get('seconds', 0.0)):,.1f}",
                f"{float(facts.get('cpu_seconds', 0.0)):,.1f}",
                f"{estimate_watt_hours(facts):,.3f}",
            )
            for name, facts in training.items()
        ),
    )


def list_histories(training: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield name, number of rounds and some of the rounds, the first and the last among them, of every training that went in rounds."""
    for name, facts in training.items():
        history = facts.get("history") or []
        if history:
            places = sorted({round(place) for place in np.linspace(0, len(history) - 1, min(_ROUNDS, len(history)))})
            columns = list(dict.fromkeys(key for row in history for key in row))
            rows = [[_show(history[place].get(column, "")) for column in columns] for place in places]
            yield name, f"{len(places)} of {len(history):,} rounds", tabulate(columns, rows)


def _show(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value


def tabulate_figures(content: CardContent) -> dict[str, str]:
    """Return the tables of metrics, of models, of genres and of slices, single and crossed, the baselines beside the champion."""
    champion, by_kind = content.champion, {one.kind: one for one in content.others}
    baseline, commonest = by_kind[BASELINE], by_kind[COMMONEST]
    slices = ("slice", "test titles", "macro F1", "baseline macro F1", "micro F1", "baseline micro F1")
    shown = ("macro_f1", "micro_f1", "map", "ece")
    return {
        "metrics": tabulate(
            ("metric", "this model", "majority baseline: every genre", "majority baseline: the commonest genres"),
            ((name, champion.metrics[key], baseline.metrics[key], commonest.metrics[key]) for key, name in METRIC_NAMES.items()),
        ),
        "models": tabulate(
            ("model", "macro F1", "micro F1", "mAP", "ECE"), ((one.kind, *(one.metrics[key] for key in shown)) for one in [champion, *content.others])
        ),
        "gains": tabulate(
            ("test titles", "macro F1 less the reference's, paired"),
            ((_TYPES.get(name, name), f"{one.value:+.3f} [{one.low:+.3f}, {one.high:+.3f}]") for name, one in content.gains.items()),
        ),
        "genres": _tabulate_genres(content, baseline),
        "slices": tabulate(slices, _list_slices(champion, baseline, commonest, crossed=False)),
        "crossed_slices": tabulate(slices, _list_slices(champion, baseline, commonest, crossed=True)),
    }


def _tabulate_genres(content: CardContent, baseline: Judgement) -> str:
    header = ("genre", "test titles", "precision", "recall", "F1", "baseline F1", "threshold")
    rows = [
        (genre, one.n, f"{one.precision:.2f}", f"{one.recall:.2f}", one.f1, baseline.per_genre[genre].f1, f"{content.thresholds[genre]:.2f}")
        for genre, one in content.champion.per_genre.items()
    ]
    if not content.bands:
        return tabulate(header, rows)
    bands = (content.bands[genre] for genre in content.champion.per_genre)
    return tabulate((*header, "uncertain"), ((*row, f"{low:.2f} to {high:.2f}") for row, (low, high) in zip(rows, bands, strict=True)))


def _list_slices(champion: Judgement, baseline: Judgement, commonest: Judgement, crossed: bool) -> Iterator[tuple[object, ...]]:
    for kind, parts in champion.slices.items():
        if (_CROSSED in kind) == crossed:
            for name, one in parts.items():
                floor, other = baseline.slices[kind][name], commonest.slices[kind][name]
                yield f"{kind}: {name}", one.n, one.macro_f1, floor.macro_f1, one.micro_f1, other.micro_f1


def tabulate_frontier(content: CardContent) -> str:
    """Return the table of every candidate's quality and cost."""
    return tabulate(
        ("model", "macro F1, validation, cross-fitted", "ms a title, alone", "ms a title, in batches", "MB", "training, CPU s", "on the frontier", "remark"),
        (
            (
                row.name,
                f"{row.validation_macro_f1:.3f}",
                f"{row.cost.single_ms:.2f}",
                f"{row.cost.batch_ms:.2f}",
                f"{row.cost.megabytes:.1f}",
                f"{row.cost.cpu_seconds:,.1f}",
                "yes" if row.efficient else "no",
                "champion" if row.champion else "" if row.within_budget else "over the budget",
            )
            for row in content.frontier
        ),
    )
