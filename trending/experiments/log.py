"""The exposure log: who was given which variant and what became of it, one line per unit in one file per hour and process.

A file is replaced as it grows, so that it can lie in an object store, and a killed process loses seconds. Units are hashes; a unit's hash in one experiment
says nothing of it in another.
"""

from __future__ import annotations

import json
import re
from typing import Any

from trending.errors import InputError
from trending.experiments.experiment import NAME_PATTERN, Experiment, parse_experiment
from trending.experiments.store import EXPERIMENT_FILE
from trending.files import StoreFiles
from trending.settings import load_settings


class ExposureLog:
    """A folder per experiment, in a folder or an object store."""

    def __init__(self, url: str) -> None:
        """Name the place; it is made when something is written."""
        self._files = StoreFiles(url, "TRENDING_EXPERIMENTS")
        self.url = url

    @classmethod
    def from_settings(cls) -> ExposureLog:
        """Return the log that the settings name."""
        return cls(load_settings().experiments_url)

    def write(self, name: str, hour: str, process: str, lines: list[dict[str, Any]]) -> None:
        """Replace what one process has to say of an hour; a reader sees the file of before or the new one."""
        self._files.write(f"{name}/{hour}-{process}.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())

    def read(self, name: str) -> dict[str, list[dict[str, Any]]]:
        """Return the lines of every hour, whichever process wrote them.

        Raises:
            InputError: If a line can't be read.
            TrendingError: If the log can't be reached.
        """
        hours = dict[str, list[dict[str, Any]]]()
        for file in self._files.names(name, ".jsonl"):
            path = f"{name}/{file}.jsonl"
            try:
                hours.setdefault(file.partition("-")[0], []).extend(json.loads(line) for line in (self._files.read(path) or b"").splitlines())
            except ValueError as error:
                raise InputError("a line isn't JSON", where=self._files.address(path), mend="remove the file: what it holds is lost") from error
        return hours

    def keep(self, experiment: Experiment) -> None:
        """Keep an experiment beside its log, for when another one has taken its place."""
        self._files.write(f"{experiment.name}/{EXPERIMENT_FILE}", experiment.render())

    def find(self, name: str) -> Experiment | None:
        """Return an experiment that was kept."""
        path = f"{name}/{EXPERIMENT_FILE}"
        content = None if re.fullmatch(NAME_PATTERN, name) is None else self._files.read(path)
        return None if content is None else parse_experiment(content, self._files.address(path))
