"""The promises made for real titles: quality, calibration, time and memory, and what a repeated run costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.running import Runner
from trending.releases.manifest import read_manifest

MEASURED = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
outcome = subprocess.run(sys.argv[1:], capture_output=True, text=True)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"code": outcome.returncode, "out": outcome.stdout, "seconds": time.perf_counter() - started, "mebibytes": usage.ru_maxrss / 1024}))
"""


def train(runner: Runner, file: Path) -> dict[str, Any]:
    command = [sys.executable, "run.py", "--pipeline", "training", "--json", "--set", "source=files", "--set", f"path={file}"]
    outcome = subprocess.run([sys.executable, "-c", MEASURED, *command], capture_output=True, text=True, env=runner.environment, cwd=runner.root, check=True)
    measured: dict[str, Any] = json.loads(outcome.stdout)
    assert measured["code"] == 0
    return measured | json.loads(measured.pop("out"))


@pytest.mark.slow
def test_fifty_thousand_real_titles(runner: Runner, shared_data: Path) -> None:
    first = train(runner, shared_data / "titles.parquet")
    assert first["seconds"] < 600
    assert first["mebibytes"] < 4096
    assert first["macro_f1"]["value"] >= 0.57
    assert first["ece"]["value"] < 0.03
    assert first["starter"] is False
    manifest = read_manifest(Path(first["location"]))
    assert manifest.leak["unmasked"].low > manifest.leak["masked"].high
    card = (Path(first["location"]) / "model_card.md").read_text(encoding="utf-8")
    assert all(f"| {kind} | 0." in card for kind in ("tfidf_logreg", "xgboost", "keywords", "majority", "commonest"))
    again = train(runner, shared_data / "titles.parquet")
    assert again["seconds"] < 15
    assert again["release"] == first["release"]
