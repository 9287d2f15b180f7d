"""Where the one experiment there is stands: `experiment.json` beside `CURRENT`, replaced atomically, so that every service sees the same within its poll.

The audit trail tells of its beginning and its end.
"""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager

from trending.errors import NotFoundError, UsageError
from trending.experiments.experiment import Experiment, parse_experiment
from trending.releases import ReleaseStore
from trending.releases.audit import Action, AuditTrail

EXPERIMENT_FILE = "experiment.json"
_PATIENCE_SECONDS = 60.0


class ExperimentStore:
    """Reads, starts and stops the experiment of a release store."""

    def __init__(self, releases: ReleaseStore) -> None:
        """Take the store whose releases are compared."""
        self._files = releases.files
        self._trail = AuditTrail.from_store(releases)

    def read(self) -> Experiment | None:
        """Return the experiment that runs or ran last; None if there never was one.

        Raises:
            InputError: If its file is damaged.
            TrendingError: If the store can't be reached.
        """
        content = self._files.read(EXPERIMENT_FILE)
        return None if content is None else parse_experiment(content, self._files.address(EXPERIMENT_FILE))

    def start(self, experiment: Experiment) -> None:
        """Let an experiment begin.

        Raises:
            UsageError: If another runs.
        """
        with self._locked():
            before = self.read()
            if before is not None and before.running:
                raise UsageError(f"{before.name} is running", where="experiment", mend="stop it first: python run.py experiment stop")
            self._enter("experiment_started", experiment, "")  # first: nobody is given what nothing accounts for
            self._write(experiment)

    def stop(self, reason: str, name: str | None = None) -> Experiment:
        """Stop the experiment and keep why; one that was stopped before keeps its first reason.

        Args:
            reason: One line.
            name: Only if it is this one.

        Returns:
            The experiment as it stands now.

        Raises:
            NotFoundError: If there is none, or another one.
        """
        with self._locked():
            found = self.read()
            if found is None or (name is not None and found.name != name):
                raise NotFoundError(f"no experiment {name or ''}".rstrip(), where=self._files.url, mend="see: python run.py experiment show")
            if found.running:
                found = found.model_copy(update={"stopped": dt.datetime.now(dt.UTC), "reason": reason[:1_000]})
                self._enter("experiment_stopped", found, reason)  # first: killed in between, it is stopped and entered again
                self._write(found)
            return found

    def discard(self) -> None:
        """Remove a file that can't be read, so that another experiment can be started."""
        with self._locked():
            self._files.remove(EXPERIMENT_FILE)

    def _enter(self, action: Action, experiment: Experiment, reason: str) -> None:
        self._trail.append(action, reason=reason, details=experiment.model_dump(mode="json", exclude_none=True))

    def _locked(self) -> AbstractContextManager[None]:
        """Let one process of this machine write at a time. An object store has no locks: of two who stop at once both say the same."""
        return self._files.locked(".experiment.lock", _PATIENCE_SECONDS)

    def _write(self, experiment: Experiment) -> None:
        self._files.write(EXPERIMENT_FILE, experiment.render())
