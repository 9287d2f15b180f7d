"""What a data version knows of its titles beside themselves, as a release shows it: works, reviews, and trends with their history.

Only rows whose rights allow it enter, and figures made of others don't either: trends are scored anew from the signals that may be shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from trending.cleaning.rights import select_allowed
from trending.datasets.store import DataStore
from trending.datasets.tables import read_table
from trending.ingestion.trends import score_history

_READ = ("titles", "signals", "reviews", "matches")


@dataclass(frozen=True)
class Companions:
    """Frames beside the titles.

    Attributes:
        works: title_id, work_id.
        reviews: Columns of `REVIEW_SCHEMA`.
        trends: Columns of `TREND_SCHEMA` on several days; parts on the latest only.
    """

    works: pd.DataFrame
    reviews: pd.DataFrame
    trends: pd.DataFrame


def read_companions(version: str, rights: Sequence[str], market: str) -> Companions:
    """Read the companions of a version's titles.

    Args:
        version: Name of the data version.
        rights: Patterns of the rights classes that may be shown.
        market: Whose signals the trending score reads: global or a country code.
    """
    store = DataStore.from_settings()
    tables = store.pull(version)
    reviews = read_table(tables, "reviews").to_pandas(date_as_object=True)
    # What was to come when the version was made has not become known since.
    today = store.manifest(version).created.date()
    return Companions(
        works=read_table(tables, "matches", ["title_id", "work_id"]).to_pandas(),
        reviews=select_allowed(reviews, rights),
        trends=score_history(tables, market, today, rights),
    )


def fingerprint_companions(version: str) -> str:
    """Return a hash of all that `read_companions` reads."""
    manifest = DataStore.from_settings().manifest(version)
    parts = [f"{name}:{manifest.tables[name].fingerprint}" for name in _READ if name in manifest.tables]
    return hashlib.sha256("|".join([manifest.created.date().isoformat(), *parts]).encode()).hexdigest()
