"""Titles of an ingested data version, as training reads them: a source like any other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyarrow.parquet as pq

from trending.datasets.store import DataStore
from trending.datasets.tables import table_files

CATALOGUE_SOURCE = "catalogue"
_BATCH_ROWS = 8_192


class CatalogueSource:
    """The table `titles` of one version."""

    name = CATALOGUE_SOURCE

    def __init__(self, version: str, limit: int | None = None) -> None:
        """Name the version; nothing is fetched yet."""
        self.version = version
        self.limit = limit
        self._store = DataStore.from_settings()

    def check(self) -> None:
        """Settle which version is meant, so that one published meanwhile isn't read instead; raises `NotFoundError` if there is none."""
        self.version = self._store.resolve(self.version)

    def fingerprint(self) -> str:
        """Return a hash of the titles of the version, and of the limit."""
        titles = self._store.manifest(self.version).tables["titles"].fingerprint
        return hashlib.sha256(f"{titles}|{self.limit}".encode()).hexdigest()

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the titles, each under its own source's name."""
        return islice(self._read(), self.limit)

    def _read(self) -> Iterator[dict[str, Any]]:
        for file in table_files(self._store.pull(self.version), "titles"):
            for batch in pq.ParquetFile(file).iter_batches(batch_size=_BATCH_ROWS):
                yield from batch.to_pylist()
