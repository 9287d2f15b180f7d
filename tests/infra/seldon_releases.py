"""Releases and questions for tests of the model servers."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

from trending.models.base import GenreModel
from trending.models.blend import BlendModel, Member
from trending.models.calibration import Calibrator
from trending.releases import ReleaseStore
from trending.releases.bundle import CALIBRATION_FILE, MODEL_DIR, save_predictor, seal_bundle
from trending.releases.manifest import read_manifest

PLOT = "Two detectives search a fishing village for a missing child."
# What neither a question of the API nor of the servers may be, and what the refusal names.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no texts": ({}, "texts"),
    "an empty list": ({"texts": []}, "texts"),
    "too many": ({"texts": [PLOT] * 65}, "texts"),
    "a blank text": ({"texts": [PLOT, " \n "]}, "texts.1: a text is blank"),
    "a text too long": ({"texts": ["a" * 20_001]}, "texts.0: a text has 20,001 characters"),
    "a number as text": ({"texts": [3]}, "texts.0"),
    "an unknown type": ({"texts": [PLOT], "type": "radio"}, "type"),
    "a year as text": ({"texts": [PLOT], "year": "1994"}, "year"),
    "a year before films": ({"texts": [PLOT], "year": 1799}, "year"),
    "too much evidence": ({"texts": [PLOT], "evidence": 11}, "evidence"),
    "an unknown field": ({"texts": [PLOT], "kind": "tv"}, "kind"),
}


def make_later(bundle: Path, folder: Path, day: int, models: dict[str, GenreModel] | None = None) -> Path:
    """Return a copy of a bundle as a later release, whose model is a blend of `models` if they are given."""
    shutil.copytree(bundle, folder)
    manifest = read_manifest(folder)
    created = dt.datetime(2030, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day)
    changed: dict[str, Any] = {"version": f"{created:%Y%m%dT%H%M%SZ}-00000000", "created": created}
    if models is not None:
        calibration = json.loads((folder / CALIBRATION_FILE).read_text(encoding="utf-8"))
        shutil.rmtree(folder / MODEL_DIR)
        members = {kind: Member(weight=1 / len(models), calibration=calibration) for kind in models}
        save_predictor(folder, BlendModel(members, models), Calibrator.from_dict(calibration))
        changed["model_kind"] = "+".join(models)
    seal_bundle(folder, manifest.model_copy(update=changed))
    return folder


def damage(store: ReleaseStore, version: str) -> None:
    """Change a file of a published release."""
    with (Path(store.root) / version / "model_card.md").open("a", encoding="utf-8") as stream:
        stream.write("x")


def choose_learnt(models: dict[str, GenreModel]) -> dict[str, GenreModel]:
    """Return the models that learn from texts, which a blend is made of."""
    return {kind: model for kind, model in models.items() if kind not in {"majority", "keywords"}}
