"""What a model card is made of: what a run found out of its models and data, most of it optional, so that the smallest run has a card too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from trending.evaluation.behaviour import BehaviourResult
from trending.evaluation.bias import Bias
from trending.evaluation.card_insights import Quality
from trending.evaluation.fairness import Fairness
from trending.evaluation.frontier import FrontierRow
from trending.evaluation.judgement import Figure, Judgement
from trending.provenance import RunOrigin

SPLITS = ("train", "validation", "test")


class Origin(Protocol):
    """Where titles come from: a release's `DataOrigin`."""

    source: str
    fingerprint: str
    rows: int
    rights: list[str]


class Encoder(Protocol):
    """Pre-trained weights that a model begins with, or that titles are embedded by: `trending.embeddings.encoder.EncoderFacts`."""

    name: str
    revision: str | None
    weights_sha256: str
    licence: str | None


@dataclass(frozen=True)
class SourceCount:
    """How many titles of each split come from a source under one licence."""

    source: str
    rights_class: str
    licence: str
    titles: Mapping[str, int]


@dataclass(frozen=True)
class DataCounts:
    """How many titles each split has, of which type, and from where: split -> count, the keys of `by_split` being titles, groups, films, TV shows."""

    by_split: Mapping[str, Mapping[str, int]]
    by_source: Sequence[SourceCount]


def count_data(titles: pd.DataFrame, splits: pd.DataFrame) -> DataCounts:
    """Count what was learnt from, tuned on and judged.

    Args:
        titles: Clean titles, more than were split.
        splits: `title_id` and `split`.
    """
    rows = splits.merge(titles, on="title_id", how="left", validate="one_to_one")
    by_split = {
        split: {
            "titles": len(part),
            "groups": int(part["group_id"].nunique()),
            "films": int((part["type"] == "movie").sum()),
            "TV shows": int((part["type"] == "tv").sum()),
        }
        for split, part in ((split, rows[rows["split"] == split]) for split in SPLITS)
    }
    kinds = rows.assign(**{name: rows[name].fillna("not stated").astype(str) for name in ("source", "rights_class", "data_licence")})
    by_source = [
        SourceCount(str(source), str(rights), str(licence), {split: int((part["split"] == split).sum()) for split in SPLITS})
        for (source, rights, licence), part in kinds.groupby(["source", "rights_class", "data_licence"], sort=True)
    ]
    return DataCounts(by_split, by_source)


@dataclass(frozen=True)
class CardContent:
    """All that a card can say.

    Attributes:
        champion: The judgement of the model in the release.
        others: Those of the other candidates, both baselines among them.
        thresholds: Per genre.
        starter: Whether the data is the starter catalogue.
        data: Where the titles come from.
        leak: Macro F1 of the reference model with genre words `masked` and `unmasked`.
        gains: How far the champion's macro F1 is above the reference model's: `all`, `movie`, `tv`.
        bands: Per genre, the probabilities that are too near the threshold to decide.
        members: What each model of a blend counts.
        calibration: The method, such as `platt`.
        frontier: Quality and cost of every candidate.
        training: Per model, what fitting it took: `kind`, `params`, `titles`, `cpu_seconds`, `seconds`, `history`.
        counts: How many titles each split has.
        encoder: Pre-trained weights.
        fairness: Over language, country, region and decade.
        bias: Over the same, of labels and scores rather than predictions.
        behaviour: Behavioural tests.
        checks: Outcome of each of deepchecks' checks: name -> `passed`, `failed` or `not run`.
        insights: Who writes the catalogue's insights, and how good that writer is.
        seed: Of the split, the models and the bootstrap.
        run: The run it was made in.
        git_sha: Of the code.
    """

    champion: Judgement
    others: Sequence[Judgement]
    thresholds: Mapping[str, float]
    starter: bool = False
    data: Origin | None = None
    leak: Mapping[str, Figure] = field(default_factory=dict)
    gains: Mapping[str, Figure] = field(default_factory=dict)
    bands: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    members: Mapping[str, float] = field(default_factory=dict)
    calibration: str = ""
    frontier: Sequence[FrontierRow] = ()
    training: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    counts: DataCounts | None = None
    encoder: Encoder | None = None
    fairness: Fairness | None = None
    bias: Bias | None = None
    behaviour: Sequence[BehaviourResult] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    insights: Quality | None = None
    seed: int | None = None
    run: RunOrigin | None = None
    git_sha: str = ""
