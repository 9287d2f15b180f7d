"""Building of a release bundle from what a training run found: model, catalogue, cards and manifest."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from trending import __version__
from trending.catalogue.content import CatalogueContent, rank_titles
from trending.catalogue.write import write_catalogue
from trending.cleaning.clean import CleaningReport
from trending.embeddings import VectorIndex
from trending.embeddings.encoder import Vectors
from trending.evaluation.baselines import BASELINE
from trending.evaluation.candidates import UNMASKED
from trending.evaluation.champion import Verdict
from trending.evaluation.judgement import Judgement
from trending.evaluation.model_card import render_model_card
from trending.evaluation.rules import DecisionRule
from trending.genres import GENRES
from trending.models.base import GenreModel
from trending.models.calibration import Calibrator
from trending.provenance import RunOrigin, read_git_sha
from trending.releases.bundle import CATALOGUE_FILE, DATA_CARD, ENCODER_DIR, METRICS_FILE, MODEL_CARD, VECTORS_FILE, save_predictor, seal_bundle
from trending.releases.manifest import DataOrigin, Manifest
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


def build_bundle(directory: Path, parts: Ingredients) -> Manifest:
    """Write a bundle into an empty `directory` and return its manifest."""
    champion = parts.judgements[parts.verdict.champion]
    by_genre = dict(zip(GENRES, parts.rule.thresholds, strict=True))
    save_predictor(directory, parts.model, Calibrator.from_dict(parts.rule.calibration))
    write_catalogue(directory / CATALOGUE_FILE, parts.content)
    if parts.encoder is not None and parts.vectors is not None:
        shutil.copytree(parts.encoder, directory / ENCODER_DIR)
        # The catalogue numbers its rows so.
        VectorIndex.build(parts.vectors[rank_titles(parts.content)], directory / VECTORS_FILE)
    others = [one for name, one in parts.judgements.items() if name != parts.verdict.champion and not name.endswith(UNMASKED)]
    card = render_model_card(champion, others, parts.verdict.leak, by_genre, parts.data.starter)
    (directory / MODEL_CARD).write_text(card, encoding="utf-8")
    (directory / METRICS_FILE).write_text(champion.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (directory / DATA_CARD).write_text(render_data_card(parts.titles, parts.cleaning, parts.data.starter), encoding="utf-8")
    created = dt.datetime.now(dt.UTC).replace(microsecond=0)
    manifest = Manifest(
        version=f"{created:%Y%m%dT%H%M%SZ}-{parts.data.fingerprint[:8]}",
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
