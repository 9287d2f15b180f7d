"""Works out of pairs: the best evidence joins first, and nothing joins what contradicts itself.

A work never holds two values of one identifier scheme, and two rows of one source only if an identifier says so or each is joined to another
of that source as a repeat; and no pair that was compared and found more likely to be two works, unless an identifier says so. All of this holds
for the work as a whole, not only for the pairs it was joined by.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from trending.matching.store import Hashes, Ints


@dataclass(frozen=True)
class Edges:
    """Evidence that two rows are one work, strongest first. `by_id` says which comes from an identifier."""

    left: Ints
    right: Ints
    by_id: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Apart:
    """Pairs of rows that evidence other than an identifier must not bring together."""

    left: Ints
    right: Ints


@dataclass(frozen=True)
class RowIds:
    """Identifiers: one entry per row and scheme."""

    row: Ints
    scheme: Ints
    value: Hashes


@dataclass
class _Cluster:
    """Which sources and which identifiers the rows joined so far have, and what they must be kept apart from."""

    rows: set[int]
    sources: set[int]
    ids: dict[int, int] = field(default_factory=dict)
    apart: set[int] = field(default_factory=set)

    def may_join(self, other: _Cluster, shared_source: int | None, by_id: bool) -> bool:
        """Say whether both together hold no contradiction; `shared_source` is the source of both rows of the pair, if it is one."""
        few, many = (self, other) if len(self.ids) <= len(other.ids) else (other, self)
        if any(many.ids.get(scheme, value) != value for scheme, value in few.ids.items()):
            return False
        return by_id or not ((self.sources & other.sources) - {shared_source} or self.apart & other.rows)

    def join(self, other: _Cluster) -> None:
        """Take over the rows of another cluster and what is known of them."""
        self.rows |= other.rows
        self.sources |= other.sources
        self.ids |= other.ids
        self.apart |= other.apart


def join_components(size: int, left: Ints, right: Ints) -> Ints:
    """Return the number of its connected component for each of `size` nodes."""
    links = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def find_clusters(size: int, edges: Edges, apart: Apart, source: Ints, ids: RowIds) -> Ints:
    """Return the cluster of each row, named by its lowest row.

    Components without any contradiction are works as they stand; only the others are joined pair by pair (which gives the same: see the tests).
    """
    component = join_components(size, edges.left, edges.right)
    doubtful = _find_doubtful(component, source, ids)
    within = component[apart.left] == component[apart.right]
    doubtful[component[apart.left[within]]] = True
    hard = doubtful[component]
    cluster = np.where(hard, np.arange(size), lowest_row(component)[component])
    clusters = {int(row): _Cluster({int(row)}, {int(source[row])}) for row in np.flatnonzero(hard)}
    at = np.flatnonzero(hard[ids.row])
    for row, scheme, value in zip(ids.row[at].tolist(), ids.scheme[at].tolist(), ids.value[at].tolist(), strict=True):
        clusters[row].ids[scheme] = value
    for one, other in zip(apart.left[within].tolist(), apart.right[within].tolist(), strict=True):
        clusters[one].apart.add(other)
        clusters[other].apart.add(one)
    at = np.flatnonzero(hard[edges.left])
    _join_by_force_of_evidence(clusters, edges.left[at].tolist(), edges.right[at].tolist(), edges.by_id[at].tolist(), source)
    for row, found in clusters.items():
        cluster[row] = min(found.rows)
    return cluster


def lowest_row(component: Ints) -> Ints:
    """Return the lowest row of each component."""
    lowest = np.full(int(component.max(initial=-1)) + 1, len(component), dtype=np.int64)
    np.minimum.at(lowest, component, np.arange(len(component)))
    return lowest


def _join_by_force_of_evidence(clusters: dict[int, _Cluster], left: list[int], right: list[int], by_id: list[bool], source: Ints) -> None:
    for one, other, certain in zip(left, right, by_id, strict=True):
        first, second = clusters[one], clusters[other]
        if first is second:
            continue
        shared_source = int(source[one]) if source[one] == source[other] else None
        if not first.may_join(second, shared_source, certain):
            continue
        if len(first.rows) < len(second.rows):
            first, second = second, first
        first.join(second)
        for row in second.rows:
            clusters[row] = first


def _find_doubtful(component: Ints, source: Ints, ids: RowIds) -> npt.NDArray[np.bool_]:
    """Say which components have two rows of one source, or two values of one scheme."""
    doubtful = np.zeros(int(component.max(initial=-1)) + 1, dtype=np.bool_)
    order = np.lexsort((source, component))
    repeated = (component[order][1:] == component[order][:-1]) & (source[order][1:] == source[order][:-1])
    doubtful[component[order][1:][repeated]] = True
    where = component[ids.row]
    order = np.lexsort((ids.value, ids.scheme, where))
    where, scheme, value = where[order], ids.scheme[order], ids.value[order]
    doubtful[where[1:][(where[1:] == where[:-1]) & (scheme[1:] == scheme[:-1]) & (value[1:] != value[:-1])]] = True
    return doubtful
