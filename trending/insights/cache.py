"""Answers of models kept in SQLite: checked ones only, by prompt, model and content, so that nothing is paid for twice. Safe for several processes."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

from trending.insights.schema import Insights, Material

_SCHEMA = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, made REAL NOT NULL, insights TEXT NOT NULL)"
_LOCK_SECONDS = 2.0


class InsightCache:
    """A file of insights that models made. A cache that can't be read or written costs money, never an answer."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def make_key(prompt: str, model: str, material: Material) -> str:
        """Return the key of an answer: it changes with the prompt, the model and every character of the material."""
        return hashlib.sha256(f"{prompt}\x1f{model}\x1f{material.model_dump_json()}".encode("utf-8", "surrogatepass")).hexdigest()

    def get(self, key: str) -> Insights | None:
        """Return the answer under a key, marked as cached and as free, or None."""
        try:
            with closing(self._open()) as db:
                row = db.execute("SELECT insights FROM answers WHERE key = ?", (key,)).fetchone()
            found = Insights.model_validate_json(row[0]) if row else None
        except (OSError, sqlite3.Error, ValidationError):
            return None
        if found is None:
            return None
        return found.model_copy(update={"provenance": found.provenance.model_copy(update={"cached": True, "tokens": 0, "cost_usd": 0.0})})

    def put(self, key: str, insights: Insights) -> None:
        """Keep an answer that has passed every check."""
        try:
            with closing(self._open()) as db:
                db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (key, time.time(), insights.model_dump_json()))
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
