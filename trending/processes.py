"""Python processes of our own: what they need to find this very code, wherever it lies."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trending
from trending import errors
from trending.errors import QualityError, TrendingError

_OWN_ERROR = re.compile(rf"^{re.escape(errors.__name__)}\.(\w+): (.+)\s*\Z", re.MULTILINE)  # as a traceback ends


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


def run_apart(module: str, *arguments: str, what: str, where: str, mend: str) -> dict[str, Any]:
    """Run `python -m MODULE ARGUMENTS`, and return the JSON object in the last line it prints.

    On one machine ZenML runs a pipeline's mapped steps as threads of one process. Apart, a shard neither waits for the others' turn at Python's lock nor,
    should it want more memory than there is, takes them and the run with it.

    Args:
        module: Of this project.
        arguments: Its command line.
        what: What the module does, as in "scoring a shard".
        where: What it works on.
        mend: What helps a process that was killed for want of memory.

    Raises:
        TrendingError: What the process raised of them, of the same kind.
        QualityError: If it fails otherwise.
    """
    outcome = run_child([sys.executable, "-m", module, *arguments])
    if outcome.returncode:
        if (raised := _OWN_ERROR.search(outcome.stderr)) is not None:
            kind: type[TrendingError] = getattr(errors, raised[1])
            raise kind(raised[2])
        killed = f"killed by signal {-outcome.returncode}" if outcome.returncode < 0 else f"exit code {outcome.returncode}"
        reason = (outcome.stderr.strip().splitlines() or [killed])[-1][:300] if outcome.returncode > 0 else killed
        raise QualityError(f"{what} failed ({reason})", where=where, mend=f"if it was killed for want of memory, {mend}")
    told: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1])
    return told


def end_children() -> None:
    """End what `run_child` runs: whoever asks this process to end would otherwise wait for threads that wait for them."""
    for child in list(_running):
        child.terminate()
