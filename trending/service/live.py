"""The service over the release that is current now: a newly published one takes over without dropping a request or mixing an answer.

While an experiment runs, requests that were assigned to its treatment are lent that release instead.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trending.errors import ReleaseError, TrendingError
from trending.experiments.assignment import ASSIGNED
from trending.insights.maker import InsightMaker
from trending.releases import ReleaseStore
from trending.service.loaded import Loaded
from trending.service.service import TitleService
from trending.service.trial import Trial
from trending.service.trials import Trials

POLL_SECONDS = 1.0
_RETRY_SECONDS = 30.0  # after a release that can't be served
log = logging.getLogger(__name__)


class LiveService:
    """Leases out the current service; watches `CURRENT` while it is open."""

    def __init__(self, store: ReleaseStore, maker: InsightMaker | None = None, poll_seconds: float = POLL_SECONDS) -> None:
        """Take the store; nothing is loaded before `open`."""
        self.store = store
        self.maker = maker or InsightMaker.from_settings()
        self._poll_seconds = poll_seconds
        self._loaded: Loaded | None = None
        self._trials = Trials(store, self.maker)
        self._unready = "no release is loaded"
        self._asked: str | None = None
        self._look_again = 0.0
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None
        self._listeners: list[Callable[[TitleService], None]] = []

    @property
    def trial(self) -> Trial | None:
        """The experiment that is running now."""
        return self._trials.current

    def on_change(self, listener: Callable[[TitleService], None]) -> None:
        """Call `listener` with each release's service once it serves."""
        self._listeners.append(listener)

    def open(self) -> None:
        """Load the current release, and begin to watch for the next; without one, whoever asks is told why."""
        self.refresh()
        self._follow_experiment()
        self._watcher = threading.Thread(target=self._watch, name="release-watcher", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Stop watching; the release is closed when its last request ends."""
        self._stop.set()
        if self._watcher is not None:
            self._watcher.join(timeout=30)
        self._trials.end()
        if self._loaded is not None:
            self._loaded.retire()
            self._loaded = None

    @contextmanager
    def lease(self) -> Iterator[TitleService]:
        """Yield the current service, or the treatment's, which stays open until the block ends, whatever is published meanwhile.

        Raises:
            ReleaseError: If there is nothing to serve.
        """
        while True:
            trial, assignment = self._trials.current, ASSIGNED.get()
            treatment = trial.choose(assignment) if trial is not None and assignment is not None else None
            loaded = treatment or self._loaded
            if loaded is None:
                raise ReleaseError(self._unready)
            if loaded.enter():
                break
        if assignment is not None and trial is not None:
            assignment.release = loaded.service.version
        try:
            yield loaded.service
        finally:
            loaded.leave()

    def refresh(self) -> None:
        """Look at `CURRENT` and load what it names if that is new; what can't be served is logged, and the last good one stays."""
        try:
            wanted = self.store.current_version()
            if wanted == self._asked and time.monotonic() < self._look_again:
                return
            self._asked, self._look_again = wanted, math.inf
            release = self.store.open()
            if release.manifest.version != wanted:  # a damaged one may be mended
                self._look_again = time.monotonic() + _RETRY_SECONDS
            if self._loaded is not None and self._loaded.service.version == release.manifest.version:
                return
            service = TitleService(release, self.maker)
            service.warm_up()
        except TrendingError as error:
            if str(error) != self._unready:
                log.warning("release %s can't be served: %s", self._asked, error)
            self._unready = str(error)
            self._look_again = time.monotonic() + _RETRY_SECONDS
            return
        before, self._loaded = self._loaded, Loaded(service)
        if before is not None:
            log.info("serving release %s", service.version)
            before.retire()
        for listener in self._listeners:
            listener(service)

    def _watch(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            try:
                self.refresh()
            except Exception:  # whatever a store raises, the service goes on with what it has
                log.exception("the current release could not be looked up")
            self._follow_experiment()

    def _follow_experiment(self) -> None:
        try:
            self._trials.follow(self._loaded.service.version if self._loaded is not None else None)
        except Exception:  # nor does an experiment ever keep it from serving
            log.exception("the experiment could not be looked up")
