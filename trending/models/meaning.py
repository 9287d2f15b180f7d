"""The sentence encoder inside a genre model: its files lie in the model's folder, and serving gets the vectors that training got."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trending.embeddings.encoder import FACTS_FILE, MODEL_FILE, TOKENIZER_FILE, EncoderFacts, TextEncoder, Vectors, open_session
from trending.settings import load_settings

_FILES = (MODEL_FILE, TOKENIZER_FILE, FACTS_FILE)
_KEPT = np.float16  # as the store of vectors keeps them


class PlotEncoder:
    """Turns plots into vectors of length 1; safe to share between threads."""

    def __init__(self, files: dict[str, bytes]) -> None:
        """Open the content of an encoder's files, by name.

        Raises:
            ValueError: If they can't be opened.
        """
        from tokenizers import Tokenizer

        self.files = files
        try:
            facts = EncoderFacts.model_validate_json(files[FACTS_FILE])
            self._encoder = TextEncoder(open_session(files[MODEL_FILE]), Tokenizer.from_buffer(files[TOKENIZER_FILE]), facts, threads=2)
        except Exception as error:  # all three libraries raise exceptions of their own
            raise ValueError(f"the encoder can't be opened: {str(error)[:200]}") from error

    @classmethod
    def load(cls, directory: Path) -> PlotEncoder:
        """Read the files that `save` wrote, or `trending.embeddings.export` made."""
        return cls({name: (directory / name).read_bytes() for name in _FILES})

    @property
    def name(self) -> str:
        """What the weights are called where they come from."""
        return self._encoder.facts.name

    def save(self, directory: Path) -> None:
        """Write the files."""
        for name, content in self.files.items():
            (directory / name).write_bytes(content)

    def encode(self, plot: str) -> Vectors:
        """Return a plot's vector, shape (dims,), to the last bit the one that training read from the store."""
        kept = self._encoder.encode([plot]).astype(_KEPT).astype(np.float32)
        vector: Vectors = (kept / np.maximum(np.linalg.norm(kept, axis=1, keepdims=True), 1e-9))[0]
        return vector

    def encode_many(self, plots: Sequence[str]) -> Vectors:
        """Return the plots' vectors, shape (n, dims), the same as one by one; computed once and kept under the cache folder, as those of training are."""
        from trending.embeddings.store import embed_texts

        store = load_settings().cache_dir / "vectors" / f"{hashlib.sha256(self.files[MODEL_FILE]).hexdigest()[:16]}.sqlite"
        return embed_texts(self._encoder, plots, store).vectors


def embed_plots(plots: Sequence[str]) -> tuple[PlotEncoder, Vectors] | None:
    """Return an encoder and the plots' vectors, shape (n, dims), which are computed once and kept under the cache folder; None where no weights are at hand."""
    from trending.embeddings.export import ENCODERS, prepare_encoder
    from trending.embeddings.weights import find_weights

    settings = load_settings()
    weights = find_weights(settings.encoder)
    if weights is None:
        logging.getLogger("trending").warning("no encoder weights: xgboost learns from words and facts alone (see TRENDING_ENCODER)")
        return None
    folder = prepare_encoder(weights, settings.cache_dir / ENCODERS)
    encoder = PlotEncoder.load(folder)
    return encoder, encoder.encode_many(plots)
