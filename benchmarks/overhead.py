"""What ZenML costs: the training pipeline against a plain script that does the same maths, and a repeated run against the first."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.timing import Row, own_environment, run


def measure(folder: Path, data: str | None) -> list[Row]:
    """Run both once on the same titles, in turn, each as a process of its own; ZenML's first-time set-up is done before."""
    overrides = [f"source={'files' if data else 'starter'}", *([f"path={Path(data).absolute()}"] if data else [])]
    environment = own_environment(folder)
    run([sys.executable, "-c", "from zenml.client import Client; Client().active_stack_model"], environment)
    pipeline = [sys.executable, "run.py", "--pipeline", "training", *(part for override in overrides for part in ("--set", override))]
    plain = _seconds([sys.executable, "-m", "benchmarks.plain_training", str(folder / "plain"), *overrides], environment)
    ours = _seconds(pipeline, environment)
    again = _seconds(pipeline, environment)
    name = Path(data).name if data else "starter"
    return [Row(f"training pipeline, {name}", ours, plain, "plain script"), Row(f"the same again, nothing changed, {name}", again, ours, "first run")]


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    run(command, environment)
    return time.perf_counter() - started
