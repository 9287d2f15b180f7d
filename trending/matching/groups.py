"""Leakage groups of whole tables: those of `trending.cleaning.groups`, joined by works, without a dictionary of all keys in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from trending.cleaning.text import normalise_title, plot_key
from trending.matching.clusters import join_components, lowest_row
from trending.matching.forms import MIN_PLOT_KEY
from trending.matching.store import Hashes, Ints, TitleStore, hash_texts, open_store, write_table

GROUP_SCHEMA = pa.schema([("title_id", pa.string()), ("group_id", pa.string())])


def assign_groups(titles: Sequence[Path], matches: Path | None, out: Path, *, memory: str = "1GB", threads: int = 2) -> int:
    """Write the group of every title: rows that share a normalised title, an IMDb id, a plot, a given group or a work are one group.

    Args:
        titles: Parquet files of `TITLE_SCHEMA`; no title_id twice.
        matches: Parquet file of `MATCH_SCHEMA`, or None to group by the titles alone.
        out: Where (title_id, group_id) go, sorted by title_id.
        memory: What DuckDB may hold in memory.
        threads: DuckDB's threads.

    Returns:
        The number of groups.

    Raises:
        InputError: If there are no files, one is unreadable, or a title_id comes twice.
    """
    with open_store(titles, memory, threads) as store:
        columns = _read_keys(store)
        if matches is not None:
            columns.append(hash_texts(store.works(matches).to_pylist()))
        component = _join_rows(columns, store.size)
        heads = lowest_row(component)
        title_ids = store.column("title_id")
        names = pa.array([_name_group(title_id) for title_id in title_ids.take(heads).to_pylist()], pa.string())
        write_table(pa.table([title_ids, names.take(component)], schema=GROUP_SCHEMA), out)
    return len(heads)


def _read_keys(store: TitleStore) -> list[Hashes]:
    """Return title, IMDb id, plot and given group of all rows, hashed; 0 is "has none"."""
    parts: list[list[Hashes]] = []
    for batch in store.batches(("title", "imdb_id", "plot", "group_id")):
        titles, imdb_ids, plots, given = (batch.column(name).to_pylist() for name in ("title", "imdb_id", "plot", "group_id"))
        keys = [plot_key(plot) if plot else "" for plot in plots]
        texts = ([normalise_title(title) for title in titles], imdb_ids, [key if len(key) >= MIN_PLOT_KEY else None for key in keys], given)
        parts.append([hash_texts(column) for column in texts])
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _join_rows(columns: Sequence[Hashes], size: int) -> Ints:
    """Join each row to the next that has its key: a chain connects as well as all pairs do."""
    left, right = [], []
    for keys in columns:
        rows = np.flatnonzero(keys)
        rows = rows[np.argsort(keys[rows], kind="stable")]
        shared = keys[rows][1:] == keys[rows][:-1]
        left.append(rows[:-1][shared])
        right.append(rows[1:][shared])
    return join_components(size, np.concatenate(left), np.concatenate(right))


def _name_group(title_id: str) -> str:
    return "g" + hashlib.sha256(title_id.encode()).hexdigest()[:12]
