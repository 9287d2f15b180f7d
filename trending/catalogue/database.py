"""Connections to a file that never changes: as many as are in use at once, each used by one thread at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

_MAP_BYTES = 1 << 32  # pages come from the file's mapping, which all processes share


class Database:
    """A pool of read-only connections."""

    def __init__(self, path: Path) -> None:
        """Open the file; it must not change while it is open."""
        self._address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._idle: list[sqlite3.Connection] = []
        self._lock = Lock()
        self._closed = False

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for one question.

        Raises:
            sqlite3.ProgrammingError: If the catalogue was closed.
        """
        with self._lock:
            if self._closed:
                raise sqlite3.ProgrammingError("this catalogue is closed")
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._open()
        try:
            yield connection
        finally:
            with self._lock:
                keep = not self._closed
                if keep:
                    self._idle.append(connection)
            if not keep:
                connection.close()

    def close(self) -> None:
        """Close every connection; one that is in use, when its question is answered."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._address, uri=True, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA mmap_size = {_MAP_BYTES}")
        return connection
