"""The starter catalogue: real, well-known titles with synopses written for this project, so that a clone with no network has a main job.

It is for a first run and for tests: small, hand-written, and no measure of how good the models are on other data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib import resources
from itertools import islice
from typing import Any

from trending.cleaning.record import derive_source_id

STARTER_SOURCE = "starter"
STARTER_NOTE = (
    "Starter data: the small catalogue that ships with the project, well-known titles with synopses written by hand for it. "
    "It lets everything run without a network; its figures say nothing about other data."
)
_CONSTANTS = {"source": STARTER_SOURCE, "rights_class": "open_project", "data_licence": "Apache-2.0 (written for this project)"}


class StarterSource:
    """The shipped JSONL file, one title a line."""

    name = STARTER_SOURCE

    def __init__(self, limit: int | None = None) -> None:
        """Read at most `limit` titles."""
        self.limit = limit
        self._file = resources.files("trending.sources") / "starter.jsonl"

    def check(self) -> None:
        """Nothing to check: the file is part of the package."""

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file and the limit."""
        return hashlib.sha256(self._file.read_bytes() + str(self.limit).encode()).hexdigest()

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the titles."""
        with self._file.open(encoding="utf-8") as lines:
            for line in islice(lines, self.limit):
                row = json.loads(line)
                yield {**_CONSTANTS, "source_id": derive_source_id(row["title"], row["type"], row["year"], row["plot"]), **row}
