"""The starter's synopses were written for it: no two are nearly the same, and none repeats a run of words from the shared data."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

from trending.cleaning.clean import CleaningResult

WORD = re.compile(r"[^\W_]+")
NEAR, COPIED = 5, 8


def runs(text: str, length: int) -> Iterator[tuple[str, ...]]:
    words = WORD.findall(text.casefold().replace("'", "").replace("\u2019", ""))
    return zip(*(words[start:] for start in range(length)), strict=False)


def shares(plots: list[str]) -> dict[tuple[int, int], float]:
    """Share of the shorter plot's runs that the other holds too, for pairs that share any."""
    sets = [set(runs(plot, NEAR)) for plot in plots]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, found in enumerate(sets):
        for run in found:
            holders[run].append(number)
    common = Counter(pair for numbers in holders.values() for pair in combinations(numbers, 2))
    return {(one, other): count / min(len(sets[one]), len(sets[other])) for (one, other), count in common.items()}


def repeating(ours: list[str], theirs: list[str]) -> list[int]:
    """Which of our texts share a run of words with any of theirs."""
    holders: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for number, plot in enumerate(ours):
        for run in runs(plot, COPIED):
            holders[run].add(number)
    return sorted({number for plot in theirs for run in runs(plot, COPIED) if run in holders for number in holders[run]})


@pytest.fixture(scope="module")
def theirs(shared_data: Path) -> list[str]:
    """Every plot of the shared data."""
    plots: list[str] = pd.read_parquet(shared_data / "titles.parquet", columns=["plot"])["plot"].dropna().tolist()
    assert len(plots) > 10_000
    return plots


@pytest.fixture(scope="module")
def plots(starter: CleaningResult) -> list[str]:
    """All synopses."""
    return starter.titles["plot"].tolist()


def test_no_two_synopses_are_nearly_the_same(plots: list[str], starter: CleaningResult) -> None:
    names = starter.titles["title"].tolist()
    assert [(names[one], names[other]) for (one, other), share in shares(plots).items() if share >= 0.6] == []


def test_a_lightly_edited_copy_would_be_noticed(plots: list[str]) -> None:
    words = plots[5].split()
    edited = " ".join([*words[:-4], "quite", "another", "ending"])
    assert shares([*plots, edited])[5, len(plots)] >= 0.6


def test_no_synopsis_repeats_eight_words_of_the_shared_data(plots: list[str], starter: CleaningResult, theirs: list[str]) -> None:
    names = starter.titles["title"].tolist()
    assert [names[number] for number in repeating(plots, theirs)] == []


def test_a_copied_clause_would_be_noticed(plots: list[str], theirs: list[str]) -> None:
    """Taken from the shared data at run time, in other letters and with other punctuation, inside a synopsis of ours."""
    words = next(plot for plot in theirs if len(set(plot.split())) > 30).split()[4:16]
    assert repeating([*plots, f"{plots[0]} {', '.join(words).upper()} {plots[1]}"], theirs) == [len(plots)]
