"""Candidate pairs: rows that share a block key. Blocks too large are cut by year, then left alone, so that pairs grow no faster than rows."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from trending.matching.store import NO_YEAR, Hashes, Ints

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio (Knuth, TAOCP 3, 6.4): spreads years over the hash


def pair_up(keys: Hashes, rows: Ints, max_block: int) -> tuple[Ints, Ints, Ints]:
    """Pair all rows that share a key.

    Args:
        keys: A key per entry.
        rows: The row of each entry; a row may come under several keys.
        max_block: Keys with more entries than this give no pairs.

    Returns:
        Two arrays of rows, the lower first; and the positions of entries whose block is too large.
    """
    order = np.lexsort((rows, keys))
    keys, rows = keys[order], rows[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, len(keys)])
    ends = np.repeat(starts + sizes, sizes)
    size = np.repeat(sizes, sizes)
    at = np.flatnonzero((size > 1) & (size <= max_block))
    left, right = [], []
    for distance in range(1, max_block):
        at = at[at + distance < ends[at]]
        if not len(at):
            break
        left.append(rows[at])
        right.append(rows[at + distance])
    return _joined(left), _joined(right), order[size > max_block]


def find_pairs(same: Hashes, alike: Iterable[Hashes], years: Ints, max_block: int) -> tuple[Ints, Ints]:
    """Return the distinct pairs of rows that have a key in common (0 is no key), sorted.

    Rows that are merely `alike` meet only if their years are unknown or at most one apart, as nothing would join them otherwise. In a block
    larger than `max_block` that holds for all, and where even that is too many, they don't meet: what so many have in common says nothing.

    Args:
        same: The key of each row's title.
        alike: Keys of weaker likeness; a shared plot is one.
        years: The year of each row, `NO_YEAR` where unknown.
        max_block: Rows under one key that are all compared.
    """
    size = len(years)
    codes = [_pair_block(same, years, max_block)]
    for keys in alike:
        pairs = _pair_block(keys, years, max_block)
        one, other = years[pairs // size], years[pairs % size]
        codes.append(pairs[(one == NO_YEAR) | (other == NO_YEAR) | (np.abs(one - other) <= 1)])
    pairs = np.unique(np.concatenate(codes))
    return pairs // size, pairs % size


def _pair_block(keys: Hashes, years: Ints, max_block: int) -> Ints:
    """Return pairs under one kind of key as `left * rows + right`; in large blocks each row stands under its own year and the next."""
    size, rows = len(years), np.flatnonzero(keys)
    left, right, large = pair_up(keys[rows], rows, max_block)
    large_rows = rows[large]
    dated = large_rows[years[large_rows] != NO_YEAR]
    undated = large_rows[years[large_rows] == NO_YEAR]
    entries = np.concatenate([dated, dated, undated])
    when = np.concatenate([years[dated], years[dated] + 1, years[undated]])
    first, second, _ = pair_up(keys[entries] ^ (when.astype(np.uint64) * _MIX), entries, max_block)
    return np.concatenate([left * size + right, (first * size + second)[first != second]])


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
