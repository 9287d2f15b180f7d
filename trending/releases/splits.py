"""Which titles a release's model was trained, tuned and tested on, whatever its catalogue holds by now.

A catalogue says it of its own titles. Where the model has since scored other ones, or old titles were left out of a window, a file of the bundle says it of all
that were ever dealt.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pandas as pd

from trending.catalogue.database import Database
from trending.cleaning.text import normalise_title
from trending.releases.bundle import CATALOGUE_FILE, Release

SPLITS_FILE = "splits.parquet"
_LEARNT = ("train", "validation")
_COLUMNS = ("title_id", "title", "type", "split")


def read_splits(release: Release) -> pd.DataFrame:
    """Return `title_id`, `title`, `type` and `split` (train, validation, test, `LEFT_OUT`) of every title that was dealt, in the order of their ids."""
    file = release.directory / SPLITS_FILE
    if file.is_file():
        return pd.read_parquet(file)
    with closing(Database(release.directory / CATALOGUE_FILE)) as database, database.connect() as connection:
        rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM titles WHERE split IS NOT NULL ORDER BY title_id").fetchall()  # noqa: S608 - our own names
    return pd.DataFrame([tuple(row) for row in rows], columns=list(_COLUMNS))


def write_splits(directory: Path, splits: pd.DataFrame) -> None:
    """Write what `read_splits` returned into a bundle whose catalogue holds other titles."""
    splits.to_parquet(directory / SPLITS_FILE, index=False, compression="zstd")


def list_learnt(release: Release) -> tuple[set[str], set[tuple[str, str]]]:
    """Return the titles the model was trained or tuned on: their ids, and their normalised titles with type."""
    splits = read_splits(release)
    learnt = splits[splits["split"].isin(_LEARNT)]
    return set(learnt["title_id"]), set(zip(learnt["title"].map(normalise_title), learnt["type"], strict=True))
