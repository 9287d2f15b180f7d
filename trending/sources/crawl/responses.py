"""The response store: every good answer of a crawl, kept as it came, in one SQLite file that survives a kill at any moment.

Each answer is a transaction of its own. With a write-ahead log that costs no disk flush: what a killed process committed is in the
operating system's hands. (After a power cut the last answers may be missing, and are asked for again.)
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

# Answers nobody asked for again in this time are dropped; some sources let nobody keep them for more than six months.
MAX_AGE_DAYS = 90
_DAY = 86_400

# Flushed to disk when it has grown to this many pages of 16 KiB: a flush holds the crawl up.
_LOG_PAGES = 4_000
# What may not outlive the job has a table of its own, for to change a row is to write its body again.
_SCHEMA = """
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS responses (
    key BLOB PRIMARY KEY, job TEXT NOT NULL, stored REAL NOT NULL,
    url TEXT NOT NULL, status INTEGER NOT NULL, headers BLOB NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS passing (key BLOB PRIMARY KEY) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Stored:
    """An answer in the store; `job` is the job that last got or revalidated it."""

    job: str
    url: str
    status: int
    headers: dict[str, list[str]]
    body: bytes


class ResponseTable:
    """The store's file, opened."""

    def __init__(self, path: Path) -> None:
        """Open or create it."""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(_SCHEMA)
        self._db.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")

    def get(self, key: bytes) -> Stored | None:
        """Return the answer to a request by its fingerprint."""
        row = self._db.execute("SELECT job, url, status, headers, body FROM responses WHERE key = ?", (key,)).fetchone()
        return None if row is None else Stored(row[0], row[1], row[2], orjson.loads(row[3]), row[4])

    def put(self, key: bytes, job: str, url: str, status: int, headers: Mapping[str, list[str]], body: bytes) -> None:
        """Keep an answer."""
        row = (key, job, time.time(), url, status, orjson.dumps(headers), body)
        self._db.execute("INSERT OR REPLACE INTO responses VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def drop_after_job(self, key: bytes) -> None:
        """Let an answer not outlive the job."""
        self._db.execute("INSERT OR IGNORE INTO passing VALUES (?)", (key,))

    def urls(self, job: str) -> set[str]:
        """Return the addresses a job has answers of."""
        return {row[0] for row in self._db.execute("SELECT url FROM responses WHERE job = ?", (job,))}

    def has_answers(self, job: str) -> bool:
        """Tell whether a job has got any answer."""
        return self._db.execute("SELECT 1 FROM responses WHERE job = ? LIMIT 1", (job,)).fetchone() is not None

    def tidy(self) -> None:
        """Drop what may not outlive a job, and what is old, so that not even its bytes are left."""
        dropped = self._db.execute("DELETE FROM responses WHERE stored < ? OR key IN (SELECT key FROM passing)", (time.time() - MAX_AGE_DAYS * _DAY,))
        self._db.execute("DELETE FROM passing")
        if dropped.rowcount:
            self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        self._db.close()
