"""A set of descriptor rows to be compared with another: a release's reference, newly ingested titles, or what a service recorded."""

from __future__ import annotations

import datetime as dt
import logging
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trending.embeddings.encoder import Vectors
from trending.features.labels import FloatMatrix
from trending.monitoring.descriptors import describe_rows
from trending.monitoring.llm import LLM_COLUMNS
from trending.monitoring.profiles import merge_profiles
from trending.monitoring.recordings import KINDS, PROFILES, SAMPLES, Kind, Recorded, list_recordings, open_store, read_sample
from trending.monitoring.reference import read_reference

if TYPE_CHECKING:
    from trending.releases.bundle import Release

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sample:
    """Rows that stand for more.

    Attributes:
        titles: `COLUMNS`, a row a plot; NaN is what isn't known.
        vectors: Of some or all of them, shape (m, dims), if there are any.
        calls: `LLM_COLUMNS`, a row a call of a model, or a check of its answer.
        seen: How many plots the rows stand for.
        calls_seen: How many calls and checks.
    """

    titles: pd.DataFrame
    vectors: Vectors | None = None
    calls: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LLM_COLUMNS), dtype=np.float64))
    seen: int = 0
    calls_seen: int = 0

    @classmethod
    def from_reference(cls, release: Release) -> Sample:
        """Return a release's own reference: of titles alone, as no model is asked in training."""
        rows, vectors = read_reference(release.directory)
        return cls(rows, vectors, seen=len(rows))


def describe_titles(titles: pd.DataFrame, probabilities: FloatMatrix, vectors: Vectors | None = None, thresholds: Sequence[float] | None = None) -> Sample:
    """Return a sample of titles; those without a plot are left out.

    Args:
        titles: `plot`, `type`, `year`, `language`, `genres`; n rows.
        probabilities: Calibrated, shape (n, 20).
        vectors: Of the titles by the release's encoder, as `trending.embeddings.titles` makes them, shape (n, dims).
        thresholds: The release's, shape (20,); without them the number of genres isn't compared.
    """
    with_plot = titles["plot"].notna().to_numpy()
    known = np.asarray(probabilities, dtype=np.float64)[with_plot]
    predicted = None if thresholds is None else (known >= np.asarray(thresholds)).sum(axis=1)
    rows = describe_rows(titles[with_plot], known, predicted)
    return Sample(rows, None if vectors is None else np.asarray(vectors)[with_plot], seen=len(rows))


def read_live(store_url: str, release: str, since: dt.datetime, until: dt.datetime) -> Sample:
    """Return what services recorded of a release, from the hour of `since` on, until the last hour that begins before `until`.

    Raises:
        UsageError: If there is no such kind of store.
        TrendingError: If it can't be read.
    """
    titles, seen = _read_rows(store_url, release, "texts", since, until)
    calls, calls_seen = _read_rows(store_url, release, "llm", since, until)
    return Sample(titles, calls=calls, seen=seen, calls_seen=calls_seen)


def read_profile(store_url: str, release: str, since: dt.datetime, until: dt.datetime) -> Any:
    """Return whylogs' view of the plots that the samples of those hours keep; None unless every writer of a sample had whylogs, as the rest would be missing.

    Raises:
        UsageError: If there is no such kind of store.
        TrendingError: If it can't be read.
    """
    store = open_store(store_url)
    samples, profiles = (list_recordings(store, release, "texts", ending, since, until) for ending in (SAMPLES, PROFILES))
    if [path.removesuffix(SAMPLES) for path in samples] != [path.removesuffix(PROFILES) for path in profiles]:
        return None
    return merge_profiles(store.read(path) or b"" for path in profiles)


def _read_rows(store_url: str, release: str, kind: Kind, since: dt.datetime, until: dt.datetime) -> tuple[pd.DataFrame, int]:
    store = open_store(store_url)
    parts = []
    for path in list_recordings(store, release, kind, SAMPLES, since, until):
        try:
            parts.append(read_sample(store.read(path) or b""))
        except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError) as error:
            log.warning("%s can't be read (%s) and is left out", path, type(error).__name__)
    return merge_samples(parts, KINDS[kind]), sum(part.seen for part in parts)


def merge_samples(parts: Sequence[Recorded], columns: Sequence[str]) -> pd.DataFrame:
    """Return a random sample of all rows that the parts stand for.

    A part that had to leave rows out kept those whose keys are below its greatest; below the smallest of these bounds every part has all of its rows, and
    as keys are random, those are a random sample of the whole (bottom-k sketches, Cohen and Kaplan 2007).
    """
    bound = min((part.keys.max() for part in parts if part.seen > len(part.keys) > 0), default=np.inf)
    rows = [pd.DataFrame(part.rows[part.keys < bound], columns=list(part.columns)) for part in parts]
    whole = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    # Columns that one version records and another doesn't are unknown there.
    return whole.reindex(columns=list(columns)).astype(np.float64)
