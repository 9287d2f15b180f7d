"""The trending score: which titles are ahead on a day, as a sum of six parts, each with a sentence a person can check by hand.

    score = level + surge + chart + reviews + rating + recency

| part | value | reads |
| --- | --- | --- |
| level | ln(latest rate / the typical title's), mean over sources, within +-7 | views; hours where a source gives that title no views |
| surge | 0.05 z, mean over sources; z = (x - median) / max(1.4826 MAD, 0.5) of log rates, within +-4 | the same, on up to 8 earlier weeks |
| chart | 0.5 (11 - rank) / 10, and 0.4 more in the first week in the top ten; the best of the sources | rank, latest week only |
| reviews | 0.25 ln(latest reviews / the typical title's), mean over sources, within +-7 | reviews |
| rating | 0.1 (shrunk mean - the source's mean), shrunk mean = (25 mean + n rating) / (25 + n), n ratings; mean over sources | rating, all of it |
| recency | -1.5 per whole week since the latest views, hours or rank | age of the rows |

A part without data is 0: what isn't known counts as typical. `rate` is the median daily rate of a week, and the level is that of a week
held within 4 sigma of its past, so one wild day or week moves a score by a bounded amount. Factors on a source's figures cancel out.

Sources. Median and MAD with 1.4826, and their z: Hampel, "The Influence Curve and Its Role in Robust Estimation" (JASA 69, 1974), and
Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993). Holding an outlier at a bound (winsorising): Huber, "Robust Statistics"
(1981). Bayesian-shrunk mean: Gelman et al., "Bayesian Data Analysis" (3rd ed., section 2.5), the normal mean with a prior worth 25
ratings. Weights of level, surge, chart and recency were chosen by hand on the first 80 % of weeks of Netflix's lists
(`benchmarks/trends_backtest.py`); those of reviews and rating, and the prior's 25, are conventions that nothing here has measured.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TypeVar

import pandas as pd

from trending.trends.series import WEEKS, Reading, compare_levels, read_series
from trending.trends.signals import select_known

SURGE = 0.05
CHART = 0.5
DEBUT = 0.4
REVIEWS = 0.25
RATING = 0.1
STALENESS = 1.5
PRIOR_RATINGS = 25.0
TOP = 10

_Key = tuple[str, str]
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Part:
    """One addend of a score, and why it is what it is."""

    name: str
    value: float
    sentence: str


@dataclass(frozen=True)
class TrendScore:
    """A title's score on a day: the sum of its parts."""

    title_key: str
    as_of: dt.date
    score: float
    parts: tuple[Part, ...]


def score_titles(signals: pd.DataFrame, as_of: dt.date) -> list[TrendScore]:
    """Score every title with views, hours, a rank or reviews in the nine weeks before `as_of`, best first (the formula is the module's).

    Args:
        signals: Rows with `trending.trends.signals.COLUMNS`, in any order, of one list of titles that compete.
        as_of: Rows whose period ends later are never read.

    Raises:
        InputError: A row known by then can't be true: no number, negative, outside its kind's range, or there twice.
    """
    known = select_known(signals, as_of)
    kinds = {str(kind): rows for kind, rows in known.groupby("kind")}
    none = known.iloc[:0]
    views, hours = (read_series(kinds.get(kind, none)) for kind in ("views", "hours"))
    demand = _by_title({**_compare(hours, "hours"), **_compare(views, "views")})
    reviews = _by_title(compare_levels(read_series(kinds.get("reviews", none))))
    charts = _by_title(_read_charts(kinds.get("rank", none)))
    ratings = _by_title(_shrink_ratings(kinds.get("rating", none)))
    scores = []
    for title in {*demand, *charts, *reviews}:
        own, places = demand.get(title, []), charts.get(title, [])
        parts = (
            _level(own),
            _surge(own),
            _chart(places),
            _reviews(reviews.get(title, [])),
            _rating(ratings.get(title, [])),
            _recency([one.reading.age for one in own] + [place.age for place in places]),
        )
        scores.append(TrendScore(title, as_of, math.fsum(part.value for part in parts), parts))
    return sorted(scores, key=lambda one: (-one.score, one.title_key))


@dataclass(frozen=True)
class _Demand:
    reading: Reading
    level: float
    kind: str


@dataclass(frozen=True)
class _Place:
    rank: int
    weeks: int
    age: int


