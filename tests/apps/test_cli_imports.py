"""The command line that serves releases never loads ZenML, and --help loads next to nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]
HEAVY = {"numpy", "pandas", "sklearn", "pydantic", "zenml", "fastapi", "xgboost"}


def _imported(done: subprocess.CompletedProcess[str]) -> set[str]:
    lines = [line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert len(lines) > 20
    return {name.partition(".")[0] for name in lines}


@pytest.mark.parametrize(
    "arguments", ["predict --text sheriff", "release list", "release verify", "release show", "release lineage", "release rollback", "doctor", "evaluate"]
)
def test_verbs_over_a_release_import_no_zenml(run_python: RunCli, tmp_path: Path, arguments: str) -> None:
    parts = arguments.split()
    if parts == ["evaluate"]:
        file = tmp_path / "titles.csv"
        file.write_text("title,type,plot,genres\nThe Ride,movie,A sheriff rides out to find the men who robbed the coach.,Western\n")
        parts += ["--data", str(file)]
    done = run_python("-X", "importtime", "run.py", *parts, "--json")
    assert done.returncode == (1 if "rollback" in parts else 0)
    # What follows a release is listed where it may be repaired or moved; ZenML itself is opened after that.
    listing = {"steps", "pipelines"} if {"verify", "rollback"} & set(parts) else set()
    assert not _imported(done) & ({"zenml", "steps", "pipelines", "fastapi", "matplotlib"} - listing)


@pytest.mark.parametrize("arguments", ["--help", "predict --help", "release --help", "--version-that-is-none"])
def test_help_and_usage_errors_load_nothing_heavy(run_python: RunCli, arguments: str) -> None:
    done = run_python("-X", "importtime", "run.py", *arguments.split())
    assert done.returncode == (2 if "none" in arguments else 0)
    assert not _imported(done) & HEAVY
