"""Small data versions for tests of storage: made-up rows of every table, and the folder and manifest that ingestion would hand over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from trending.datasets.build import build_manifest
from trending.datasets.manifest import Account, DataAccount, DataManifest, SourceState
from trending.datasets.store import DataStore
from trending.datasets.tables import write_table
from trending.provenance import RunOrigin
from trending.tables import TABLES

FIRST_DAY = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
SOURCES = ("tvmaze", "wikipedia")
ACCOUNT = DataAccount.of({"title": Account(fetched=10, parsed=9, failed=1, kept=7, merged=1, quarantined=1)})
STATE = SourceState(licence="CC BY-SA 4.0", attribution="Somebody", rights_class="open_cc_by_sa", watermark="17", fetched=10, parsed=9, failed=1)
Row = dict[str, Any]


def make_title(number: int, source: str = "tvmaze", **changes: Any) -> Row:
    """Return one row of titles."""
    row: Row = dict.fromkeys(TABLES["titles"].names)
    row |= {"title_id": f"{source}:{number:05d}", "title": f"Title {number}", "type": "movie", "year": 2000 + number % 20, "plot": f"Plot {number}. " * 8}
    row |= {"genres": ["drama", "war"][: number % 3], "rating": number % 100 / 10, "source": source, "source_id": str(number), "group_id": f"g{number}"}
    return row | {"release_date": dt.date(2020, 1, 1 + number % 28), "rights_class": "open_cc_by_sa"} | changes


def make_tables(rows: int = 20, sources: Sequence[str] = SOURCES) -> dict[str, list[Row]]:
    """Return rows of every table."""
    titles = [make_title(number, source) for source in sources for number in range(rows)]
    ids = [row["title_id"] for row in titles]
    trend = {"type": "movie", "as_of": dt.date(2030, 1, 1), "score": 1.5, "parts": [{"name": "views", "value": 2.0, "sentence": "up"}]}
    return {
        "titles": titles,
        "identifiers": [{"title_id": one, "scheme": "imdb", "value": f"tt{one}", "source": one.split(":")[0]} for one in ids],
        "reviews": [_fill("reviews", review_id=f"{one}:r", title_id=one, source=one.split(":")[0], text="Good.", rating=8.0) for one in ids[::3]],
        "signals": [_fill("signals", title_id=one, source=one.split(":")[0], kind="views", market="global", value=1.0, days=7) for one in ids[::2]],
        "quarantine": [_fill("quarantine", quarantine_id="q1", kind="title", source=sources[0], reason="no_title", record="{}")],
        "matches": [{"title_id": one, "work_id": one, "how": "single", "score": 1.0} for one in ids],
        "trends": [{**trend, "work_id": one, "title_id": one, "title": "T", "rank": rank} for rank, one in enumerate(ids[:5], 1)],
    }


def _fill(table: str, **values: Any) -> Row:
    return {**dict.fromkeys(TABLES[table].names), **values}


def to_batches(name: str, rows: Sequence[Row], size: int | None = None) -> list[pa.RecordBatch]:
    """Return rows of a table as record batches of at most `size` rows."""
    table = pa.Table.from_pylist(list(rows), schema=TABLES[name])
    return table.to_batches(max_chunksize=size) if size else table.to_batches()


def write_version(directory: Path, tables: dict[str, list[Row]], parent: str | None = None, day: int = 0) -> DataManifest:
    """Write tables and a card into `directory`, and return the manifest; later days sort later."""
    for name, rows in tables.items():
        write_table(to_batches(name, rows), name, directory)
    (directory / "cards").mkdir(parents=True, exist_ok=True)
    (directory / "cards" / "version.md").write_text("# A version\n", encoding="utf-8")
    states = {row["source"]: STATE for row in tables["titles"]}
    return build_manifest(directory, parent=parent, sources=states, account=ACCOUNT, run=RunOrigin(), created=FIRST_DAY + dt.timedelta(days=day))


def read_all(directory: Path) -> dict[str, bytes]:
    """Return the bytes of every file of a version but its manifest."""
    paths = [path for path in directory.rglob("*") if path.is_file() and path.name != "manifest.json"]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}


@dataclass
class Publisher:
    """A store, and a way to publish the next version of made-up tables to it."""

    store: DataStore
    folder: Path
    days: int = 0

    def prepare(self, tables: dict[str, list[Row]]) -> tuple[Path, DataManifest]:
        """Return what ingestion would publish next."""
        self.days += 1
        directory = self.folder / f"day-{self.days}"
        return directory, write_version(directory, tables, parent=self.store.latest(), day=self.days)

    def publish(self, tables: dict[str, list[Row]] | None = None) -> str:
        """Publish a version and return its name."""
        return self.store.publish(*self.prepare(tables or make_tables()))


MakePublisher = Callable[..., Publisher]
