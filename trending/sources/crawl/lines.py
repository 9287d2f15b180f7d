"""Writing of a snapshot's files."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import BinaryIO, cast

_CHUNK_BYTES = 1 << 18


class LineFile:
    """A compressed file of lines whose bytes depend on the lines alone; written in large pieces."""

    def __init__(self, path: Path) -> None:
        """Begin it."""
        self._raw = path.open("wb")
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=3, fileobj=cast("BinaryIO", self._raw), mtime=0)
        self._waiting: list[bytes] = []
        self._size = 0

    def write(self, line: bytes) -> None:
        """Add a line, its line end included."""
        self._waiting.append(line)
        self._size += len(line)
        if self._size >= _CHUNK_BYTES:
            self._flush()

    def close(self) -> None:
        """Write what waits, and close."""
        self._flush()
        self._gzip.close()
        self._raw.close()

    def _flush(self) -> None:
        self._gzip.write(b"".join(self._waiting))
        self._waiting.clear()
        self._size = 0
