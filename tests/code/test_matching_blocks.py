"""Candidate pairs: who shares a key meets, and no block, however large, makes pairs grow faster than rows."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.matching.blocks import find_pairs, pair_up
from trending.matching.forms import read_title
from trending.matching.store import NO_YEAR, hash_texts

STEADY = settings(deadline=None, derandomize=True, max_examples=50)


@STEADY
@given(st.lists(st.integers(1, 6), max_size=30))
def test_rows_meet_exactly_if_they_share_a_key(keys: list[int]) -> None:
    left, right, large = pair_up(np.array(keys, dtype=np.uint64), np.arange(len(keys)), max_block=31)
    expected = {(one, other) for one, other in combinations(range(len(keys)), 2) if keys[one] == keys[other]}
    found = list(zip(left.tolist(), right.tolist(), strict=True))
    assert set(found) == expected
    assert len(found) == len(expected)
    assert not len(large)


def test_five_thousand_titles_of_one_name_give_few_pairs() -> None:
    rows = 5_000
    years = np.arange(rows) % 100 + 1900
    left, right = find_pairs(np.ones(rows, dtype=np.uint64), [], years, max_block=24)
    assert len(left) == 0  # 50 a year are too many to compare
    few = np.where(np.arange(rows) < 20, 1850, years)
    left, right = find_pairs(np.ones(rows, dtype=np.uint64), [], few, max_block=24)
    assert set(left.tolist()) | set(right.tolist()) == set(range(20))


def test_in_a_large_block_rows_a_year_apart_still_meet() -> None:
    years = np.array([*range(1900, 2000, 2), 1901, NO_YEAR, NO_YEAR])
    left, right = find_pairs(np.ones(len(years), dtype=np.uint64), [], years, max_block=24)
    assert set(zip(left.tolist(), right.tolist(), strict=True)) == {(0, 50), (1, 50), (51, 52)}


def test_rows_merely_alike_meet_only_if_their_years_may_be_the_same() -> None:
    key, years = np.ones(4, dtype=np.uint64), np.array([2000, 2001, 2002, NO_YEAR])
    found = [set(zip(*(side.tolist() for side in find_pairs(*keys, years, 24)), strict=True)) for keys in ((key, []), (key * 0, [key]))]
    assert found[0] - found[1] == {(0, 2)}
    assert len(found[0]) == 6


def test_no_key_joins_nothing() -> None:
    left, _ = find_pairs(np.zeros(5, dtype=np.uint64), [], np.full(5, 2000), max_block=24)
    assert len(left) == 0


def test_hashes_do_not_depend_on_the_run_and_none_is_nought() -> None:
    assert hash_texts(["Heat", None, "Heat", ""]).tolist()[0] == hash_texts(["Heat"]).tolist()[0]
    assert [value == 0 for value in hash_texts(["Heat", None, ""]).tolist()] == [False, True, False]
    assert hash_texts(["Heat"]).tolist() == [17_230_916_355_322_431_580]


def test_a_title_is_read_with_what_stands_in_brackets() -> None:
    office = read_title("The Office (US)")
    assert (office.key, office.country, office.year, office.article) == ("office", "US", None, "the")
    assert read_title("Poldark (2015)").year == 2015
    assert read_title("(2005)").year is None  # all there is of it
    assert read_title("Rocky II").compact == read_title("Rocky 2").compact
    assert read_title("Rocky II").numbers == "2"
    assert read_title("Spider-Man").compact == read_title("Spiderman").compact
    assert read_title("Interstelar").skeleton == read_title("Interstellar").skeleton
    assert read_title("Eggnoid: Love & Time Portal").main == read_title("Eggnoid").main


def test_no_title_breaks_the_reader() -> None:
    for title in ("!!!", ":", "義風堂々!! 兼続と慶次", " - ", "A", "(US)"):
        assert read_title(title).compact
