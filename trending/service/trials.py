"""Follows `experiment.json` as the service follows `CURRENT`: a running experiment is carried out, one that is stopped, damaged or overtaken is not."""

from __future__ import annotations

import logging
import time

from trending.errors import InputError, TrendingError
from trending.experiments.experiment import Experiment
from trending.experiments.log import ExposureLog
from trending.experiments.store import ExperimentStore
from trending.insights.maker import InsightMaker
from trending.releases import ReleaseStore
from trending.service.loaded import Loaded
from trending.service.service import TitleService
from trending.service.trial import Trial

_RETRY_SECONDS = 30.0  # after a treatment that can't be served
log = logging.getLogger(__name__)


class Trials:
    """The experiment of the moment, if any. Everything but `current` is for one thread."""

    def __init__(self, store: ReleaseStore, maker: InsightMaker) -> None:
        """Take the store and what makes insights; nothing is looked up yet."""
        self.current: Trial | None = None
        self._store, self._maker = store, maker
        self._experiments = ExperimentStore(store)
        self._halted: str | None = None
        self._said = ""
        self._refused: Experiment | None = None
        self._look_again = 0.0

    def follow(self, serving: str | None) -> None:
        """Carry out what `experiment.json` says now, over the release that is served; what can't be is said once, and control serves everyone."""
        if self.current is not None and (harm := self.current.find_harm()) is not None:
            self._halt(self.current, harm)
        try:
            found = self._experiments.read()
        except InputError as error:
            self._leave_to_control(error)
            return
        except TrendingError as error:  # the store can't be reached: what runs goes on
            self._say(f"the experiment could not be looked up: {error}")
            return
        try:
            wanted = self._choose(found, serving)
            running = self.current.experiment if self.current is not None else None
            if wanted == running or (wanted is not None and wanted == self._refused and time.monotonic() < self._look_again):
                return
            self.end()
            if wanted is not None:
                self._begin(wanted)
        except TrendingError as error:
            self._leave_to_control(error)

    def end(self) -> None:
        """Go back to control."""
        ended, self.current = self.current, None
        if ended is not None:
            ended.close()
            log.info("experiment %s has ended here", ended.experiment.name)

    def _leave_to_control(self, error: TrendingError) -> None:
        self.end()
        self._say(f"the experiment can't be carried out, control serves everyone: {error}")

    def _choose(self, found: Experiment | None, serving: str | None) -> Experiment | None:
        if found is None or not found.running or found.name == self._halted:
            return None
        if found.control.release != serving:
            self._say(f"experiment {found.name} is suspended: {serving} is served, and not its control {found.control.release}")
            return None
        return found

    def _begin(self, experiment: Experiment) -> None:
        self._refused, self._look_again = experiment, time.monotonic() + _RETRY_SECONDS
        exposures, treatment = ExposureLog.from_settings(), None
        if experiment.about == "release":
            service = TitleService(self._store.open(experiment.treatment.release), self._maker)
            service.warm_up()
            treatment = Loaded(service)
        self.current = Trial(experiment, treatment, exposures)
        self._refused, self._said = None, ""
        log.info("experiment %s (%s): %g %% of units are given %s", experiment.name, experiment.kind, experiment.share * 100, _name_treatment(experiment))

    def _halt(self, trial: Trial, harm: str) -> None:
        """Stop an experiment for everyone; if the store can't be written to, at least for this process."""
        name = trial.experiment.name
        self._halted = name
        log.error("experiment %s is stopped: %s", name, harm)
        self.end()
        try:
            self._experiments.stop(harm, name)
        except Exception as error:  # read-only stores raise what they like
            log.error("experiment %s is stopped in this process only, as the store can't be written: %s", name, type(error).__name__)  # noqa: TRY400

    def _say(self, line: str) -> None:
        if line != self._said:
            log.warning(line)
        self._said = line


def _name_treatment(experiment: Experiment) -> str:
    return experiment.treatment.release if experiment.about == "release" else f"the prompt {experiment.treatment.prompt or 'that is usual'}"
