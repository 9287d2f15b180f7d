"""Clusters: the strongest evidence joins first, and what joins never contradicts itself, directly or through others."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.matching.clusters import Apart, Edges, RowIds, find_clusters

STEADY = settings(deadline=None, derandomize=True, max_examples=100)
_ROWS = 8
_PAIR = st.tuples(st.integers(0, _ROWS - 1), st.integers(0, _ROWS - 1)).filter(lambda pair: pair[0] != pair[1])


def cluster(
    pairs: list[tuple[int, int]],
    sources: list[int],
    *,
    ids: list[tuple[int, int, int]] | None = None,
    apart: list[tuple[int, int]] | None = None,
    by_id: int = 0,
) -> list[int]:
    """Return the cluster of each row; the first `by_id` pairs are from identifiers, `ids` are (row, scheme, value)."""
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    away = tuple(np.array([pair[side] for pair in apart or []], dtype=np.int64) for side in (0, 1))
    row, scheme, value = (np.array([one[place] for one in ids or []], dtype=np.int64) for place in (0, 1, 2))
    edges = Edges(left, right, np.arange(len(pairs)) < by_id)
    found = find_clusters(len(sources), edges, Apart(*away), np.array(sources), RowIds(row, scheme, value.astype(np.uint64)))
    return [int(one) for one in found]


def test_a_chain_of_sources_is_one_work() -> None:
    assert cluster([(0, 1), (1, 2)], [0, 1, 2, 3]) == [0, 0, 0, 3]


def test_two_rows_of_one_source_are_not_joined_through_a_third() -> None:
    assert cluster([(0, 1), (1, 2)], [0, 1, 0]) == [0, 0, 2]
    assert cluster([(1, 2), (0, 1)], [0, 1, 0]) == [0, 1, 1]  # the stronger comes first


def test_repeats_in_one_source_are_joined() -> None:
    assert cluster([(0, 1), (1, 2)], [0, 0, 1]) == [0, 0, 0]


def test_an_identifier_joins_rows_of_one_source() -> None:
    assert cluster([(0, 1), (1, 2)], [0, 1, 0], by_id=2) == [0, 0, 0]


def test_conflicting_identifiers_are_not_joined_even_through_a_third() -> None:
    assert cluster([(0, 1), (1, 2)], [0, 1, 2], ids=[(0, 0, 7), (2, 0, 8)]) == [0, 0, 2]
    assert cluster([(0, 1), (1, 2)], [0, 1, 2], ids=[(0, 0, 7), (2, 0, 8)], by_id=2) == [0, 0, 2]
    assert cluster([(0, 1), (1, 2)], [0, 1, 2], ids=[(0, 0, 7), (2, 1, 8)]) == [0, 0, 0]  # of two schemes: no conflict


def test_an_unlikely_pair_is_not_joined_through_a_third_unless_by_an_identifier() -> None:
    assert cluster([(0, 1), (1, 2)], [0, 1, 2], apart=[(0, 2)]) == [0, 0, 2]
    assert cluster([(0, 1), (1, 2)], [0, 1, 2], apart=[(0, 2)], by_id=2) == [0, 0, 0]


@STEADY
@given(
    st.lists(_PAIR, max_size=12),
    st.lists(st.integers(0, 3), min_size=_ROWS, max_size=_ROWS),
    st.dictionaries(st.tuples(st.integers(0, _ROWS - 1), st.integers(0, 1)), st.integers(1, 2)),
    st.lists(_PAIR, max_size=2),
    st.integers(0, 3),
)
def test_no_cluster_contradicts_itself(
    pairs: list[tuple[int, int]], sources: list[int], values: dict[tuple[int, int], int], apart: list[tuple[int, int]], by_id: int
) -> None:
    found = cluster(pairs, sources, ids=[(row, scheme, value) for (row, scheme), value in values.items()], apart=apart, by_id=by_id)
    for (one, scheme), value in values.items():
        assert all(values.get((other, scheme), value) == value for other in range(_ROWS) if found[other] == found[one])
    if not by_id:
        assert all(found[one] != found[other] for one, other in apart)


@STEADY
@given(st.lists(_PAIR, max_size=12), st.lists(st.integers(0, 3), min_size=_ROWS, max_size=_ROWS))
def test_the_short_cut_for_components_without_contradiction_changes_nothing(pairs: list[tuple[int, int]], sources: list[int]) -> None:
    """A row apart from nothing in particular makes its component doubtful, and so joined pair by pair: the outcome is the same."""
    distinct = [source + 4 * place for place, source in enumerate(sources)]
    extra = [(left, _ROWS) for left in range(_ROWS)]  # the weakest edges lead to a row every other row must be kept from
    assert cluster(pairs + extra, [*distinct, 99], apart=extra)[:_ROWS] == cluster(pairs, distinct)
