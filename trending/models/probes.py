"""What trees split on: what linear probes say of a plot's words and of its meaning, where it lies in meaning, and the facts known of the title.

Trees are poor at adding up thousands of weak words, and linear models at everything else. So the words are first reduced to one number per genre, by the
model that does it best, and the trees learn what those numbers mean together. `trending.models.fit_probes` learns the probes; reading needs numpy alone,
and onnxruntime where there is an encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

from trending.embeddings.encoder import Vectors
from trending.features.facts import read_facts, split_facts
from trending.genres import GENRES
from trending.models.meaning import PlotEncoder
from trending.models.terms import Row, Terms

_STATE = "probes.safetensors"
_REMEMBERED = 128
_MANY = 1_000  # a catalogue, whose plots are likely to have been embedded before; what users send is never so much, and isn't kept
_THREADS = 2  # plots that are encoded at a time
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Probes:
    """Linear probes, one per genre.

    Attributes:
        words: Weights of terms, shape (terms, 20).
        word_intercepts: Shape (20,).
        usual: What the word probes say on average, shape (20,).
        meaning: Weights of a vector's numbers and, last, the intercepts, shape (dims + 1, 20 and one per principal component); empty without an encoder.
    """

    words: Floats
    word_intercepts: Floats
    usual: Floats
    meaning: Floats


@dataclass(frozen=True)
class Reading:
    """A text as trees see it, shape (features,), the first 20 being the word probes' log odds; and the terms that those are sums over."""

    features: Floats
    row: Row


class PlotReader:
    """Reads plots, with facts before them or not."""

    def __init__(self, terms: Terms, probes: Probes, encoder: PlotEncoder | None) -> None:
        """Take what was learnt."""
        self.terms, self.probes, self.encoder = terms, probes, encoder
        # Whoever asks what a text is asks why next. Not a method: it would keep a retired model alive until Python looks for cycles.
        self.read: Callable[[str], Reading] = lru_cache(maxsize=_REMEMBERED)(partial(_encode_and_read, terms, probes, encoder))

    def read_all(self, texts: Sequence[str], vectors: Vectors | None = None) -> Floats:
        """Return the texts' features, shape (n, features), n at least 1; `vectors` are theirs, if they are known already."""
        if vectors is None and len(texts) >= _MANY:
            vectors = self.embed(texts)
        if vectors is not None:
            return np.stack([_read(self.terms, self.probes, text, vector).features for text, vector in zip(texts, vectors, strict=True)])
        if len(texts) == 1 or self.encoder is None:
            return np.stack([self.read(text).features for text in texts])
        with ThreadPoolExecutor(_THREADS) as pool:
            return np.stack([reading.features for reading in pool.map(self.read, texts)])

    def embed(self, texts: Sequence[str]) -> Vectors | None:
        """Return the vectors of the texts' plots, computed once and kept; None without an encoder."""
        return self.encoder.encode_many([split_facts(text)[1] for text in texts]) if self.encoder else None

    def share_out(self, reading: Reading, contributions: Floats) -> Floats:
        """Return what each term of a text adds to a score, shape (terms in the text,).

        What a probe's log odds add is shared out among the terms that drew them to the side of their average on which they lie, in proportion.

        Args:
            reading: The text's.
            contributions: What each of the 20 word probes' log odds adds to the score, shape (20,).
        """
        columns, values = reading.row
        parts = values[:, None] * self.probes.words[columns]
        drawn = np.maximum(parts * np.sign(reading.features[: len(GENRES)] - self.probes.usual), 0)
        return np.asarray((drawn / np.maximum(drawn.sum(axis=0), np.float32(1e-9))) @ contributions)

    def save(self, directory: Path) -> None:
        """Write terms, probes and the encoder."""
        self.terms.save(directory)
        save_file(vars(self.probes), directory / _STATE)
        if self.encoder:
            self.encoder.save(directory)

    @classmethod
    def load(cls, directory: Path, ngrams: int) -> PlotReader:
        """Read what `save` wrote."""
        probes = Probes(**load_file(directory / _STATE))
        return cls(Terms.load(directory, ngrams), probes, PlotEncoder.load(directory) if probes.meaning.size else None)


def read_facts_row(text: str) -> list[float]:
    """Return is_tv (0 or 1) and the decade, NaN where the text doesn't say, and the plot's length in words: sources differ in length as in what they list."""
    is_tv, decade = read_facts(text)
    return [np.nan if is_tv is None else float(is_tv), np.nan if decade is None else float(decade), float(len(split_facts(text)[1].split()))]


def _encode_and_read(terms: Terms, probes: Probes, encoder: PlotEncoder | None, text: str) -> Reading:
    return _read(terms, probes, text, encoder.encode(split_facts(text)[1]) if encoder else None)


def _read(terms: Terms, probes: Probes, text: str, vector: Vectors | None) -> Reading:
    columns, values = row = terms.read(split_facts(text)[1])
    odds = values @ probes.words[columns] + probes.word_intercepts
    meaning = [] if vector is None else [vector @ probes.meaning[:-1] + probes.meaning[-1]]
    return Reading(np.concatenate([odds, *meaning, np.asarray(read_facts_row(text), dtype=np.float32)]).astype(np.float32), row)
