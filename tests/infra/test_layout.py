"""The house: imports point one way, nothing heavy is imported early, nothing of this machine is written down."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()


def test_import_contracts_hold() -> None:
    outcome = subprocess.run([str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout
    assert "0 broken" in outcome.stdout


def test_help_takes_under_300_ms() -> None:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([sys.executable, "run.py", "--help"], cwd=ROOT, capture_output=True, check=True)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.3


@pytest.mark.parametrize("module", ["apps.api", "apps.cli.predict", "apps.cli.evaluate", "apps.cli.release", "apps.cli.doctor", "trending.releases.build"])
def test_apps_and_domain_import_neither_zenml_nor_torch(module: str) -> None:
    code = f"import json, sys, {module}; print(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert not {"zenml", "torch", "transformers", "litellm", "gradio"} & set(loaded)


def test_no_file_is_large_and_none_is_a_pickle() -> None:
    assert not [name for name in FILES if (ROOT / name).stat().st_size > 1_000_000]
    assert not [name for name in FILES if name.endswith((".pkl", ".pickle", ".joblib", ".parquet", ".sqlite"))]


def test_no_modules_hide_unfinished_work() -> None:
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK|raise NotImplementedError)\b")
    me = Path(__file__).resolve()
    found = [name for name in FILES if name.endswith(".py") and (ROOT / name) != me and pattern.search((ROOT / name).read_text(encoding="utf-8"))]
    assert not found


def test_workflow_runs_the_same_commands_with_least_rights() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    commands = " ".join(step.get("run", "") for step in workflow["jobs"]["test"]["steps"])
    assert "make lint types" in commands
    assert "make test" in commands
    assert workflow["permissions"] == {"contents": "read"}
    actions = [step["uses"] for step in workflow["jobs"]["test"]["steps"] if "uses" in step]
    assert all(re.search(r"@[0-9a-f]{40}$", action) for action in actions)


def test_stack_files_name_the_locked_zenml() -> None:
    locked = next(line for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines() if line.startswith("zenml=="))
    for path in (ROOT / "stacks").glob("*.yaml"):
        stack = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert f"zenml=={stack['zenml_version']}" == locked
        assert stack["stack_name"] == path.stem
