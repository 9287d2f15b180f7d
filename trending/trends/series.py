"""One title's weekly series of one source and kind, read robustly: where it stands, and how far that is from its own past.

Everything is in natural logarithms of a daily rate, so a constant factor on a source's figures cancels out. Scoring is in `score`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

WEEKS = 8
SIGMA_CAP = 4.0
SIGMA_FLOOR = 0.5
LOG_CAP = 7.0
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Reading:
    """The latest week of a series beside the weeks before it."""

    level: float
    """Logarithm of the latest rate, held within `SIGMA_CAP` sigma of the earlier median; minus infinity for none at all."""
    sigmas: float
    """Robust z of the latest week, within `SIGMA_CAP`; 0 without earlier weeks."""
    weeks: int
    """How many earlier weeks it was compared with."""
    age: int
    """Whole weeks since the latest week ended."""


def read_series(rows: pd.DataFrame) -> dict[tuple[str, str], Reading]:
    """Read every series of one kind.

    A week's rate is the median of its rows' daily rates, so one wild day among daily counts changes little. A week without rows is
    unknown, not zero. A week of zeros has no logarithm: it isn't compared with.

    Args:
        rows: Known signals of one kind with `age`.

    Returns:
        A reading per title and source with a row in the latest `WEEKS` + 1 weeks.
    """
    recent = rows[rows["age"] <= WEEKS]
    days: dict[tuple[str, str], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    rates = recent["value"].astype(float) / recent["days"]
    for title, source, age, rate in zip(recent["title_key"], recent["source"], recent["age"], rates, strict=True):
        days[title, source][age].append(rate)
    return {key: _read({age: float(np.median(rates)) for age, rates in weeks.items()}) for key, weeks in days.items()}


def _read(weeks: dict[int, float]) -> Reading:
    age = min(weeks)
    latest = math.log(weeks[age]) if weeks[age] else -math.inf
    earlier = np.log([rate for week, rate in weeks.items() if week > age and rate])
    if not earlier.size:
        return Reading(level=latest, sigmas=0.0, weeks=0, age=age)
    middle = float(np.median(earlier))
    sigma = max(_MAD_TO_SIGMA * float(np.median(np.abs(earlier - middle))), SIGMA_FLOOR)
    sigmas = min(max((latest - middle) / sigma, -SIGMA_CAP), SIGMA_CAP)
    return Reading(level=middle + sigmas * sigma, sigmas=sigmas, weeks=earlier.size, age=age)


def compare_levels(readings: dict[tuple[str, str], Reading]) -> dict[tuple[str, str], float]:
    """Return each reading's level less the median level of its source, within `LOG_CAP`: 0 is typical, log 2 is twice the typical."""
    by_source: dict[str, list[float]] = defaultdict(list)
    for (_, source), reading in readings.items():
        if math.isfinite(reading.level):
            by_source[source].append(reading.level)
    typical = {source: float(np.median(levels)) for source, levels in by_source.items()}
    return {key: min(max(reading.level - typical.get(key[1], 0.0), -LOG_CAP), LOG_CAP) for key, reading in readings.items()}
