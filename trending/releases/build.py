"""Building of a release bundle from what a training run found: model, catalogue, cards and manifest."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from trending import __version__
from trending.catalogue.content import CatalogueContent, rank_titles
from trending.catalogue.write import write_catalogue
from trending.cleaning.clean import CleaningReport
from trending.embeddings import VectorIndex
from trending.embeddings.encoder import Vectors, read_facts
from trending.evaluation.baselines import BASELINE
from trending.evaluation.behaviour import BehaviourResult
from trending.evaluation.bias import Bias
from trending.evaluation.candidates import UNMASKED
from trending.evaluation.card_content import CardContent, count_data
from trending.evaluation.champion import Verdict
from trending.evaluation.fairness import Fairness
from trending.evaluation.frontier import FrontierRow
from trending.evaluation.judgement import Judgement
from trending.evaluation.model_card import render_card
from trending.evaluation.rules import DecisionRule
from trending.features.examples import LEFT_OUT
from trending.genres import GENRES
from trending.insights.judging.judgement import InsightQuality
from trending.models.base import GenreModel
from trending.models.calibration import Calibrator
from trending.monitoring.reference import write_reference
from trending.provenance import RunOrigin, read_git_sha
from trending.releases.bundle import CATALOGUE_FILE, DATA_CARD, ENCODER_DIR, METRICS_FILE, MODEL_CARD, VECTORS_FILE, save_predictor, seal_bundle
from trending.releases.insight_quality import write_quality
from trending.releases.manifest import DataOrigin, Manifest
from trending.releases.splits import write_splits
from trending.validation.data_card import render_data_card


@dataclass(frozen=True)
class Ingredients:
    """All that goes into a bundle.

    Attributes:
        titles: Clean titles, all of them: the data card counts those that may not be shown too.
        cleaning: The account of cleaning.
        model: The champion.
        rule: Its calibration and thresholds.
        verdict: Why it was chosen.
        judgements: Every figure of every model.
        data: Where the titles come from.
        run: The run it is built in.
        content: Of the catalogue: titles that may be shown, and all that is known of them.
        encoder: Folder of the encoder, if there is one.
        vectors: Of the content's titles, same rows, if there is an encoder.
        splits: `title_id` and `split` of what was learnt from, tuned on and judged.
        frontier: Quality and cost of every candidate.
        training: Per model, what fitting it took.
        fairness: Over language, country, region and decade.
        bias: Over the same, of labels and scores rather than predictions.
        behaviour: Of the behavioural tests.
        checks: Outcome of each of deepchecks' checks.
        insights: Who writes the catalogue's insights, and how good that writer is.
        seed: Of the split, the models and the bootstrap.
    """

    titles: pd.DataFrame
    cleaning: CleaningReport
    model: GenreModel
    rule: DecisionRule
    verdict: Verdict
    judgements: dict[str, Judgement]
    data: DataOrigin
    run: RunOrigin
    content: CatalogueContent
    encoder: Path | None = None
    vectors: Vectors | None = None
    splits: pd.DataFrame | None = None
    frontier: Sequence[FrontierRow] = ()
    training: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fairness: Fairness | None = None
    bias: Bias | None = None
    behaviour: Sequence[BehaviourResult] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    insights: InsightQuality | None = None
    seed: int | None = None


def build_bundle(directory: Path, parts: Ingredients) -> Manifest:
    """Write a bundle into an empty `directory` and return its manifest."""
    champion = parts.judgements[parts.verdict.champion]
    by_genre = dict(zip(GENRES, parts.rule.thresholds, strict=True))
    save_predictor(directory, parts.model, Calibrator.from_dict(parts.rule.calibration))
    write_content(directory, parts.content, parts.encoder, parts.vectors)
    write_reference(directory, parts.content, parts.vectors)
    if parts.splits is not None and (parts.splits["split"] == LEFT_OUT).any():
        known = parts.splits.merge(parts.titles[["title_id", "title", "type"]], on="title_id").sort_values("title_id")
        write_splits(directory, known[["title_id", "title", "type", "split"]])
    (directory / MODEL_CARD).write_text(render_card(_compose_card(parts)), encoding="utf-8")
    (directory / METRICS_FILE).write_text(champion.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (directory / DATA_CARD).write_text(render_data_card(parts.titles, parts.cleaning, parts.data.starter), encoding="utf-8")
    if parts.insights is not None:
        write_quality(directory, parts.insights)
    created = dt.datetime.now(dt.UTC).replace(microsecond=0)
    manifest = Manifest(
        version=name_release(created, parts.data.fingerprint),
        created=created,
        project_version=__version__,
        git_sha=read_git_sha(),
        data=parts.data,
        zenml=parts.run,
        model_kind=parts.verdict.champion,
        metrics=champion.metrics,
        baseline=parts.judgements[BASELINE].metrics,
        leak=parts.verdict.leak,
        thresholds=by_genre,
        bands=dict(zip(GENRES, parts.rule.bands, strict=True)),
        files={},
    )
    return seal_bundle(directory, manifest)


def _compose_card(parts: Ingredients) -> CardContent:
    verdict, rule = parts.verdict, parts.rule
    return CardContent(
        champion=parts.judgements[verdict.champion],
        others=[one for name, one in parts.judgements.items() if name != verdict.champion and not name.endswith(UNMASKED)],
        thresholds=dict(zip(GENRES, rule.thresholds, strict=True)),
        starter=parts.data.starter,
        data=parts.data,
        leak=verdict.leak,
        gains=verdict.gains,
        bands=dict(zip(GENRES, rule.bands, strict=True)),
        members={name: member.weight for name, member in rule.members.items()},
        calibration=rule.calibration["method"],
        frontier=parts.frontier,
        training=parts.training,
        counts=count_data(parts.titles, parts.splits) if parts.splits is not None else None,
        encoder=read_facts(parts.encoder) if parts.encoder is not None else None,
        fairness=parts.fairness,
        bias=parts.bias,
        behaviour=parts.behaviour,
        checks=parts.checks,
        insights=parts.insights,
        seed=parts.seed,
        run=parts.run,
        git_sha=read_git_sha(),
    )


def write_content(directory: Path, content: CatalogueContent, encoder: Path | None, vectors: Vectors | None) -> None:
    """Write what a bundle says of its titles: the catalogue, and with an encoder the index of their vectors.

    Args:
        directory: Of the bundle; it holds none of it yet.
        content: Of the catalogue.
        encoder: The encoder's folder, which is copied; None without one.
        vectors: Of the content's titles, same rows, if there is an encoder.
    """
    write_catalogue(directory / CATALOGUE_FILE, content)
    if encoder is not None and vectors is not None:
        shutil.copytree(encoder, directory / ENCODER_DIR)
        # The catalogue numbers its rows so.
        VectorIndex.build(vectors[rank_titles(content)], directory / VECTORS_FILE)


def name_release(created: dt.datetime, fingerprint: str) -> str:
    """Return the version of a release made at `created` (UTC) of the data with this fingerprint; versions sort by time."""
    return f"{created:%Y%m%dT%H%M%SZ}-{fingerprint[:8]}"
