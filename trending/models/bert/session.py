"""A fine-tuned BERT as it is served: from text to logits and to the words that made them, by onnxruntime."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trending.embeddings.encoder import open_session
from trending.models.bert.batches import open_tokenizer

GRAPH_FILE, TOKENIZER_FILE, FACTS_FILE = "bert.onnx", "tokenizer.json", "bert.json"
_REMEMBERED = 128
Floats = NDArray[np.float32]
Reading = tuple[Floats, list[tuple[str, Floats]]]  # logits, shape (genres,), and the words, each with what it adds to them


class BertSession:
    """Reads texts one by one, never padded: in a batch of int8 a score would depend on its neighbours. Safe to share between threads."""

    def __init__(self, graph: bytes, tokenizer: bytes, max_tokens: int, threads: int = 2) -> None:
        """Open the parts.

        Args:
            graph: ONNX model with outputs `logits` and `shares`.
            tokenizer: The content of `tokenizer.json`.
            max_tokens: What a text is cut at.
            threads: How many texts are read at a time when several are given; one text takes one thread.

        Raises:
            ValueError: If they can't be opened.
        """
        try:
            session = open_session(graph)
            opened = open_tokenizer(tokenizer, max_tokens)
        except Exception as error:  # both libraries raise bare exceptions of their own
            raise ValueError(f"the network can't be opened: {str(error)[:200]}") from error
        self._threads = threads
        # Whoever asks what a text is asks why next. Not a method: it would keep a retired model alive until Python looks for cycles.
        self.read: Callable[[str], Reading] = lru_cache(maxsize=_REMEMBERED)(partial(_read_text, session, opened))

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return logits, shape (n, genres), n at least 1."""
        if len(texts) == 1 or self._threads == 1:
            return np.stack([self.read(text)[0] for text in texts])
        with ThreadPoolExecutor(self._threads) as pool:
            return np.stack([logits for logits, _ in pool.map(self.read, texts)])


def _read_text(session: Any, tokenizer: Any, text: str) -> Reading:
    encoding = tokenizer.encode(text.encode("utf-8", "replace").decode())  # halves of characters are refused by the tokenizer
    logits, shares = session.run(None, {"input_ids": np.array([encoding.ids], dtype=np.int64)})
    words: list[tuple[str, Floats]] = []
    last = None
    for word, (start, end), share in zip(encoding.word_ids, encoding.offsets, shares[0], strict=True):
        if word is None:
            continue
        piece = text[start:end]
        if word == last:
            words[-1] = (words[-1][0] + piece, words[-1][1] + share)
        else:
            words.append((piece, share))
        last = word
    return logits[0], words
