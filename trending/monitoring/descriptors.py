"""A plot and what a model says of it, as one flat row of numbers: what monitoring keeps instead of texts.

Rows of releases, of new titles and of what users write have the same columns, so that any two sets of them can be compared.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from trending.features.labels import FloatMatrix, encode_genres
from trending.genres import GENRES
from trending.insights.scorer import ReviewScorer

# Of characters: all but ASCII, digits, upper case. Of words: those that no reviewer uses (the vocabulary of the review scorer), so names and other languages.
TEXT_COLUMNS = ("characters", "words", "characters a word", "share non-ASCII", "share digits", "share upper case", "share unknown words")
FACT_COLUMNS = ("is TV", "decade", "is English")
PROBABILITY_COLUMNS = tuple(f"probability {genre}" for genre in GENRES)
PREDICTION_COLUMNS = ("genres predicted", "top probability", "entropy", *PROBABILITY_COLUMNS)
LABEL_COLUMNS = tuple(f"label {genre}" for genre in GENRES)
COLUMNS = (*TEXT_COLUMNS, *FACT_COLUMNS, *PREDICTION_COLUMNS, *LABEL_COLUMNS)
YES_OR_NO = frozenset({"is TV", "is English", *LABEL_COLUMNS})
UNKNOWN = math.nan
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def describe_text(text: str) -> tuple[float, ...]:
    """Return the `TEXT_COLUMNS` of a text; shares of nothing are 0."""
    knows = ReviewScorer.load().knows
    words = _WORD.findall(text)
    length, count = len(text) or 1, len(words) or 1
    return (
        float(len(text)),
        float(len(words)),
        sum(map(len, words)) / count,
        1 - len(text.encode("ascii", "ignore")) / length if text else 0.0,
        sum(map(str.isdigit, text)) / length,
        sum(map(str.isupper, text)) / length,
        sum(not knows(word.lower().replace("\u2019", "'")) for word in words) / count,
    )


def describe_facts(kind: str | None, year: float | None, language: str | None = None) -> tuple[float, ...]:
    """Return the `FACT_COLUMNS` of a title; NaN is what isn't known."""
    return (
        float(kind == "tv") if isinstance(kind, str) else UNKNOWN,
        float(int(year) // 10 * 10) if year is not None and not math.isnan(year) else UNKNOWN,
        float(language == "en") if isinstance(language, str) else UNKNOWN,
    )


def describe_predictions(probabilities: FloatMatrix, predicted: npt.ArrayLike) -> FloatMatrix:
    """Return the `PREDICTION_COLUMNS`, shape (n, 23); entropy is that of a genre in bits, averaged over genres.

    Args:
        probabilities: Shape (n, 20).
        predicted: How many genres of each were predicted, shape (n,); NaN where thresholds aren't known.
    """
    sure = np.clip(probabilities, 1e-12, 1 - 1e-12)
    entropy = -(sure * np.log2(sure) + (1 - sure) * np.log2(1 - sure)).mean(axis=1)
    return np.column_stack([np.asarray(predicted, dtype=np.float64), probabilities.max(axis=1), entropy, probabilities])


def describe_labels(genres: Iterable[Sequence[str] | None]) -> FloatMatrix:
    """Return the `LABEL_COLUMNS`, shape (n, 20); NaN for titles that list no genre."""
    listed = [[] if names is None else list(names) for names in genres]
    labels = encode_genres(listed).astype(np.float64)
    labels[[not names for names in listed]] = UNKNOWN
    return labels


def describe_rows(titles: pd.DataFrame, probabilities: FloatMatrix, predicted: npt.ArrayLike | None = None) -> pd.DataFrame:
    """Return a row of `COLUMNS` per title.

    Args:
        titles: `plot` (never missing), `type`, `year`, `language`, `genres`; n rows.
        probabilities: Calibrated, shape (n, 20).
        predicted: How many genres were predicted for each; None if thresholds aren't known.
    """
    known = titles[["type", "year", "language"]].astype({"year": "float64"})
    counts = np.full(len(titles), UNKNOWN) if predicted is None else predicted
    matrix = np.column_stack(
        [
            np.array([describe_text(plot) for plot in titles["plot"]]).reshape(len(titles), len(TEXT_COLUMNS)),
            np.array([describe_facts(*row) for row in known.itertuples(index=False)]).reshape(len(titles), len(FACT_COLUMNS)),
            describe_predictions(np.asarray(probabilities, dtype=np.float64).reshape(len(titles), len(GENRES)), counts),
            describe_labels(titles["genres"]),
        ]
    )
    return pd.DataFrame(matrix, columns=list(COLUMNS))
