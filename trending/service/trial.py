"""An experiment as this process carries it out: the treatment loaded beside the release that is served, what became of requests, and the shadow."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from trending.errors import ReleaseError
from trending.experiments.assignment import Assignment, assign
from trending.experiments.experiment import Experiment
from trending.experiments.harm import find_harm
from trending.experiments.log import ExposureLog
from trending.experiments.shadow import Shadow
from trending.experiments.tallies import Tallies, Totals
from trending.service.loaded import Loaded
from trending.service.service import TitleService

WRITE_SECONDS = 5.0
log = logging.getLogger(__name__)


class Trial:
    """Assigns, lends the treatment, and keeps count; its log is written by a thread of its own."""

    def __init__(self, experiment: Experiment, treatment: Loaded | None, exposures: ExposureLog) -> None:
        """Begin.

        Args:
            experiment: What is tried.
            treatment: The other release; None if only the chat's prompts differ.
            exposures: Where exposures and outcomes are written.
        """
        self.experiment = experiment
        self._treatment = treatment
        self._exposures = exposures
        self._process = secrets.token_hex(6)
        self._tallies = Tallies()
        self._shadow = Shadow(self._lend, self._tallies) if experiment.kind == "shadow" else None
        self._stop = threading.Event()
        self._writer = threading.Thread(target=self._write_on, name="experiment-log", daemon=True)
        self._writer.start()

    @property
    def about_releases(self) -> bool:
        """Whether requests take part; else it is chats."""
        return self.experiment.about == "release"

    def assign(self, unit: str | None) -> Assignment:
        """Draw for a unit, or for a request that names none."""
        return assign(self.experiment, unit)

    def choose(self, assignment: Assignment) -> Loaded | None:
        """Return the treatment if that is what a request is to be answered by."""
        return self._treatment if assignment.treated and self._shadow is None else None

    def record(self, assignment: Assignment, failed: bool, seconds: float) -> None:
        """Keep what became of a request or a chat's question that was answered."""
        if assignment.complains_of is not None:
            self._record_complaint(assignment)
            return
        if not assignment.counts or (self.about_releases and not assignment.release):
            return
        if self._shadow is not None and (assignment.repeat is None or not assignment.treated):
            return
        limit = self.experiment.harm.p95_ms
        slow = limit is not None and seconds * 1000 > limit
        outcome = Totals(requests=1, errors=int(failed), slow=int(slow), seconds=seconds, seconds_squared=seconds**2)
        self._tallies.add(assignment.unit, assignment.treated and self._shadow is None, outcome)
        if self._shadow is not None and assignment.repeat is not None:
            self._shadow.submit(assignment.unit, *assignment.repeat)

    def find_harm(self) -> str | None:
        """Return which rule the treatment breaks beyond doubt; what happens in the shadow harms nobody."""
        return None if self._shadow is not None else find_harm(self.experiment, *self._tallies.sums())

    def close(self) -> None:
        """Write what is left; the treatment is closed when its last request ends."""
        if self._shadow is not None:
            self._shadow.close()
        self._stop.set()
        self._writer.join(timeout=30)
        if self._treatment is not None:
            self._treatment.retire()
        for what, count in (("units beyond the log's bound", self._tallies.unlogged), ("questions", self._shadow.left_out if self._shadow else 0)):
            if count:
                log.warning("experiment %s left out %s %s", self.experiment.name, f"{count:,}", what)

    @contextmanager
    def _lend(self) -> Iterator[TitleService]:
        if self._treatment is None or not self._treatment.enter():
            raise ReleaseError("the treatment is no longer there")
        try:
            yield self._treatment.service
        finally:
            self._treatment.leave()

    def _record_complaint(self, assignment: Assignment) -> None:
        """Count an answer that was flagged for the release that gave it; whoever named neither that nor a unit counts for none."""
        releases = {self.experiment.control.release: False, self.experiment.treatment.release: True}
        own = assignment.treated if assignment.unit is not None else None
        treated = releases.get(assignment.complains_of) if assignment.complains_of else own
        if treated is not None:
            self._tallies.add(assignment.unit, treated, Totals(complaints=1))

    def _write_on(self) -> None:
        over = False
        while not over:
            over = self._stop.wait(WRITE_SECONDS)
            waiting = self._tallies.drain()
            try:
                for hour in sorted(waiting):
                    self._exposures.write(self.experiment.name, hour, self._process, waiting[hour])
                    del waiting[hour]
            except Exception:  # whatever a store raises, answers matter more than the log
                self._tallies.give_back(waiting)
                log.exception("the log of experiment %s could not be written", self.experiment.name)
