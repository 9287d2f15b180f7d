"""Stacks: registered once, used for one run, and never left as the user's active one."""

from __future__ import annotations

from typing import Any

from tests.pipelines.running import QUICK, Runner

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
            os.environ[name] = f"s3://{{word}}/artifacts" if "S3" in name else word
        changes.setdefault(stack, []).append(apply_stack(stack)[1])
print(json.dumps(changes))
"""


def test_applying_brings_a_stack_up_to_the_environment_and_then_changes_nothing(runner: Runner) -> None:
    stacks = ["airflow", "kubernetes", "local-s3"]
    # The second and third share a component, which the one before has brought up to the last word.
    assert runner.python(APPLIED.format(stacks=stacks)) == {stack: [True, False, True, False] for stack in stacks}


def test_an_unknown_stack_is_refused_with_the_known_ones(runner: Runner) -> None:
    outcome = runner.run("--pipeline", "training", "--stack", "moon")
    assert outcome.returncode == 2
    assert (
        outcome.stderr.strip()
        == "run.py: stacks/: no stack 'moon'; choose from: airflow, aws, kubernetes, local, local-s3, local-wandb; or name a file, *.yaml"
    )
