"""Grouping of rows that describe the same title, so that no split can put copies on both sides."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from trending.cleaning.text import normalise_title, plot_key

_MIN_PLOT_KEY = 40  # shorter plots agree by chance


def group_titles(titles: pd.DataFrame) -> pd.Series:
    """Return a group id per row: rows that share a normalised title, an IMDb id, a plot or a given group are one group.

    Deliberately coarse (remakes share their title and so their group): a group too large costs nothing, one too small leaks.
    Linear in rows: keys are hashed, then joined by connected components.
    """
    keys: dict[Hashable, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    for row, (title, imdb_id, plot, given) in enumerate(zip(titles["title"], titles["imdb_id"], titles["plot"], titles["group_id"], strict=True)):
        found: list[Hashable] = [("title", normalise_title(title))]
        if isinstance(imdb_id, str):
            found.append(("imdb", imdb_id))
        if isinstance(plot, str) and len(key := plot_key(plot)) >= _MIN_PLOT_KEY:
            found.append(("plot", key))
        if isinstance(given, str):
            found.append(("given", given))
        rows.extend([row] * len(found))
        columns.extend(keys.setdefault(shared, len(keys)) for shared in found)
    count = len(titles)
    size = count + len(keys)
    links = coo_matrix((np.ones(len(rows), dtype=np.int8), (rows, np.asarray(columns, dtype=np.int64) + count)), shape=(size, size))
    component = connected_components(links, directed=False)[1][:count]
    # Named after the smallest title_id in it, so that a group keeps its name whatever order the rows come in.
    first = titles["title_id"].groupby(component).transform("min")
    return first.map(lambda name: "g" + hashlib.sha256(name.encode()).hexdigest()[:12]).rename("group_id")
