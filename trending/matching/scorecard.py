"""How likely two rows are one work: points, which are natural log-odds, summed over title, year, plot and source (Fellegi and Sunter, JASA 64, 1969).

The weights are a logistic regression's on the tuning half of pairs whose truth is known (see benchmarks/matching_quality.py), rounded by hand and
rid of what was noise. Where the halves had nothing to say (sequels, countries in brackets) they follow from what the evidence means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from trending.errors import UsageError
from trending.matching.forms import TitleColumns
from trending.matching.store import NO_YEAR, Ints
from trending.matching.words import PlotWords

Points = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

BASE = 3.4  # same title, type and year in two sources
ONE_WORD, LONG_TITLE = -1.0, 1.8  # "Home" is many films, a title of three words or more rarely is
ARTICLE_DIFFERS = -2.5  # "Wind" and "The Wind"
SPELLING, SIMILAR, MAIN_ONLY, OTHER_TITLE = -0.5, -3.0, -3.5, -5.0
NUMBERS_DIFFER, COUNTRY_MISSING, COUNTRIES_DIFFER = -5.0, -1.0, -9.0
YEAR_APART, YEAR_UNKNOWN, YEARS_APART, ERAS_APART = -2.3, -2.3, -5.5, -8.5
NOTHING_SHARED, SOME_SHARED, MUCH_SHARED, SAME_PLOT = -2.2, 1.4, 2.0, 5.0
SAME_SOURCE = -5.2  # a source lists a work once, or by mistake twice with one plot
RIVALS = -2.0  # the other source has several such titles
LEAST_LIKELY = 0.0  # below, two rows are more likely two works than one, and no third row may bring them together

_ERA = 5  # years: a film's remake may keep its plot's wording, a show's year may be that of its latest season
_LONG_PLOT = 8  # words: two such plots of one work rarely have none in common
_SOME, _MUCH, _NEARLY_ALL = 0.15, 0.4, 0.8  # of the shorter plot's words
_SIMILAR = 90.0  # rapidfuzz ratio of compact titles
_MIN_SIMILAR = 8  # letters


@dataclass(frozen=True)
class MatchSettings:
    """What can be set about matching.

    Attributes:
        threshold: Least probability at which rows are joined.
        max_block: Rows under one key that are all compared with each other.
    """

    threshold: float = 0.9
    max_block: int = 24

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: If the threshold isn't between 0 and 1, or a block has no room for a pair.
        """
        if not 0 < self.threshold < 1:
            raise UsageError(f"threshold {self.threshold} is not between 0 and 1", where="matching")
        if self.max_block < 2:
            raise UsageError(f"max_block {self.max_block} leaves no pair", where="matching", mend="use 2 or more")


@dataclass(frozen=True)
class Rows:
    """What is known of all rows, as arrays by row number; `film` says which are films."""

    titles: TitleColumns
    source: Ints
    film: Flags


@dataclass(frozen=True)
class Scored:
    """Pairs with their points and what spoke for them: bits of `TITLE`, `LIKE_TITLE`, `YEAR`, `PLOT`."""

    left: Ints
    right: Ints
    points: Points
    evidence: npt.NDArray[np.int8]


TITLE, LIKE_TITLE, YEAR, PLOT = 1, 2, 4, 8
_NAMES = {TITLE: "title", LIKE_TITLE: "like-title", YEAR: "year", PLOT: "plot"}


def name_evidence(bits: int) -> str:
    """Return the name of a combination of evidence: "title+year+plot"."""
    return "+".join(name for bit, name in _NAMES.items() if bits & bit)


def to_probability(points: Points) -> Points:
    """Return log-odds as probabilities."""
    return np.asarray(1 / (1 + np.exp(-points)))


def score_pairs(left: Ints, right: Ints, rows: Rows, plots: PlotWords, rivals: Flags, threads: int) -> Scored:
    """Score pairs of rows of one type.

    Args:
        left: Row of the first of each pair.
        right: Row of the second.
        rows: All rows.
        plots: The words of their plots.
        rivals: Which pairs have rivals (see `find_rivals`).
        threads: Threads to compare titles with.

    Returns:
        Those of the pairs that could be one work by title or by plot; the others have neither, and are passed over.
    """
    plot_points, shared = _score_plots(left, right, plots)
    same = (rows.titles.compact[left] == rows.titles.compact[right]) | (plot_points >= MUCH_SHARED)
    at = np.flatnonzero(same)
    left, right, plot_points = left[at], right[at], plot_points[at]
    title_points, exact, alike = _score_titles(left, right, rows, threads)
    year_points, years_agree = _score_years(left, right, rows)
    same_source = rows.source[left] == rows.source[right]
    rivalled = rivals[at] & (plot_points < MUCH_SHARED)
    points = BASE + title_points + year_points + plot_points + SAME_SOURCE * same_source + RIVALS * rivalled
    evidence = TITLE * exact + LIKE_TITLE * (alike & ~exact) + YEAR * years_agree + PLOT * shared[at]
    return Scored(left, right, points, evidence.astype(np.int8))


