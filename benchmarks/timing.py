"""How things are timed, and one row of the printed table."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Row:
    """A figure of ours and the reference's, in seconds."""

    what: str
    ours: float
    reference: float
    reference_name: str

    @property
    def ours_text(self) -> str:
        """Our figure, readable."""
        return _readable(self.ours)

    @property
    def reference_text(self) -> str:
        """The reference's figure and what it is."""
        return f"{_readable(self.reference)} ({self.reference_name})"


def _readable(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1_000:.2f} ms"


def time_pairs(ours: Callable[[], object], reference: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Time two calls in turn, so that what else the machine does falls on both; return the medians in seconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for call, kept in zip((ours, reference), times, strict=True):
            started = time.perf_counter()
            call()
            kept.append(time.perf_counter() - started)
    return statistics.median(times[0]), statistics.median(times[1])


def own_environment(folder: Path) -> dict[str, str]:
    """Return an environment whose ZenML state and releases lie under `folder`: a benchmark never touches the user's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRENDING_", "ZENML_"))}
    return {
        **kept,
        "ZENML_CONFIG_PATH": str(folder / "zenml"),
        "ZENML_LOCAL_STORES_PATH": str(folder / "stores"),
        "ZENML_ANALYTICS_OPT_IN": "false",
        "TRENDING_HOME": str(folder / "home"),
        "PYTHONPATH": str(ROOT),
    }


def run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a command quietly; its own message is shown if it fails."""
    outcome = subprocess.run(command, env=dict(environment), cwd=ROOT, capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{outcome.stderr}")
