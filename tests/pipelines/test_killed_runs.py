"""A run killed with SIGKILL as any step begins: what is served stays whole, and the same command then succeeds."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.pipelines.running import QUICK, ROOT, Runner

STEPS = (
    "load_titles",
    "clean_titles",
    "validate_titles",
    "split_titles",
    "build_features",
    "train_majority",
    "train_tfidf_logreg",
    "train_tfidf_logreg_unmasked",
    "tune_thresholds",
    "evaluate_models",
    "compare_models",
    "build_release",
    "publish_release",
)


def kill_at(runner: Runner, step: str) -> None:
    command = [sys.executable, str(ROOT / "tests" / "pipelines" / "kill_at_step.py"), step, "--no-cache", *QUICK]
    environment = {**runner.environment, "PYTHONPATH": str(ROOT)}
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment, cwd=ROOT, check=False)
    assert outcome.returncode == -signal.SIGKILL, outcome.stderr


@pytest.mark.slow
def test_killed_at_every_step(runner: Runner) -> None:
    before = runner.train(*QUICK)["release"]
    for step in STEPS:
        kill_at(runner, step)
        assert runner.current() == before, step
        assert runner.run("release", "verify").returncode == 0, step
    after = runner.train("--no-cache", *QUICK)["release"]
    assert after != before
    assert runner.current() == after
