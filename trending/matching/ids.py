"""Identifiers of other catalogues: which rows share one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from trending.matching.blocks import pair_up
from trending.matching.clusters import RowIds
from trending.matching.store import Ints, TitleStore, hash_texts

# Most trusted first: where two contradict each other, the earlier joins and the later is not followed.
SCHEMES = ("imdb", "wikidata", "tmdb_movie", "tmdb_tv", "tvmaze", "thetvdb", "wikipedia")


@dataclass(frozen=True)
class IdPairs:
    """Pairs of rows that share an identifier, in the order of trust, and the number of the scheme in `names`."""

    left: Ints
    right: Ints
    scheme: Ints
    names: tuple[str, ...]


def read_ids(store: TitleStore, identifiers: Sequence[Path], max_block: int) -> tuple[RowIds, IdPairs]:
    """Read the identifiers of all rows, those in the titles themselves included, and pair the rows that share one."""
    table = store.identifiers(identifiers)
    found = set(pc.unique(table["scheme"]).to_pylist())
    names = (*SCHEMES, *sorted(found - set(SCHEMES)))
    number = {name: place for place, name in enumerate(names)}
    scheme = np.array([number[name] for name in table["scheme"].to_pylist()], dtype=np.int64)
    ids = RowIds(table["row"].to_numpy(), scheme, hash_texts(table["value"].to_pylist()))
    parts = [_pair_scheme(ids, place, max_block) for place in range(len(names))]
    left, right = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    return ids, IdPairs(left, right, np.repeat(np.arange(len(names)), [len(part[0]) for part in parts]), names)


def _pair_scheme(ids: RowIds, scheme: int, max_block: int) -> tuple[Ints, Ints]:
    at = np.flatnonzero(ids.scheme == scheme)
    rows, values = ids.row[at], ids.value[at]
    left, right, large = pair_up(values, rows, max_block)
    # An identifier on very many rows: each is joined to the next, which is as good as all pairs.
    large = large[np.lexsort((rows[large], values[large]))]
    chained = values[large][1:] == values[large][:-1]
    left, right = np.concatenate([left, rows[large][:-1][chained]]), np.concatenate([right, rows[large][1:][chained]])
    order = np.lexsort((right, left))
    return left[order], right[order]
