"""The facts of a data version: plain figures that fit in JSON, without a row, a plot or a review of the data itself.

The one exception is the list of what is trending, which names titles.
"""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TypeCounts(_Facts):
    """Rows by type of title."""

    movie: int = 0
    tv: int = 0

    @property
    def all(self) -> int:
        """Both types together."""
        return self.movie + self.tv


class Spread(_Facts):
    """How `n` values lie: mean, and quantiles 0, 1/4, 1/2, 3/4 and 1, linearly interpolated."""

    n: int
    mean: float
    low: float
    lower: float
    median: float
    upper: float
    high: float


class Histogram(_Facts):
    """Counts in bins of equal width from 0; the last bin also holds everything above it."""

    width: float
    counts: list[int]


class Counted(_Facts):
    """How often values occur: rows that have one, how many there are, and the commonest with their rows."""

    known: int = 0
    distinct: int = 0
    top: dict[str, int] = {}


class SourceRows(_Facts):
    """Titles of one source under one rights class."""

    source: str
    rights_class: str
    rows: int
    types: TypeCounts
    first_year: int | None
    last_year: int | None


class Leak(_Facts):
    """Plots of one source that were read for words that name a genre, and how many hold one."""

    source: str
    plots: int
    read: int
    naming: int


class SharedPlots(_Facts):
    """Plot texts (letters and digits of the first 240) that stand under several different titles."""

    texts: int = 0
    rows: int = 0
    most: int = 0


class TitleFacts(_Facts):
    """Titles: what there is, what is missing, and how it is spread."""

    rows: int
    groups: int
    types: TypeCounts
    sources: list[SourceRows]
    decades: dict[int, TypeCounts]
    missing: dict[str, dict[str, int]]  # source -> column -> rows without a value
    genres: dict[str, TypeCounts]
    genre_pairs: list[list[int]]  # 20 x 20 in the order of GENRES: titles that have both; the diagonal: titles that have it
    genres_per_title: dict[int, int]
    plot_chars: dict[str, Spread]  # by source
    plot_histogram: Histogram
    leaks: list[Leak]
    shared_plots: SharedPlots
    ratings: dict[str, Spread]  # by source
    rating_histogram: Histogram
    votes: dict[str, Spread]  # by source
    languages: Counted
    countries: Counted


class OverlapFacts(_Facts):
    """Works that sources share: `shared[i][j]` have a row in both `sources[i]` and `sources[j]`; the diagonal: in that source."""

    works: int
    in_several: int
    sources: list[str]
    shared: list[list[int]]
    evidence: dict[str, int]  # how rows were matched -> rows


class ReviewSource(_Facts):
    """Reviews of one source."""

    source: str
    rows: int
    titles: int
    first: dt.date | None
    last: dt.date | None
    spoilers: int
    spoiler_unknown: int


class ReviewFacts(_Facts):
    """Reviews: how many, of how many titles by how many authors, and how scores and lengths are spread."""

    rows: int
    titles: int
    authors: int
    sources: list[ReviewSource]
    ratings: dict[str, Spread]  # by source
    rating_histogram: Histogram
    chars: dict[str, Spread]  # by source
    char_histogram: Histogram
    per_title: Spread | None
    languages: Counted


class SignalSeries(_Facts):
    """The signals of one source and kind."""

    source: str
    kind: str
    rows: int
    titles: int
    markets: int
    first: dt.date
    last: dt.date  # the last day of the last period
    median: float


class SignalFacts(_Facts):
    """Popularity signals."""

    rows: int
    titles: int
    series: list[SignalSeries]
    markets: Counted


class Trending(_Facts):
    """A title that is trending, with why."""

    type: str
    rank: int
    title: str
    score: float
    sentences: list[str]


class TrendFacts(_Facts):
    """What is trending: the first ten of each type."""

    rows: int
    as_of: dt.date | None
    top: list[Trending]


class Refused(_Facts):
    """Rows in quarantine for one reason."""

    source: str
    kind: str
    reason: str
    rows: int


class EdaFacts(_Facts):
    """All facts of a data version."""

    titles: TitleFacts
    overlap: OverlapFacts
    reviews: ReviewFacts
    signals: SignalFacts
    trends: TrendFacts
    quarantine: list[Refused]
    identifiers: dict[str, int]  # scheme -> titles that have one
