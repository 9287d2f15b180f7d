"""Samples by content: a row is chosen by the hash of its key, so that all copies of a text are in or out together.

A sample of rows would hold few pairs of copies however many there are (a tenth of the rows holds a hundredth of the pairs); this one holds its share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Ranks = npt.NDArray[np.uint64]


def rank_keys(keys: Iterable[str], seed: int) -> Ranks:
    """Return a number per key, shape (n,): evenly spread, equal for equal keys."""
    return np.asarray(pd.util.hash_array(np.asarray(list(keys), dtype=object), hash_key=f"{seed:016d}", categorize=False), dtype=np.uint64)


def choose_rows(ranks: Ranks, sources: pd.Series, limit: int) -> npt.NDArray[np.int64]:
    """Return the positions of at most `limit` rows, ascending: of every source its share of them, and at least one.

    Args:
        ranks: Of `rank_keys`.
        sources: The source of each row.
        limit: How many; more than there are sources.
    """
    if len(ranks) <= limit:
        return np.arange(len(ranks))
    codes, names = pd.factorize(sources, sort=True)
    sizes = np.bincount(codes, minlength=len(names))
    quotas = 1 + (sizes - 1) * max(0, limit - len(names)) // max(1, len(ranks) - len(names))
    order = np.lexsort((ranks, codes))
    place = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[codes[order]]
    return np.sort(order[place < quotas[codes[order]]])


def keep_share(ranks: Ranks, share: float) -> Ranks:
    """Return the ranks in the lowest `share` of all there could be: the same keys out of any two sets."""
    return ranks if share >= 1 else ranks[ranks < np.uint64(share * 2**64)]


def sample_frame(frame: pd.DataFrame, keys: Iterable[str], limit: int, seed: int) -> pd.DataFrame:
    """Return at most `limit` rows of a frame that has a `source`, in their order, with a fresh index."""
    return frame.iloc[choose_rows(rank_keys(keys, seed), frame["source"], limit)].reset_index(drop=True)


def sample_files(files: Sequence[Path], column: str, key: Callable[[str], str], limit: int, seed: int) -> tuple[pd.DataFrame, int]:
    """Return at most `limit` rows of Parquet files of any size, and how many rows there are.

    Args:
        files: Files with `column` and `source`.
        column: What copies have in common, such as `plot`.
        key: Brings its values into the form in which copies are equal.
        limit: How many rows.
        seed: Chooses another sample.
    """
    import pyarrow.dataset as ds

    data = ds.dataset([str(file) for file in files], format="parquet")
    ranks: list[Ranks] = []
    sources: list[Any] = []
    for batch in data.to_batches(columns=[column, "source"]):
        ranks.append(rank_keys((key(value or "") for value in batch[column].to_pylist()), seed))
        sources.append(batch["source"].to_pandas())
    if not ranks:
        return data.schema.empty_table().to_pandas(), 0
    every = np.concatenate(ranks)
    chosen = choose_rows(every, pd.concat(sources, ignore_index=True), limit)
    return data.take(chosen).to_pandas(), len(every)
