"""The TF-IDF terms a model knows, and how texts are read with them. Serving reads with numpy alone; `trending.models.fit_terms` learns them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

_TERMS, _WEIGHTS = "terms.json", "terms.safetensors"
_REMEMBERED = 128
_WORD = re.compile(r"\b\w\w+\b")
Row = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]  # columns and values of a text


class Terms:
    """Words and phrases with their weights: from a text to its features, and back from a score to the words that made it.

    Rows are those of scikit-learn's `TfidfVectorizer` (lower case, accents stripped, sublinear term frequency, unit length) to the last bit, in a fifth of
    its time for a single text, which is what services are asked for.
    """

    def __init__(self, names: Sequence[str], idf: npt.NDArray[np.float32], telling: npt.NDArray[np.bool_], ngrams: int) -> None:
        """Take what was learnt.

        Args:
            names: The terms in column order (n).
            idf: Their inverse document frequencies, shape (n,).
            telling: Whether a term says something to a reader; "of the" doesn't, whatever its weight. Shape (n,).
            ngrams: Words in the longest term.
        """
        self.names = list(names)
        self.idf = idf
        self.telling = telling
        columns = {name: column for column, name in enumerate(self.names)}
        # Whoever asks what a text is asks why next. Not a method: it would keep a retired model alive until Python looks for cycles.
        self.read: Callable[[str], Row] = lru_cache(maxsize=_REMEMBERED)(partial(_read_row, columns, idf, ngrams))

    @classmethod
    def load(cls, directory: Path, ngrams: int) -> Terms:
        """Read what `save` wrote."""
        names = json.loads((directory / _TERMS).read_text(encoding="utf-8"))
        arrays = load_file(directory / _WEIGHTS)
        return cls(names, arrays["idf"], arrays["telling"], ngrams)

    def save(self, directory: Path) -> None:
        """Write names as JSON and arrays as safetensors."""
        (directory / _TERMS).write_text(json.dumps(self.names, ensure_ascii=False), encoding="utf-8")
        save_file({"idf": self.idf, "telling": self.telling}, directory / _WEIGHTS)

    def __len__(self) -> int:
        """Return how many terms there are."""
        return len(self.names)

    def explain(self, columns: npt.NDArray[np.int32], contributions: npt.NDArray[np.float32], top: int) -> list[tuple[str, float]]:
        """Return the telling terms of one text that contribute most to a score, strongest first.

        Args:
            columns: Columns of the terms in the text, shape (k,).
            contributions: What each adds to the score, shape (k,).
            top: How many at the most.
        """
        useful = np.flatnonzero((contributions > 0) & self.telling[columns])
        order = useful[np.argsort(-contributions[useful], kind="stable")]
        chosen: dict[str, float] = {}
        covered: set[str] = set()
        for column, weight in zip(columns[order].tolist(), contributions[order].tolist(), strict=True):
            if len(chosen) == top:
                break
            term = self.names[column]
            words = term.split()
            # "outer" and "outer space" are one piece of evidence: keep the stronger.
            if term not in covered and chosen.keys().isdisjoint(words):
                chosen[term] = weight
                covered.update(words)
        return list(chosen.items())


def _read_row(column_of: dict[str, int], idf: npt.NDArray[np.float32], ngrams: int, text: str) -> Row:
    counts = Counter(column for term in _split_terms(text, ngrams) if (column := column_of.get(term)) is not None)
    columns = np.asarray(sorted(counts), dtype=np.int32)
    values = np.log(np.asarray([counts[column] for column in columns.tolist()], dtype=np.float32)) + np.float32(1)
    values *= idf[columns]
    length = np.sqrt(np.add.accumulate(values * values, dtype=np.float64)[-1]) if len(values) else 1.0
    return columns, (values / length).astype(np.float32)


def fold_text(text: str) -> str:
    """Return lower case without accents, as evidence is shown."""
    text = text.lower()
    return text if text.isascii() else "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def _split_terms(text: str, ngrams: int) -> list[str]:
    words = _WORD.findall(fold_text(text))
    terms = words.copy()
    for length in range(2, ngrams + 1):
        terms += map(" ".join, zip(*(words[start:] for start in range(length)), strict=False))
    return terms
