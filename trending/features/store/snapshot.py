"""The offline tables of one run, as a folder that travels to the steps that join them: what training read, whatever the store holds by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from trending.errors import UsageError
from trending.features.store.config import OFFLINE_FOLDER, locate_store
from trending.features.store.repository import FeatureRepository
from trending.features.store.schema import JOINED, TEXT, VIEWS
from trending.features.store.tables import FeatureTables, serialise
from trending.settings import load_settings


def write_snapshot(built: FeatureTables, folder: Path) -> None:
    """Write the offline tables into a folder, but for vectors: they are large, and whoever reads them has them from the encoder's cache."""
    FeatureRepository(str(folder)).write_tables({view: serialise(table)[0] for view, table in built.tables.items() if view != TEXT})


def join_snapshot(folder: Path, title_ids: Sequence[str], as_of: pd.Timestamp, features: Sequence[str] = JOINED) -> pd.DataFrame:
    """Join features of titles as they were known at a moment; see `FeatureRepository.join`. Feast's registry is made in the folder.

    Whole numbers come as floats: ZenML can't describe a column of integers that has none, as ranks where nothing is trending.
    """
    repository = FeatureRepository(str(folder))
    repository.register([view for view in VIEWS if (folder / OFFLINE_FOLDER / f"{view}.parquet").is_file()])
    joined = repository.join(title_ids, as_of, features)
    return joined.astype(dict.fromkeys(joined.select_dtypes("Int64").columns, "float64"))


def read_moment(date: str) -> pd.Timestamp:
    """Return the beginning of a day, UTC.

    Args:
        date: An ISO date.

    Raises:
        UsageError: If it is none.
    """
    try:
        return pd.Timestamp.fromisoformat(date).normalize().tz_localize("UTC")
    except (ValueError, TypeError) as error:
        raise UsageError(f"{date!r} is no date", where="as_of", mend="give one such as 2026-11-16") from error


def is_materialized(features: Mapping[str, str]) -> bool:
    """Say whether the store holds just what a run wants of it.

    Args:
        features: `store`, where it lies by setting, and `key`, what the run calls its data by.
    """
    return FeatureRepository(locate_store(features["store"], load_settings().home)).is_current(features["key"])
