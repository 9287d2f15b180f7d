"""Cleaning of a stream of records of every kind into Parquet files: rows that fit their schema, and a quarantine with the reasons."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from trending.cleaning.record import Notes, Refusal, clean_record
from trending.cleaning.text import normalise_title, plot_key, repair_text
from trending.ingestion.signals import clean_signal
from trending.ingestion.sink import ParquetSink
from trending.reviews.clean import CLEAN_REVIEW_SCHEMA, clean_review
from trending.reviews.privacy import pseudonymise_raw
from trending.tables import IDENTIFIER_SCHEMA, KINDS, QUARANTINE_SCHEMA, SIGNAL_SCHEMA, TITLE_SCHEMA

Record = tuple[str, Mapping[str, Any]]
_SEQUENCE = pa.field("seq", pa.int64())  # the order rows came in, which decides what is first
# Titles on their way carry two keys as numbers: that of the title and that of the plot (null without one).
FRESH_TITLE_SCHEMA = pa.schema([*TITLE_SCHEMA, _SEQUENCE, ("title_key", pa.int64()), ("plot_key", pa.int64())])
FRESH_SCHEMAS: dict[str, pa.Schema] = {
    "titles": FRESH_TITLE_SCHEMA,
    "identifiers": IDENTIFIER_SCHEMA,
    "reviews": CLEAN_REVIEW_SCHEMA.append(_SEQUENCE),
    "signals": SIGNAL_SCHEMA.append(_SEQUENCE),
    "quarantine": QUARANTINE_SCHEMA,
}
UNNAMED = "file"  # the source of records that name none
_SOURCE = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_ .-]{0,58}[A-Za-z0-9_-])?")
_LONG_NAME = 200
_MOST_UNKNOWN = 50
_TABLE_OF = {"title": "titles", "review": "reviews", "signal": "signals"}
_SCHEMES = frozenset({"imdb", "tvmaze", "tmdb_movie", "tmdb_tv", "thetvdb", "wikidata", "wikipedia"})


@dataclass
class CleaningAccount:
    """What became of each record; `kind` is title, review or signal, and counts are per source and kind as `source/kind`."""

    parsed: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    unknown_genres: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """Return the account as plain values."""
        return {one.name: dict(getattr(self, one.name)) for one in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Mapping[str, int]]) -> CleaningAccount:
        """Return the account that `as_dict` described."""
        return cls(**{name: Counter(counts) for name, counts in values.items()})

    @classmethod
    def total(cls, parts: Sequence[CleaningAccount]) -> CleaningAccount:
        """Return the account of all parts of a run; of labels nobody knows it keeps the commonest."""
        summed = cls(**{one.name: sum((getattr(part, one.name) for part in parts), Counter()) for one in fields(cls)})
        return replace(summed, unknown_genres=Counter(dict(summed.unknown_genres.most_common(_MOST_UNKNOWN))))


def fresh_file(folder: Path, table: str) -> Path:
    """Return where the cleaned rows of a table lie in `folder`."""
    return folder / f"{table}.parquet"


def hash_key(text: str) -> int:
    """Return a signed 64-bit hash: the same on every machine, and small enough to hold millions of."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def clean_records(records: Iterable[Record], folder: Path, salt: bytes, first: int = 0) -> CleaningAccount:
    """Clean a stream of records into the files of `folder` (see `FRESH_SCHEMAS`).

    Args:
        records: Kind and raw record, as snapshots hold them (`docs/sources.md` has the keys).
        folder: An existing, empty folder.
        salt: Keys the hashes that stand for reviewers.
        first: How many records of the run come before these.

    Returns:
        How many were parsed, how many of them were refused and why.
    """
    account, notes = CleaningAccount(), Notes()
    cleaners: dict[str, Callable[[Mapping[str, Any]], dict[str, Any] | Refusal]] = {
        "title": partial(clean_record, notes=notes),
        "review": partial(clean_review, notes=notes, salt=salt),
        "signal": clean_signal,
    }
    with ExitStack() as stack:
        sinks = {table: stack.enter_context(ParquetSink(fresh_file(folder, table), schema)) for table, schema in FRESH_SCHEMAS.items()}
        for number, (kind, raw) in enumerate(records, first):
            source = read_source(raw)
            where = f"{source or UNNAMED}/{kind}"
            account.parsed[where] += 1
            outcome = cleaners[kind](raw) if source else Refusal("source_unusable", "a source is named by up to 60 letters, digits, spaces, dots, dashes")
            if isinstance(outcome, Refusal):
                account.quarantined[where] += 1
                account.reasons[outcome.reason] += 1
                # A refused review is kept, its author isn't.
                kept = pseudonymise_raw(raw, salt) if kind == "review" else raw
                sinks["quarantine"].add(describe_refusal(kind, source or UNNAMED, kept, outcome))
                continue
            sinks[_TABLE_OF[kind]].add(outcome | {"seq": number} | (_named_keys(outcome) if kind == "title" else {}))
            if kind == "title":
                for row in _list_identifiers(outcome, raw.get("ids")):
                    sinks["identifiers"].add(row)
    account.repairs.update(notes.repairs)
    account.unknown_genres.update(notes.unknown_genres)
    return account


def read_source(raw: Mapping[str, Any]) -> str | None:
    """Return the name of a record's source, or None if it can't name a folder and a page, as it will."""
    name = repair_text(str(raw.get("source") or UNNAMED)[:_LONG_NAME])
    return name if _SOURCE.fullmatch(name) else None


def describe_refusal(kind: str, source: str, raw: Mapping[str, Any], refusal: Refusal) -> dict[str, Any]:
    """Return a row of the quarantine; the same bad record gets the same id whenever it comes."""
    record = json.dumps(dict(raw), ensure_ascii=True, sort_keys=True, default=str)
    return {
        "quarantine_id": hashlib.sha256(f"{kind}|{record}".encode()).hexdigest()[:24],
        "kind": kind,
        "reason": refusal.reason,
        "detail": refusal.detail,
        "source": source,
        "record": record,
    }


def title_keys(title: str, plot: str | None) -> tuple[int, int | None]:
    """Return the keys that copies of a title and of a plot share; the second is None without a plot."""
    key = plot_key(plot) if plot else ""
    return hash_key(normalise_title(title)), hash_key(key) if key else None


def _named_keys(row: Mapping[str, Any]) -> dict[str, int | None]:
    return dict(zip(("title_key", "plot_key"), title_keys(row["title"], row["plot"]), strict=True))


def _list_identifiers(row: Mapping[str, Any], ids: Any) -> Iterable[dict[str, Any]]:
    found = {scheme: str(value) for scheme, value in ids.items() if scheme in _SCHEMES and value} if isinstance(ids, Mapping) else {}
    if row["imdb_id"]:
        found["imdb"] = row["imdb_id"]
    return [{"title_id": row["title_id"], "scheme": scheme, "value": value, "source": row["source"]} for scheme, value in sorted(found.items())]


if set(KINDS) != set(_TABLE_OF):
    raise ImportError("every kind of record needs a table")
