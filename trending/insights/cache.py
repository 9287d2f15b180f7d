"""Answers of models kept in SQLite as they were written, by prompt, model and material, so that nothing is paid for twice. Safe for several processes.

An answer is checked again whenever it is taken out, so that none outlives the rules it passed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

MOST_KEPT = 100_000
_SCHEMA = "CREATE TABLE IF NOT EXISTS drafts (key TEXT PRIMARY KEY, made REAL NOT NULL, draft TEXT NOT NULL)"
_LOCK_SECONDS = 0.1  # whoever waits for insights waits for this, too


class KeptDraft(NamedTuple):
    """What a model wrote, and when."""

    text: str
    made: dt.datetime


class InsightCache:
    """A file of drafts that models wrote. A cache that can't be read or written costs money, never an answer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = threading.Lock()  # a batch's threads wait here, not for SQLite, which would soon give up

    @staticmethod
    def make_key(prompt: str, model: str, material: str) -> str:
        """Return the key of a draft: it changes with the prompt, the model and every character of the material that the model is given."""
        return hashlib.sha256(f"{prompt}\x1f{model}\x1f{material}".encode("utf-8", "surrogatepass")).hexdigest()

    def get(self, key: str) -> KeptDraft | None:
        """Return the draft under a key, or None."""
        try:
            with closing(self._open()) as db:
                row = db.execute("SELECT draft, made FROM drafts WHERE key = ?", (key,)).fetchone()
            return KeptDraft(row[0], dt.datetime.fromtimestamp(row[1], dt.UTC)) if row else None
        except (OSError, sqlite3.Error):
            return None

    def put(self, key: str, draft: str) -> None:
        """Keep a draft that has passed every check; beyond 100,000, the oldest go."""
        try:
            with self._writing, closing(self._open()) as db:
                db.execute("INSERT OR REPLACE INTO drafts VALUES (?, ?, ?)", (key, time.time(), draft))
                db.execute("DELETE FROM drafts WHERE rowid <= (SELECT max(rowid) FROM drafts) - ?", (MOST_KEPT,))
        except (OSError, sqlite3.Error):
            return

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, timeout=_LOCK_SECONDS, isolation_level=None)
        try:
            db.execute(_SCHEMA)
        except sqlite3.Error:
            db.close()
            raise
        return db