def _by_title(values: dict[_Key, _Value]) -> dict[str, list[_Value]]:
    grouped: dict[str, list[_Value]] = defaultdict(list)
    for (title, _), value in values.items():
        grouped[title].append(value)
    return dict(grouped)


def _compare(readings: dict[_Key, Reading], kind: str) -> dict[_Key, _Demand]:
    levels = compare_levels(readings)
    return {key: _Demand(reading, levels[key], kind) for key, reading in readings.items()}


def _read_charts(rows: pd.DataFrame) -> dict[_Key, _Place]:
    listed = rows[rows["value"] <= TOP]
    weeks: dict[_Key, dict[int, float]] = defaultdict(dict)
    for title, source, age, rank in zip(listed["title_key"], listed["source"], listed["age"], listed["value"], strict=True):
        weeks[title, source][age] = min(rank, weeks[title, source].get(age, rank))
    return {key: _Place(int(ranks[min(ranks)]), len(ranks), min(ranks)) for key, ranks in weeks.items() if min(ranks) <= WEEKS}


def _shrink_ratings(rows: pd.DataFrame) -> dict[_Key, tuple[float, float]]:
    """Return, per title and source, the shrunk mean less the source's mean, and the number of ratings."""
    own: dict[_Key, list[tuple[float, float]]] = defaultdict(list)
    pooled: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for title, source, value, count in zip(rows["title_key"], rows["source"], rows["value"], rows["weight"], strict=True):
        own[title, source].append((value, count))
        pooled[source].append((value, count))
    means = {source: _weigh(pairs)[0] for source, pairs in pooled.items()}
    shrunk = {}
    for key, pairs in own.items():
        mean, count = _weigh(pairs)
        shrunk[key] = (count * (mean - means[key[1]]) / (PRIOR_RATINGS + count), count)
    return shrunk


def _weigh(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    count = math.fsum(count for _, count in pairs)
    return math.fsum(value * count for value, count in pairs) / count, count


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _level(own: list[_Demand]) -> Part:
    if not own:
        return Part("level", 0.0, "no recent views or hours")
    value = _mean([one.level for one in own])
    return Part("level", value, f"{math.exp(value):.3g} times the typical title's {_name_kinds(own)}")


def _surge(own: list[_Demand]) -> Part:
    compared = [one for one in own if one.reading.weeks]
    if not compared:
        return Part("surge", 0.0, "no earlier weeks to compare with")
    sigmas = _mean([one.reading.sigmas for one in compared])
    weeks = max(one.reading.weeks for one in compared)
    past = "one earlier week's" if weeks == 1 else f"the last {weeks} weeks'"
    return Part("surge", SURGE * sigmas, f"{'down' if sigmas < 0 else 'up'} {abs(sigmas):.1f} sigma on {past} {_name_kinds(compared)}")


def _name_kinds(own: list[_Demand]) -> str:
    return " or ".join(sorted({one.kind for one in own}, reverse=True))


def _chart(places: list[_Place]) -> Part:
    current = [(CHART * (TOP + 1 - place.rank) / TOP + DEBUT * (place.weeks == 1), place) for place in places if not place.age]
    if not current:
        return Part("chart", 0.0, "not in the top ten now")
    value, place = max(current, key=lambda pair: (pair[0], pair[1].weeks))
    return Part("chart", value, f"{_ordinal(place.weeks)} week in the top ten, at number {place.rank}")


def _reviews(levels: list[float]) -> Part:
    if not levels:
        return Part("reviews", 0.0, "no recent reviews")
    value = _mean(levels)
    return Part("reviews", REVIEWS * value, f"{math.exp(value):.3g} times the typical title's reviews")


def _rating(shrunk: list[tuple[float, float]]) -> Part:
    if not shrunk:
        return Part("rating", 0.0, "no ratings")
    value, count = _mean([value for value, _ in shrunk]), math.fsum(count for _, count in shrunk)
    return Part("rating", RATING * value, f"rated {abs(value):.2f} {'below' if value < 0 else 'above'} the mean, by {count:.0f}, shrunk by {PRIOR_RATINGS:.0f}")


def _recency(ages: list[int]) -> Part:
    age = min(ages, default=0)
    sentence = "seen in the latest week" if not age else f"last seen {age} week{'s' * (age > 1)} before the latest"
    return Part("recency", -STALENESS * age, sentence if ages else "never seen but in reviews")


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
