"""The index of all titles' vectors: one file, mapped into memory, never written again; approximate search by a graph (HNSW, Malkov and Yashunin 2016).

Rows are numbered as the catalogue numbers its titles; what a row means is the catalogue's business.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trending.embeddings.encoder import Vectors
from trending.errors import ReleaseError


class VectorIndex:
    """Nearest vectors by cosine; safe to share between threads and processes."""

    def __init__(self, index: Any) -> None:
        """Take an index that `open` has mapped."""
        self._index = index
        self._index.expansion_search = 192  # finds 99 % of what comparing with every vector would

    @classmethod
    def open(cls, path: Path) -> VectorIndex:
        """Map an index into memory.

        Raises:
            ReleaseError: If it can't be.
        """
        from usearch.index import Index

        try:
            opened = Index.restore(str(path), view=True)
        except Exception as error:  # the library raises bare exceptions of its own
            raise ReleaseError(f"the index of vectors can't be opened ({error})", where=str(path), mend="run the training pipeline again") from error
        if opened is None:
            raise ReleaseError("no index of vectors", where=str(path), mend="run the training pipeline again")
        return cls(opened)

    @staticmethod
    def build(vectors: Vectors, path: Path) -> None:
        """Write the index of vectors of length 1, shape (n, dims); the same vectors give the same bytes."""
        from usearch.index import Index

        index = Index(ndim=vectors.shape[1], metric="cos", dtype="i8", connectivity=16, expansion_add=128)
        # One thread: with more, the graph would depend on who came first.
        index.add(np.arange(len(vectors)), _quantise(vectors), threads=1)
        index.save(str(path))

    def __len__(self) -> int:
        return len(self._index)

    def search(self, vector: Vectors, k: int) -> tuple[NDArray[np.int64], Vectors]:
        """Return the rows of the k nearest, nearest first, and their cosines."""
        if not len(self) or k < 1:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        found = self._index.search(_quantise(vector), min(k, len(self)), threads=1)
        return found.keys.astype(np.int64), (1 - found.distances).astype(np.float32)

    def vector(self, row: int) -> Vectors:
        """Return a row's vector, as exact as it is kept, of length 1."""
        kept: Vectors = self._index.get(row).astype(np.float32)
        return kept / max(float(np.linalg.norm(kept)), 1e-9)


def _quantise(vectors: Vectors) -> NDArray[np.int8]:
    """Scale each vector's largest component to 127: cosines ignore length, and the library's own scaling would use a tenth of the range."""
    largest = np.abs(vectors).max(axis=-1, keepdims=True)
    return np.asarray(np.rint(vectors * (127 / np.maximum(largest, 1e-9))), dtype=np.int8)
