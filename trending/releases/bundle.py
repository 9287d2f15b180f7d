"""One release bundle: how it is written, verified and loaded. Where bundles lie is the store's business."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

import numpy as np

from trending.catalogue import Catalogue
from trending.embeddings import TextEncoder, VectorIndex
from trending.errors import ReleaseError
from trending.genres import GENRES
from trending.models.base import GenreModel, load_model
from trending.models.calibration import Calibrator
from trending.models.predictor import Predictor
from trending.provenance import hash_file
from trending.releases.manifest import MANIFEST_FILE, Manifest, read_manifest

MODEL_DIR, CALIBRATION_FILE = "model", "model/calibration.json"
ENCODER_DIR, VECTORS_FILE = "encoder", "vectors.usearch"
CATALOGUE_FILE, MODEL_CARD, DATA_CARD, METRICS_FILE = "catalogue.sqlite", "model_card.md", "data_card.md", "metrics.json"


class Release:
    """A verified bundle; its parts are opened when first used."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        """Take a bundle that has been verified."""
        self.directory = directory
        self.manifest = manifest

    @cached_property
    def predictor(self) -> Predictor:
        """The model with calibration and thresholds."""
        model = load_model(self.directory / MODEL_DIR)
        calibrator = Calibrator.from_dict(json.loads((self.directory / CALIBRATION_FILE).read_text(encoding="utf-8")))
        thresholds = np.asarray([self.manifest.thresholds[genre] for genre in GENRES])
        return Predictor(model, calibrator, thresholds, [self.manifest.bands[genre] for genre in GENRES])

    @cached_property
    def encoder(self) -> TextEncoder | None:
        """The sentence encoder; None if this release has none and answers by words alone."""
        folder = self.directory / ENCODER_DIR
        return TextEncoder.load(folder) if folder.is_dir() else None

    @cached_property
    def vectors(self) -> VectorIndex | None:
        """The index of the titles' vectors; None without an encoder."""
        path = self.directory / VECTORS_FILE
        return VectorIndex.open(path) if path.is_file() else None

    @cached_property
    def catalogue(self) -> Catalogue:
        """The titles."""
        return Catalogue(self.directory / CATALOGUE_FILE, self.vectors)


def save_predictor(directory: Path, model: GenreModel, calibrator: Calibrator) -> None:
    """Write model and calibration where `Release` looks for them; thresholds go into the manifest."""
    model.save(directory / MODEL_DIR)
    (directory / CALIBRATION_FILE).write_text(json.dumps(calibrator.as_dict()), encoding="utf-8")


def bundle_files(directory: Path) -> dict[str, str]:
    """Return relative path -> SHA-256 of every file but `release.json`."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): hash_file(path) for path in paths if path != directory / MANIFEST_FILE}


def seal_bundle(directory: Path, manifest: Manifest) -> Manifest:
    """Hash what lies in `directory` and write `release.json` last, so that a bundle without it is no bundle."""
    for path in directory.rglob("*"):
        # Some libraries write for the owner alone; whoever serves a bundle may be someone else.
        path.chmod(0o755 if path.is_dir() else 0o644)
    sealed = manifest.model_copy(update={"files": bundle_files(directory)}).sealed()
    (directory / MANIFEST_FILE).write_text(sealed.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return sealed


def verify_bundle(directory: Path) -> Manifest:
    """Check that a bundle is whole: every file there, no other, and every hash right.

    Raises:
        ReleaseError: Naming the first file that is wrong.
    """
    manifest = read_manifest(directory)
    mend = "run: python run.py release rollback"
    present = {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()} - {MANIFEST_FILE}
    for name in sorted(set(manifest.files) | present):
        if name not in present:
            raise ReleaseError(f"{name} is missing", where=f"release {manifest.version}", mend=mend)
        if name not in manifest.files:
            raise ReleaseError(f"{name} does not belong to it", where=f"release {manifest.version}", mend=mend)
        if hash_file(directory / name) != manifest.files[name]:
            raise ReleaseError(f"{name} is damaged (SHA-256 differs)", where=f"release {manifest.version}", mend=mend)
    return manifest


def load_bundle(directory: Path) -> Release:
    """Verify a bundle and return it ready to serve."""
    return Release(directory, verify_bundle(directory))
