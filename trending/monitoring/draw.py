"""Which rows of an hour may still be in its random sample, decided as they come: the others needn't be encoded, handed on or described."""

from __future__ import annotations

import heapq
import random

MAX_SAMPLE = 500  # rows of an hour and a writer


class Draw:
    """Gives rows random keys; of n rows, those whose keys are among the `MAX_SAMPLE` smallest so far are some 500 (1 + ln(n / 500)).

    Attributes:
        passed: Rows that can't be in the sample any more, and nobody was told of yet.
    """

    def __init__(self) -> None:
        """Begin an hour."""
        self.passed = 0
        self._negated: list[float] = []  # the greatest key first

    @property
    def bound(self) -> float:
        """What no key in the sample is above; 1 as long as all rows are in it."""
        return -self._negated[0] if len(self._negated) == MAX_SAMPLE else 1.0

    def draw(self, rows: int) -> dict[int, float]:
        """Return the keys of those of so many rows that may be in the sample, by their number."""
        drawn = {}
        for number in range(rows):
            key = random.random()  # noqa: S311 - a sample has to be random, not secret
            if len(self._negated) < MAX_SAMPLE:
                heapq.heappush(self._negated, -key)
            elif key < -self._negated[0]:
                heapq.heapreplace(self._negated, -key)
            else:
                continue
            drawn[number] = key
        self.passed += rows - len(drawn)
        return drawn

    def forget(self) -> int:
        """Draw as at the beginning: what was drawn is another sample's, with which the next one is merged. Returns how many rows are in neither."""
        lost, self.passed, self._negated = self.passed, 0, []
        return lost
