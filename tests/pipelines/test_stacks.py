"""Stacks: registered once, used for one run, and never left as the user's active one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.pipelines.running import QUICK, Runner
from tests.pipelines.stacked import StackRunner

ACTIVE = "import json; from zenml.client import Client; print(json.dumps(Client().active_stack_model.name))"


def test_a_run_on_a_named_stack_leaves_the_active_stack_alone(runner: Runner, trained: dict[str, Any]) -> None:
    before = runner.python(ACTIVE)
    release = runner.train("--stack", "local", *QUICK)["release"]
    lineage = runner.run("release", "lineage", release).stdout
    assert any(line.split() == ["stack", "local"] for line in lineage.splitlines())
    assert runner.python(ACTIVE) == before == "default"


def test_applying_a_stack_twice_changes_nothing(runner: Runner) -> None:
    first, second = runner.run("stack", "apply", "local"), runner.run("stack", "apply", "local")
    assert first.returncode == second.returncode == 0
    assert "already registered" in second.stdout


APPLIED = """
import json, os
from pipelines.stacks import apply_stack, list_variables, read_stack
changes = {{}}
for stack in {stacks!r}:
    for word in ("one", "one", "other", "other"):
        for name in list_variables(read_stack(stack)):
            os.environ[name] = "s3://bucket/artifacts" if "S3" in name else word
        changes.setdefault(stack, []).append(apply_stack(stack)[1])
print(json.dumps(changes))
"""


def test_applying_brings_a_stack_up_to_the_environment_and_then_changes_nothing(runner: Runner) -> None:
    stacks = ["airflow", "kubernetes"]
    assert runner.python(APPLIED.format(stacks=stacks)) == {stack: [True, False, True, False] for stack in stacks}


def test_an_artifact_store_is_not_moved_from_under_what_lies_in_it(zenml_state: Path) -> None:
    def apply(place: str) -> subprocess.CompletedProcess[str]:
        return StackRunner(zenml_state, variables={"TRENDING_S3_ARTIFACTS": f"s3://{place}/artifacts"}).run("stack", "apply", "local-s3")

    assert apply("one").returncode == apply("one").returncode == 0
    moved = apply("other")
    assert moved.returncode == 2
    assert "artifact store local_s3_artifacts lies at s3://one/artifacts" in moved.stderr


REMOVED = """
import json, os, yaml
from pathlib import Path
from zenml.client import Client
from pipelines.stacks import apply_stack, read_stack
content = read_stack("local-wandb")
content["stack_name"] = "own"
file = Path({folder!r}) / "own.yaml"
kinds = []
for _ in range(2):
    file.write_text(yaml.safe_dump(content))
    stack, changed = apply_stack(str(file))
    kinds.append([changed, sorted(kind.value for kind, found in Client().get_stack(stack).components.items() if found)])
    content["components"].pop("experiment_tracker", None)
kinds.append([apply_stack(str(file))[1]])
print(json.dumps(kinds))
"""


def test_a_component_that_the_file_has_no_more_is_taken_from_the_stack(runner: Runner, tmp_path: Path) -> None:
    first, second, third = runner.python(REMOVED.format(folder=str(tmp_path)))
    assert first == [True, ["artifact_store", "experiment_tracker", "orchestrator"]]
    assert second == [True, ["artifact_store", "orchestrator"]]
    assert third == [False]


def test_an_unknown_stack_is_refused_with_the_known_ones(runner: Runner) -> None:
    outcome = runner.run("--pipeline", "training", "--stack", "moon")
    assert outcome.returncode == 2
    assert (
        outcome.stderr.strip()
        == "run.py: stacks/: no stack 'moon'; choose from: airflow, aws, kubernetes, local, local-s3, local-wandb; or name a file, *.yaml"
    )
