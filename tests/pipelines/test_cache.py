"""Caching by code: an edit under `trending/` runs the steps that lean on it again, and no others."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path

import grimp
import pytest

from steps.caching import depend_on
from tests.pipelines.running import QUICK, ROOT, Runner

FOLDERS = ("trending", "steps", "pipelines", "stacks", "apps")


@pytest.fixture
def copy(tmp_path: Path, zenml_state: Path) -> Runner:
    """A copy of the code that may be edited."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "run.py", tmp_path)
    return Runner(zenml_state, root=tmp_path)


@pytest.mark.slow
def test_an_edited_module_reruns_what_depends_on_it(copy: Runner) -> None:
    before = copy.train(*QUICK)
    module = copy.root / "trending" / "evaluation" / "slices.py"
    module.write_text(module.read_text(encoding="utf-8").replace("MIN_SLICE = 20", "MIN_SLICE = 15"), encoding="utf-8")
    after = copy.train(*QUICK)
    code = """
import json
from zenml.client import Client
run = Client().list_pipeline_runs(sort_by="desc:created", size=1, hydrate=True).items[0]
print(json.dumps({name: str(step.status.value) for name, step in run.steps.items()}))
"""
    status = copy.python(code)
    rerun = {name for name, state in status.items() if state != "cached"}
    judging = {"score_models", "tune_thresholds", "evaluate_models", "measure_costs", "compare_models", "assemble_champion"}
    looking = {"judge_insights", "check_models", "measure_fairness", "probe_behaviour", "browse_errors", "report_bias"}
    assert rerun == judging | looking | {"describe_titles", "build_release", "publish_release", "register_features", "track_run"}
    assert after["release"] != before["release"]
    assert after["model_version"] != before["model_version"]


NEVER_CACHED = {
    "steps.continual.decide_promotion",
    "steps.continual.decide_retraining",
    "steps.continual.judge_challenger",
    "steps.continual.start_command",
    "steps.ingest.crawl_source",
    "steps.release.publish_release",
    "steps.version.publish_version",
}


def list_steps() -> list[str]:
    return sorted(path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in (ROOT / "steps").glob("*/[!_]*.py"))


@pytest.mark.parametrize("module", [name for name in list_steps() if name not in NEVER_CACHED])
def test_a_step_names_all_the_domain_code_it_imports(module: str) -> None:
    """What it doesn't name could change without the step being run again."""
    step = getattr(importlib.import_module(module), module.rpartition(".")[2])
    named = set(step.configuration.cache_policy.file_dependencies)
    imported = grimp.build_graph("trending", "steps").find_upstream_modules(module) - {"trending"}
    files = {name.replace(".", "/") for name in imported if name.startswith("trending.")}
    needed = {f"{name}/__init__.py" if (ROOT / name).is_dir() else f"{name}.py" for name in files}
    assert needed <= named


def test_crawling_deciding_and_publishing_alone_are_never_cached() -> None:
    """A live source says another thing each time, a decision rests on what is served by then, and what is published may be deleted outside ZenML."""
    steps = {name: getattr(importlib.import_module(name), name.rpartition(".")[2]) for name in list_steps()}
    assert {name for name, step in steps.items() if step.enable_cache is False} == NEVER_CACHED


def test_a_dependency_that_does_not_exist_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match="no_such_module"):
        depend_on("no_such_module.py")


def test_lists_and_fitted_scorers_are_part_of_the_code_a_step_depends_on() -> None:
    named = set(depend_on("insights").file_dependencies or ())
    assert {"trending/insights/orders.toml", "trending/insights/scorer.npz", "trending/insights/prompts/insights-1.md"} <= named
    assert not any("__pycache__" in name for name in named)