def find_rivals(left: Ints, right: Ints, rows: Rows) -> Flags:
    """Say which pairs are not the only ones: one of their rows has another counterpart of that title and year in the same other source."""
    year_gap = np.abs(rows.titles.year[left] - rows.titles.year[right])
    close = (rows.titles.key[left] == rows.titles.key[right]) & (year_gap <= 1)
    width = int(rows.source.max(initial=0)) + 1
    rivals = np.zeros(len(left), dtype=np.bool_)
    at = np.flatnonzero(close & (rows.source[left] != rows.source[right]))
    for one, other in ((left[at], right[at]), (right[at], left[at])):
        _, place, count = np.unique(one * width + rows.source[other], return_inverse=True, return_counts=True)
        rivals[at] |= count[place] > 1
    return rivals


def _score_titles(left: Ints, right: Ints, rows: Rows, threads: int) -> tuple[Points, Flags, Flags]:
    """Return points, whether titles are the same, and whether they are at least much alike."""
    from rapidfuzz import fuzz
    from rapidfuzz.process import cpdist

    titles = rows.titles
    exact = titles.key[left] == titles.key[right]
    same = exact | (titles.compact[left] == titles.compact[right])
    points = np.where(exact, 0.0, SPELLING)
    words = np.minimum(titles.words[left], titles.words[right])
    points += same * (ONE_WORD * (words == 1) + LONG_TITLE * (words >= 3) + ARTICLE_DIFFERS * (titles.article[left] != titles.article[right]))
    alike = same.copy()
    unlike = np.flatnonzero(~same)
    if len(unlike):
        one, other = (titles.text.take(side[unlike]) for side in (left, right))
        ratio = cpdist(one.to_pylist(), other.to_pylist(), scorer=fuzz.ratio, score_cutoff=_SIMILAR, workers=threads)
        long_enough = np.minimum(pc.utf8_length(one).to_numpy(), pc.utf8_length(other).to_numpy()) >= _MIN_SIMILAR
        main = (titles.main[left[unlike]] != 0) & (titles.main[left[unlike]] == titles.main[right[unlike]])
        similar = (ratio >= _SIMILAR) & long_enough
        points[unlike] = np.where(similar, SIMILAR, np.where(main, MAIN_ONLY, OTHER_TITLE))
        points[unlike] += NUMBERS_DIFFER * (titles.numbers[left[unlike]] != titles.numbers[right[unlike]])
        alike[unlike] = similar | main
    one_country, other_country = titles.country[left], titles.country[right]
    differ = one_country != other_country
    points += np.where(differ & (one_country != 0) & (other_country != 0), COUNTRIES_DIFFER, COUNTRY_MISSING * differ)
    return points, exact, alike


def _score_years(left: Ints, right: Ints, rows: Rows) -> tuple[Points, Flags]:
    one, other = rows.titles.year[left], rows.titles.year[right]
    unknown = (one == NO_YEAR) | (other == NO_YEAR)
    gap = np.abs(one - other)
    far = np.where(rows.film[left] & (gap > _ERA), ERAS_APART, YEARS_APART)
    points = np.where(unknown, YEAR_UNKNOWN, np.where(gap == 0, 0.0, np.where(gap == 1, YEAR_APART, far)))
    return points, ~unknown & (gap <= 1)


def _score_plots(left: Ints, right: Ints, plots: PlotWords) -> tuple[Points, Flags]:
    points, evident = np.zeros(len(left)), np.zeros(len(left), dtype=np.bool_)
    known = np.flatnonzero(plots.known(left, right))
    if not len(known):
        return points, evident
    shared, shorter, production = plots.compare(left[known], right[known])
    part = shared / np.maximum(shorter, 1)
    silent = (shared == 0) & (shorter >= _LONG_PLOT) & ~production
    levels = [(shared >= 5) & (part >= _NEARLY_ALL), (shared >= 3) & (part >= _MUCH), part >= _SOME, silent]
    points[known] = np.select(levels, [SAME_PLOT, MUCH_SHARED, SOME_SHARED, NOTHING_SHARED], 0.0)
    evident[known] = part >= _SOME
    return points, evident
