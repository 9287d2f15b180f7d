"""Where recordings lie, and how they are written: `<store>/<release>/<hour>/<kind>-<writer>.jsonl.gz`, with a whylogs profile `.bin` beside it.

Every writer (a process of a service) has files of its own for an hour, so nobody waits for anybody; whoever reads merges them. A sample keeps the rows with
the smallest of random keys (`trending.monitoring.draw`), so the merged sample is a random one of all rows, however many each writer saw. The profile is of the
rows that are kept, too. JSON lines, because the serving image can't write Parquet; gzipped, they are as small.
"""

from __future__ import annotations

import datetime as dt
import gzip
import heapq
import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import orjson

from trending.files import StoreFiles
from trending.monitoring.descriptors import COLUMNS
from trending.monitoring.draw import MAX_SAMPLE
from trending.monitoring.llm import LLM_COLUMNS
from trending.monitoring.profiles import Profile, has_whylogs

Kind = Literal["texts", "llm"]
KINDS: dict[Kind, tuple[str, ...]] = {"texts": COLUMNS, "llm": LLM_COLUMNS}
SAMPLES, PROFILES = ".jsonl.gz", ".bin"
HOUR = "%Y-%m-%dT%H"
_DEPTH = 3  # release, hour, file
_DIGITS = 5  # significant, of a number in a sample


def open_store(url: str) -> StoreFiles:
    """Return the files of a store.

    Raises:
        UsageError: If there is no such kind of address.
    """
    return StoreFiles(url, "TRENDING_MONITORING")


@dataclass
class Group:
    """The rows of one kind, of one release, in one hour, as one writer saw them; has files of its own."""

    kind: Kind
    release: str
    hour: dt.datetime
    seen: int = 0
    written: int = 0
    kept: list[tuple[float, int, list[float], str | None]] = field(default_factory=list)
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    _numbers = itertools.count()  # so that rows with equal keys are never compared

    def add(self, rows: npt.NDArray[np.float64], keys: Sequence[float], texts: Sequence[str] | None = None) -> None:
        """Take rows with their random keys, and with their texts if those may be kept."""
        for number, (row, key) in enumerate(zip(rows.tolist(), keys, strict=True)):
            one = (-key, next(self._numbers), row, texts[number] if texts is not None else None)
            if len(self.kept) < MAX_SAMPLE:
                heapq.heappush(self.kept, one)
            else:
                heapq.heappushpop(self.kept, one)
        self.seen += len(rows)

    def pass_over(self, rows: int, bound: float) -> None:
        """Count rows that were left out as their keys were above a bound: then no other's may be, even if fewer are left."""
        self.seen += rows
        while self.kept and -self.kept[0][0] > bound:
            heapq.heappop(self.kept)

    def write(self, store: StoreFiles) -> int:
        """Write sample and profile, in place of what was written before; returns how many rows are new.

        Raises:
            TrendingError: If the store can't be written to.
        """
        path = f"{self.release}/{self.hour.strftime(HOUR)}/{self.kind}-{self.name}"
        head = {"seen": self.seen, "columns": KINDS[self.kind]}
        rows = [[-key, [_shorten(value) for value in row], text] for key, _, row, text in sorted(self.kept, reverse=True)]
        # Without a time, the same rows give the same bytes.
        store.write(path + SAMPLES, gzip.compress(b"\n".join(map(orjson.dumps, [head, *rows])), compresslevel=5, mtime=0))
        if has_whylogs():
            profile = Profile(self.hour, self.release)
            profile.track(KINDS[self.kind], np.array([row for _, _, row, _ in self.kept]).reshape(-1, len(KINDS[self.kind])))
            store.write(path + PROFILES, profile.to_bytes())
        new, self.written = self.seen - self.written, self.seen
        return new


def _shorten(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


@dataclass(frozen=True)
class Recorded:
    """A file of a sample: how many rows its writer saw, and those it kept, each with its key."""

    seen: int
    columns: tuple[str, ...]
    keys: npt.NDArray[np.float64]
    rows: npt.NDArray[np.float64]
    texts: list[str | None]


def read_sample(content: bytes) -> Recorded:
    """Read what `Group.write` wrote."""
    head, *lines = map(orjson.loads, gzip.decompress(content).split(b"\n"))
    keys = np.array([key for key, _, _ in lines], dtype=np.float64)
    rows = np.array([row for _, row, _ in lines], dtype=np.float64).reshape(len(lines), len(head["columns"]))
    return Recorded(head["seen"], tuple(head["columns"]), keys, rows, [text for _, _, text in lines])


def list_recordings(store: StoreFiles, release: str, kind: Kind, ending: str, since: dt.datetime, until: dt.datetime) -> list[str]:
    """Return the files of the hours from the one that `since` lies in to the last that begins before `until`, both UTC, in order.

    Raises:
        TrendingError: If the store can't be read.
    """
    first, beyond = since.strftime(HOUR), _name_end(until)
    parts = [path.split("/") for path in store.tree(release)]  # one listing: an hour each would be thousands
    return ["/".join(one) for one in parts if len(one) == _DEPTH and first <= one[1] < beyond and one[-1].startswith(f"{kind}-") and one[-1].endswith(ending)]


def _name_end(until: dt.datetime) -> str:
    """Return what the name of an hour is below if the hour begins before `until`."""
    begun = until > until.replace(minute=0, second=0, microsecond=0)
    return until.strftime(HOUR) + ("~" if begun else "")
