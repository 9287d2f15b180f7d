"""A release made of another one: its model as it is, and a catalogue of other titles, which that model has scored."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import shutil
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from trending import __version__
from trending.catalogue.database import Database
from trending.catalogue.schema import read_about
from trending.embeddings.encoder import Vectors
from trending.embeddings.titles import embed_titles
from trending.errors import TrendingError
from trending.genres import GENRES
from trending.insights.judging.judgement import RULES, InsightQuality
from trending.insights.maker import InsightMaker
from trending.provenance import RunOrigin, read_git_sha
from trending.releases.build import name_release, write_content
from trending.releases.bundle import CATALOGUE_FILE, ENCODER_DIR, VECTORS_FILE, Release, bundle_files, seal_bundle
from trending.releases.describe import compose_content, write_insights
from trending.releases.insight_quality import QUALITY_FILE, write_quality
from trending.releases.manifest import CatalogueOrigin, DataOrigin, Manifest, read_manifest
from trending.releases.splits import SPLITS_FILE, read_splits, write_splits
from trending.releases.store import ReleaseStore
from trending.scoring.stream import align_predictions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scored:
    """What a catalogue is made of beside the release that scored it.

    Attributes:
        shown: Titles that may be shown.
        predictions: Folder of predictions, for these and perhaps for others.
        data: Where the titles come from.
        version: Of the ingested data, where they come from there.
        run: The run that scored them.
        works: title_id, work_id, where the source knows.
        reviews: Reviews that may be shown.
        trends: Trends of several weeks that may be shown.
        vectors: Of the titles that may be shown, by the release's encoder, shape (n, dims); without them they are embedded when the bundle is built.
    """

    shown: pd.DataFrame
    predictions: Path
    data: DataOrigin
    version: str | None
    run: RunOrigin
    works: pd.DataFrame | None = None
    reviews: pd.DataFrame | None = None
    trends: pd.DataFrame | None = None
    vectors: Vectors | None = None


def rescore_bundle(directory: Path, release: Release, scored: Scored, quality: InsightQuality, cache: Path) -> Manifest:
    """Write a bundle whose model, cards and figures are the release's, and whose catalogue holds the scored titles.

    Args:
        directory: An existing, empty folder.
        release: What scored them.
        scored: What goes into the catalogue.
        quality: Who writes insights, and how good that writer is.
        cache: Folder for vectors that were computed, a file per encoder.
    """
    manifest, splits = release.manifest, read_splits(release)
    for name in manifest.files:
        if name not in (CATALOGUE_FILE, VECTORS_FILE, SPLITS_FILE) and not name.startswith(f"{ENCODER_DIR}/"):
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(release.directory / name, directory / name)
    probabilities, decisions = align_predictions(scored.predictions, scored.shown["title_id"])
    thresholds = [manifest.thresholds[genre] for genre in GENRES]
    beside = {"works": scored.works, "reviews": scored.reviews, "trends": scored.trends}
    content = replace(compose_content(scored.shown, splits, probabilities, thresholds, **beside), decisions=decisions)
    content = replace(content, insights=write_insights(content, InsightMaker.from_settings(rules_only=quality.writer == RULES)))
    encoder = release.directory / ENCODER_DIR if (release.directory / ENCODER_DIR).is_dir() else None
    vectors = scored.vectors
    if encoder and vectors is None:
        vectors = embed_titles(scored.shown, encoder, cache).vectors
    write_content(directory, content, encoder, vectors)
    write_splits(directory, splits)
    write_quality(directory, quality)
    created = dt.datetime.now(dt.UTC).replace(microsecond=0)
    origin = CatalogueOrigin(
        data=scored.data,
        shown=len(scored.shown),
        version=scored.version,
        scored_from=manifest.learnt_as,
        project_version=__version__,
        git_sha=read_git_sha(),
        run=scored.run,
        content=_fingerprint(directory, manifest, scored.data),
    )
    changes = {
        "version": name_release(created, scored.data.fingerprint),
        "created": created,
        "catalogue": origin,
        # A model that came from elsewhere enters ZenML with the run that scores with it.
        "zenml": manifest.zenml if manifest.zenml.model_name else scored.run,
    }
    return seal_bundle(directory, manifest.model_copy(update=changes))


def _fingerprint(directory: Path, manifest: Manifest, data: DataOrigin) -> str:
    """Return a hash of what the bundle answers with; an index of vectors is another file each time it is built.

    Who wrote the insights is left out, as what was written isn't.
    """
    files = {name: value for name, value in bundle_files(directory).items() if name not in (CATALOGUE_FILE, VECTORS_FILE, QUALITY_FILE)}
    parts = [files, _read_content(directory), data.model_dump(), manifest.thresholds, manifest.bands]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _read_content(directory: Path) -> str:
    """Return the catalogue's own fingerprint of its titles and all that it says of them."""
    with closing(Database(directory / CATALOGUE_FILE)) as database, database.connect() as connection:
        return str(read_about(connection)["content"])


def find_same(store: ReleaseStore, release: Release, bundle: Path) -> str | None:
    """Return the release in the store that answers as a bundle does; None if there is none.

    It may be the one that scored, if it was learnt from these very titles; or one made by scoring, the newest whole one.

    Args:
        store: Where releases lie.
        release: What scored the bundle's titles.
        bundle: Made by `rescore_bundle`.
    """
    if _read_content(release.directory) == _read_content(bundle):
        return release.manifest.version
    wanted = read_manifest(bundle).catalogue
    for version in reversed(store.versions()):
        try:
            other = store.manifest(version).catalogue
            if wanted and other and other.content == wanted.content:
                return store.verify(version).version
        except TrendingError as error:
            log.debug("passing over a damaged release: %s", error)
    return None
