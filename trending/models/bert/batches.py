"""Texts as token ids, in batches of like length: padding is what a naive batch spends most of its time on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_BUCKET = 50  # batches that are sorted by length together: long enough to pad little, short enough to mix
_GRAIN = 8  # lengths are rounded up to this: few shapes, for which kernels are prepared once


def open_tokenizer(file: Path | bytes, max_tokens: int) -> Any:
    """Return a tokenizer that cuts at `max_tokens`, its own marks included, and never pads."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_buffer(file) if isinstance(file, bytes) else Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def tokenise(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of each text."""
    readable = [text.encode("utf-8", "replace").decode() for text in texts]  # halves of characters are refused by the tokenizer
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(readable)]


def plan_batches(lengths: Sequence[int], size: int, generator: np.random.Generator) -> list[npt.NDArray[np.int64]]:
    """Return the rows of every batch of one epoch, in random order; rows of a batch are of like length."""
    order = generator.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), size * _BUCKET):
        part = order[start : start + size * _BUCKET]
        part = part[np.argsort(np.asarray(lengths)[part], kind="stable")]
        batches += [part[begin : begin + size] for begin in range(0, len(part), size)]
    return [batches[number] for number in generator.permutation(len(batches))]


def pad(rows: Sequence[Sequence[int]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return ids and mask, both of shape (n, longest row)."""
    longest = -(-max(map(len, rows)) // _GRAIN) * _GRAIN
    ids, mask = np.zeros((len(rows), longest), dtype=np.int64), np.zeros((len(rows), longest), dtype=np.int64)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    return ids, mask
