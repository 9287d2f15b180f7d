"""Python processes of our own: what they need to find this very code, wherever it lies."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import trending


def child_environment() -> dict[str, str]:
    """Return this process's environment, with which `python -m trending...` runs the code that is running here."""
    paths = [str(Path(trending.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


_running: set[subprocess.Popen[str]] = set()


def run_child(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a process that ends before this one does, from whichever thread; `end_children` ends it early."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=child_environment()) as child:
        _running.add(child)
        try:
            stdout, stderr = child.communicate()
        except BaseException:
            child.kill()
            raise
        finally:
            _running.discard(child)
    return subprocess.CompletedProcess(command, child.returncode, stdout, stderr)


def end_children() -> None:
    """End what `run_child` runs: whoever asks this process to end would otherwise wait for threads that wait for them."""
    for child in list(_running):
        child.terminate()
