"""Labels as a matrix: one row a title, one column a canonical genre."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from trending.genres import GENRE_INDEX, GENRES

IntMatrix = npt.NDArray[np.int8]
FloatMatrix = npt.NDArray[np.float64]


def encode_genres(genres: Iterable[Sequence[str]]) -> IntMatrix:
    """Return an array of 0 and 1, shape (n titles, 20), columns in the order of `GENRES`."""
    rows = [[GENRE_INDEX[name] for name in row] for row in genres]
    matrix = np.zeros((len(rows), len(GENRES)), dtype=np.int8)
    for index, row in enumerate(rows):
        matrix[index, row] = 1
    return matrix
