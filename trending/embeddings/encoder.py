"""The sentence encoder as releases carry it: an ONNX graph with pooling and normalisation inside, its tokenizer, and what it is.

Texts are encoded one by one and never padded. Activations are quantised per call, so in a batch a vector would depend on its neighbours; alone it
depends on its text only, whatever the machine's threads, and on CPUs as many texts at a time as there are cores are as quick as batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trending.errors import ReleaseError

MODEL_FILE, TOKENIZER_FILE, FACTS_FILE = "model.onnx", "tokenizer.json", "encoder.json"
MAX_TOKENS = 128

Vectors = NDArray[np.float32]


class EncoderFacts(BaseModel):
    """The content of `encoder.json`."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="What the weights are called where they come from.")
    revision: str | None = Field(None, description="Commit of the hub they were fetched from.")
    weights_sha256: str
    licence: str | None = Field(None, description="Of the weights.")
    dims: int
    max_tokens: int = MAX_TOKENS
    pooling: str = "mean of the tokens, length 1"
    precision: str = "int8 weights per channel, int8 activations per call"


class TextEncoder:
    """Turns texts into vectors of length 1; safe to share between threads."""

    def __init__(self, session: Any, tokenizer: Any, facts: EncoderFacts, threads: int) -> None:
        """Take the opened parts; `load` opens them."""
        self._session, self._tokenizer = session, tokenizer
        self._threads = threads
        self.facts = facts
        self.dims = facts.dims

    @classmethod
    def load(cls, folder: Path, threads: int = 2) -> TextEncoder:
        """Open an encoder.

        Args:
            folder: Made by `prepare_encoder`.
            threads: How many texts are encoded at a time when several are given; one text takes one thread.

        Raises:
            ReleaseError: If it can't be opened.
        """
        from tokenizers import Tokenizer

        try:
            facts = read_facts(folder)
            session = open_session(str(folder / MODEL_FILE))
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        except ReleaseError:
            raise
        except Exception as error:  # both libraries raise bare exceptions of their own
            raise ReleaseError(f"the encoder can't be opened ({str(error)[:200]})", where=str(folder), mend="run the training pipeline again") from error
        return cls(session, tokenizer, facts, threads)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector per text, shape (n, dims), each of length 1; text beyond 128 tokens isn't read."""
        if not texts:
            return np.zeros((0, self.dims), np.float32)
        readable = [text.encode("utf-8", "replace").decode() for text in texts]  # halves of characters, as JSON may hold, are refused by the tokenizer
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(readable)]
        if len(tokens) == 1 or self._threads == 1:
            return np.stack([self._encode_one(ids) for ids in tokens])
        with ThreadPoolExecutor(self._threads) as pool:
            return np.stack(list(pool.map(self._encode_one, tokens)))

    def _encode_one(self, ids: list[int]) -> Vectors:
        (vectors,) = self._session.run(None, {"input_ids": np.array([ids], dtype=np.int64)})
        vector: Vectors = vectors[0]
        return vector


def open_session(model: str | bytes) -> Any:
    """Open an ONNX model, a file or its content, for one text and one thread at a time; raises exceptions of onnxruntime's own."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return InferenceSession(model, options, providers=["CPUExecutionProvider"])


def read_facts(folder: Path) -> EncoderFacts:
    """Read an encoder's `encoder.json`.

    Raises:
        ReleaseError: If there is none that can be read.
    """
    try:
        return EncoderFacts.model_validate_json((folder / FACTS_FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise ReleaseError("the encoder's encoder.json can't be read", where=str(folder), mend="run the training pipeline again") from error
