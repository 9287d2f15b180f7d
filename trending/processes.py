"""Python processes of our own: what they need to find this very code, wherever it lies."""

from __future__ import annotations

import os
from pathlib import Path

import trending


def child_environment() -> dict[str, str]:
    """Return this process's environment, with which `python -m trending...` runs the code that is running here."""
    paths = [str(Path(trending.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
