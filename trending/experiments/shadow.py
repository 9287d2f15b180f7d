"""The shadow: questions that control has answered are put to the treatment too, in one thread behind the service's back, and the answers compared.

Nobody waits for it and nobody sees its answers. When it can't keep up, questions are left out.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING

from trending.experiments.tallies import Tallies, Totals

if TYPE_CHECKING:
    from trending.answers import PredictAnswer
    from trending.predictions import Prediction
    from trending.service.service import TitleService

WAITING = 100
_Question = tuple[str | None, "Callable[[TitleService], PredictAnswer]", "PredictAnswer"]


class Shadow:
    """Asks the treatment what control was asked."""

    def __init__(self, lend: Callable[[], AbstractContextManager[TitleService]], tallies: Tallies) -> None:
        """Take what lends the treatment, and where the outcome goes."""
        self.left_out = 0
        self._lend = lend
        self._tallies = tallies
        self._waiting: queue.Queue[_Question | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._work, name="experiment-shadow", daemon=True)
        self._thread.start()

    def submit(self, unit: str | None, ask: Callable[[TitleService], PredictAnswer], answered: PredictAnswer) -> None:
        """Put a question in the queue, or leave it out if that is full."""
        try:
            self._waiting.put_nowait((unit, ask, answered))
        except queue.Full:
            self.left_out += 1

    def close(self) -> None:
        """End after the question at hand; those that wait are dropped."""
        while True:
            try:
                self._waiting.put_nowait(None)
                break
            except queue.Full:
                with suppress(queue.Empty):
                    self._waiting.get_nowait()
        self._thread.join(timeout=10)

    def _work(self) -> None:
        while (question := self._waiting.get()) is not None:
            unit, ask, answered = question
            self._tallies.add(unit, True, self._compare(ask, answered))

    def _compare(self, ask: Callable[[TitleService], PredictAnswer], answered: PredictAnswer) -> Totals:
        started = time.perf_counter()
        try:
            with self._lend() as service:
                repeated = ask(service)
        except Exception:  # an outcome like any other, which nobody but the figures sees
            return Totals(requests=1, errors=1)
        seconds = time.perf_counter() - started
        agreement, difference = compare_answers(answered, repeated)
        return Totals(requests=1, seconds=seconds, seconds_squared=seconds**2, compared=1, agreement=agreement, difference=difference)


def compare_answers(control: PredictAnswer, treatment: PredictAnswer) -> tuple[float, float]:
    """Return how much two answers to the same texts agree: the mean Jaccard index of their genres, and the mean absolute difference of probabilities."""
    pairs = list(zip(control.predictions, treatment.predictions, strict=True))
    return sum(_overlap(*pair) for pair in pairs) / len(pairs), sum(_differ(*pair) for pair in pairs) / len(pairs)


def _overlap(one: Prediction, other: Prediction) -> float:
    genres = {found.genre for found in one.genres}, {found.genre for found in other.genres}
    union = genres[0] | genres[1]
    return len(genres[0] & genres[1]) / len(union) if union else 1.0


def _differ(one: Prediction, other: Prediction) -> float:
    return sum(abs(one.scores[genre] - other.scores[genre]) for genre in one.scores) / len(one.scores)
