"""Vectors that were computed once, by the hash of their text: a re-run embeds only what is new, and a run that was killed goes on where it stopped."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trending.embeddings.encoder import TextEncoder, Vectors

_SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
_AT_ONCE = 256
_KEPT = np.dtype("<f2")  # 768 bytes a text, and exact to four times what the index keeps


@dataclass(frozen=True)
class Embedded:
    """Vectors in the order of their texts, and how many of them had to be computed."""

    vectors: Vectors
    computed: int


def embed_texts(encoder: TextEncoder, texts: Sequence[str], store: Path) -> Embedded:
    """Return a vector per text, from the store where it has one.

    Args:
        encoder: Must be the one the store was filled by.
        texts: Any number.
        store: SQLite file, made if it isn't there; its loss costs time only.
    """
    keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
    wanted = dict(zip(keys, texts, strict=True))
    store.parent.mkdir(parents=True, exist_ok=True)
    with closing(_open(store)) as connection:
        found = _read(connection, list(wanted), encoder.dims)
        missing = [key for key in wanted if key not in found]
        for start in range(0, len(missing), _AT_ONCE):
            part = missing[start : start + _AT_ONCE]
            kept = encoder.encode([wanted[key] for key in part]).astype(_KEPT)
            with connection:
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", [(key, row.tobytes()) for key, row in zip(part, kept, strict=True)])
            found.update(zip(part, kept, strict=True))
    # Computed or read back, a vector is the same.
    vectors = np.array([found[key] for key in keys], dtype=np.float32).reshape(len(keys), encoder.dims)
    return Embedded(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), len(missing))


def _open(store: Path) -> sqlite3.Connection:
    """Open the store; a damaged one is begun anew."""
    try:
        return _connect(store)
    except sqlite3.OperationalError:
        raise  # locked, or a full disk: nothing is wrong with the file
    except sqlite3.DatabaseError:
        store.unlink()
        return _connect(store)


def _connect(store: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(store, timeout=60)
    try:
        connection.execute(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _read(connection: sqlite3.Connection, keys: Sequence[bytes], dims: int) -> dict[bytes, Vectors]:
    found: dict[bytes, Vectors] = {}
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(part))
        query = f"SELECT text, vector FROM vectors WHERE text IN ({marks}) AND length(vector) = ?"  # noqa: S608 - marks only
        rows = connection.execute(query, [*part, dims * _KEPT.itemsize])
        found.update((key, np.frombuffer(vector, dtype=_KEPT)) for key, vector in rows)
    return found
