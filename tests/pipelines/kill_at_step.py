"""Run the pipeline and kill this very process, with a signal that can't be caught, as a given step begins."""

import os
import signal
import sys

import pipelines.progress
import run

step, arguments = sys.argv[1], sys.argv[2:]


def announce_start() -> None:
    """Stand in for the hook of the same name."""
    from zenml import get_step_context

    if get_step_context().step_run.name == step:
        os.kill(os.getpid(), signal.SIGKILL)


announce_start.__module__ = "pipelines.progress"
pipelines.progress.announce_start = announce_start
sys.exit(run.main(["--pipeline", "training", *arguments]))
