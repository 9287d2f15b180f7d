"""`run.py --help` against starting Python at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.timing import Row, run, time_pairs


def measure(folder: Path, data: str | None) -> list[Row]:
    """Time both, 15 times each."""
    ours, bare = time_pairs(lambda: run([sys.executable, "run.py", "--help"], os.environ), lambda: run([sys.executable, "-c", "pass"], os.environ), rounds=15)
    return [Row("run.py --help", ours, bare, "python -c pass")]
