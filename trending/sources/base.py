"""What a source of titles is, how one is configured, and the one place that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from trending.errors import UsageError
from trending.sources.crawl.config import LIVE_SOURCES, LiveName


class Source(Protocol):
    """A stream of raw records, each a mapping from Title column to what the source wrote."""

    name: str

    def check(self) -> None:
        """Look at the source without reading it through; raise `InputError` if it can't be used."""

    def fingerprint(self) -> str:
        """Return a hash that changes when the content does."""

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield records one by one; never holds the whole source in memory."""


class SourceConfig(BaseModel):
    """Which source to read and how to read it."""

    model_config = ConfigDict(extra="forbid")

    source: Literal["starter", "files", "catalogue", LiveName] = "starter"
    path: str | None = Field(None, description="For `files`: a CSV, JSONL or Parquet file, local or an fsspec address.")
    preset: str = Field("auto", description="For `files`: a known layout of columns, or `auto` to recognise it.")
    columns: dict[str, str] = Field(default_factory=dict, description="For `files`: Title column -> column in the file; wins over the preset.")
    constants: dict[str, str] = Field(default_factory=dict, description="For `files`: values for columns the file doesn't have.")
    encoding: str = Field("utf-8-sig", description="For `files`: text encoding of CSV and JSONL.")
    version: str = Field("latest", description="For `catalogue`: a version of the ingested data.")
    limit: int | None = Field(None, ge=1, description="Read at most this many rows.")


def open_source(config: SourceConfig) -> Source:
    """Return the source `config` names, checked to be readable.

    Raises:
        UsageError: If the configuration is incomplete.
        InputError: If the source can't be read.
    """
    from trending.sources.catalogue import CatalogueSource
    from trending.sources.files import FileSource
    from trending.sources.starter import StarterSource

    if config.source in LIVE_SOURCES:
        raise UsageError(f"{config.source} is a live source", where="source", mend=f"run: python run.py --pipeline ingestion --set source={config.source}")
    if config.path and config.source != "files":
        raise UsageError(f"path is given but source is {config.source!r}", where="source", mend="add --set source=files")
    source: Source
    if config.source == "starter":
        source = StarterSource(limit=config.limit)
    elif config.source == "catalogue":
        source = CatalogueSource(config.version, limit=config.limit)
    else:
        if not config.path:
            raise UsageError("source 'files' needs a path", where="path", mend="add --set path=FILE.parquet (or .csv, .jsonl)")
        source = FileSource(config)
    source.check()
    return source
