"""Building of a release bundle from what a training run found: model, catalogue, cards and manifest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from trending import __version__
from trending.cleaning import CleaningReport
from trending.cleaning.rights import may_train
from trending.evaluation.baselines import BASELINE
from trending.evaluation.candidates import UNMASKED, DecisionRule, Verdict
from trending.evaluation.judge import Judgement
from trending.evaluation.model_card import render_model_card
from trending.features.labels import FloatMatrix
from trending.genres import GENRES
from trending.models.base import GenreModel
from trending.models.calibration import Calibrator
from trending.models.predictor import Predictor
from trending.provenance import RunOrigin, read_git_sha
from trending.releases.bundle import CATALOGUE_FILE, DATA_CARD, MODEL_CARD, save_predictor, seal_bundle
from trending.releases.catalogue import write_catalogue
from trending.releases.manifest import DataOrigin, Manifest
from trending.validation.data_card import render_data_card

_BATCH = 2_048


@dataclass(frozen=True)
class Ingredients:
    """All that goes into a bundle."""

    titles: pd.DataFrame
    splits: pd.DataFrame
    cleaning: CleaningReport
    model: GenreModel
    rule: DecisionRule
    verdict: Verdict
    judgements: dict[str, Judgement]
    data: DataOrigin
    run: RunOrigin


def build_bundle(directory: Path, parts: Ingredients) -> Manifest:
    """Write a bundle into an empty `directory` and return its manifest.

    The catalogue holds the titles whose rights allow training, for the same rights decide what may be shipped.
    """
    champion = parts.judgements[parts.verdict.champion]
    calibrator, thresholds = Calibrator.from_dict(parts.rule.calibration), np.asarray(parts.rule.thresholds)
    by_genre = {genre: float(threshold) for genre, threshold in zip(GENRES, thresholds, strict=True)}
    save_predictor(directory, parts.model, calibrator)
    _write_titles(directory / CATALOGUE_FILE, parts, Predictor(parts.model, calibrator, thresholds))
    others = [one for name, one in parts.judgements.items() if name != parts.verdict.champion and not name.endswith(UNMASKED)]
    card = render_model_card(champion, others, parts.verdict.leak, by_genre, parts.data.starter)
    (directory / MODEL_CARD).write_text(card, encoding="utf-8")
    (directory / DATA_CARD).write_text(render_data_card(parts.titles, parts.cleaning, parts.data.starter), encoding="utf-8")
    created = dt.datetime.now(dt.UTC).replace(microsecond=0)
    manifest = Manifest(
        version=f"{created:%Y%m%dT%H%M%SZ}-{parts.data.fingerprint[:8]}",
        created=created,
        project_version=__version__,
        git_sha=read_git_sha(),
        data=parts.data,
        zenml=parts.run,
        model_kind=parts.model.kind,
        metrics=champion.metrics,
        baseline=parts.judgements[BASELINE].metrics,
        leak=parts.verdict.leak,
        thresholds=by_genre,
        files={},
    )
    return seal_bundle(directory, manifest)


def _write_titles(path: Path, parts: Ingredients, predictor: Predictor) -> None:
    allowed = parts.titles["rights_class"].map({name: may_train(name, parts.data.rights) for name in parts.titles["rights_class"].unique()})
    titles = parts.titles[allowed.to_numpy(dtype=bool)].reset_index(drop=True)
    split = titles["title_id"].map(dict(zip(parts.splits["title_id"], parts.splits["split"], strict=True)))
    with_plot = titles["plot"].notna().to_numpy()
    probabilities = np.zeros((len(titles), len(GENRES)))
    probabilities[with_plot] = _score(predictor, titles.loc[with_plot, "plot"].tolist())
    decisions = predictor.decide(probabilities) & with_plot[:, None]
    write_catalogue(path, titles, split, probabilities, decisions)


def _score(predictor: Predictor, plots: list[str]) -> FloatMatrix:
    parts = [predictor.predict_proba([predictor.prepare(plot) for plot in plots[start : start + _BATCH]]) for start in range(0, len(plots), _BATCH)]
    return np.concatenate(parts) if parts else np.zeros((0, len(GENRES)))
