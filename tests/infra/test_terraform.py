"""Terraform: it fits the provider's schema, its own tests hold, Checkov finds nothing, and its names are those the rest of the project uses.

No provider can be reached here and nothing is applied: real Terraform runs against the provider's attribute tables (`infra/terraform/README.md`).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from apps.api import states
from tests.infra.tools import find_tool
from trending.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "infra" / "terraform"
CHECK = ROOT.parent / "shared" / "infra" / "check_terraform.sh"
QUICK = ("environments/staging",)  # every module together
FOLDERS = sorted(str(path.parent.relative_to(TERRAFORM)) for path in TERRAFORM.rglob("versions.tf") if ".terraform" not in path.parts)
FILES = sorted(path for path in TERRAFORM.rglob("*.tf") if ".terraform" not in path.parts)
# What IAM calls otherwise than the API; None: no call of its own, but a right that others ask for, or a key of conditions.
OPERATIONS = {
    "iam:PassRole": None,
    "iam:PassedToService": None,
    "kms:ReEncryptFrom": "ReEncrypt",
    "kms:ReEncryptTo": "ReEncrypt",
    "s3:ListBucket": "ListObjectsV2",
    "s3:ListBucketVersions": "ListObjectVersions",
}

needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")


def read(path: str) -> str:
    return (TERRAFORM / path).read_text(encoding="utf-8")


def find_strings(pattern: str) -> set[str]:
    return {found for path in FILES for found in re.findall(pattern, path.read_text(encoding="utf-8"))}


@needs_terraform
def test_every_file_is_formatted() -> None:
    done = subprocess.run(["terraform", "fmt", "-check", "-recursive", "-diff"], cwd=TERRAFORM, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_terraform
@pytest.mark.skipif(not CHECK.exists(), reason="the shared folder with the provider's schema is not beside this checkout")
@pytest.mark.parametrize("folder", [pytest.param(folder, marks=() if folder in QUICK else pytest.mark.slow) for folder in FOLDERS])
def test_it_fits_the_providers_schema_and_its_own_tests_hold(folder: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    copy = tmp_path / "terraform"
    shutil.copytree(TERRAFORM, copy, ignore=shutil.ignore_patterns(".terraform"))
    # The check keeps its provider in one place for all, and writes it anew each time.
    with FileLock(tmp_path_factory.getbasetemp().parent / "terraform.lock"):
        subprocess.run(["terraform", "get"], cwd=copy / folder, capture_output=True, check=True)
        done = subprocess.run([CHECK, copy / folder, "validate", "test"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", done.stdout), "it has no tests"


@pytest.mark.slow
def test_checkov_finds_nothing_and_what_it_passes_over_says_why() -> None:
    checkov = find_tool("checkov==3.3.30", "checkov")
    command = [*checkov, "--directory", str(TERRAFORM), "--framework", "terraform", "--skip-download", "--compact", "--output", "json"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    assert [(check["check_id"], check["resource"]) for check in found["results"]["failed_checks"]] == []
    assert found["summary"]["parsing_errors"] == 0
    assert found["summary"]["passed"] > 100
    reasons = {check["check_id"]: check["check_result"]["suppress_comment"] for check in found["results"]["skipped_checks"]}
    assert all(len(reason.split()) > 5 for reason in reasons.values()), reasons


def test_every_pipeline_may_be_started() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "pipelines").glob("*.py"))
    named = set(re.findall(r'^@pipeline\(name="(\w+)"', code, re.MULTILINE))
    (listed,) = re.findall(r"^  pipelines = \[(.*)\]$", read("modules/zenml/main.tf"), re.MULTILINE)
    assert set(re.findall(r"[\w-]+", listed)) == {name.replace("_", "-") for name in named}


@pytest.mark.parametrize("name", ["variables.tf", "outputs.tf", "versions.tf"])
def test_staging_and_prod_are_the_same_but_for_their_values(name: str) -> None:
    assert read(f"environments/staging/{name}") == read(f"environments/prod/{name}")


def test_staging_and_prod_give_the_environment_the_same_inputs() -> None:
    inputs = [re.findall(r"^  (\w+) +=", read(f"environments/{name}/main.tf"), flags=re.MULTILINE) for name in ("staging", "prod")]
    assert inputs[0] == inputs[1]
    assert len(inputs[0]) > 10


@pytest.mark.parametrize("path", [path for path in FILES if path.name in {"variables.tf", "outputs.tf"}], ids=lambda path: str(path.relative_to(TERRAFORM)))
def test_every_input_and_output_is_described(path: Path) -> None:
    blocks = re.findall(r'^(?:variable|output) "\w+" \{\n(.*?)^\}', path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert blocks
    assert all(re.match(r'  description = ".+\."\n', block) for block in blocks)


def test_providers_are_pinned_and_no_lock_pretends_to_more() -> None:
    assert all('version = "6.47.0"' in read(f"{root}/versions.tf") for root in ("bootstrap", "environments/staging", "environments/prod"))
    tracked = subprocess.run(["git", "ls-files", "infra/terraform"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ".terraform.lock.hcl" not in tracked
    assert ".tfstate" not in tracked


def test_accounts_are_made_up() -> None:
    texts = [path.read_text(encoding="utf-8") for path in TERRAFORM.rglob("*") if path.is_file() and ".terraform" not in path.parts]
    assert {number for text in texts for number in re.findall(r"(?<![0-9])\d{12}(?![0-9-])", text)} <= {"111122223333", "444455556666"}


def test_alarms_and_dashboard_read_metrics_that_the_service_exports() -> None:
    exported = yaml.safe_load((ROOT / "infra" / "monitoring" / "metrics.yaml").read_text(encoding="utf-8"))["emf"]
    text = read("modules/monitoring/metrics.tf")
    block = re.search(r"  metrics = \{\n(.*?)  \}", text, flags=re.DOTALL)
    assert block
    named = set(re.findall(r'= "(\w+)"', block[1]))
    assert named
    assert named <= {metric["name"] for metric in exported["metrics"]}
    assert f'namespace = "{exported["namespace"]}"' in text
    assert re.findall(r"dimensions = \{ (\w+) =", text) == exported["dimensions"]


def test_every_metric_that_is_named_is_looked_at() -> None:
    keys = set(re.findall(r"^    (\w+) += ", read("modules/monitoring/metrics.tf"), flags=re.MULTILINE))
    used = set(re.findall(r"local\.metrics\.(\w+)", read("modules/monitoring/alarms.tf") + read("modules/monitoring/dashboard.tf")))
    assert keys == used


def test_the_service_is_given_settings_there_are() -> None:
    given = set(re.findall(r"^    TRENDING_(\w+) +=", read("modules/environment/main.tf"), flags=re.MULTILINE))
    secret = set(re.findall(r'"TRENDING_(\w+)"', read("modules/service/variables.tf")))
    assert {"RELEASES", "METRICS"} <= given
    assert {name.lower() for name in given | secret} <= set(Settings.model_fields)


def test_every_secret_setting_is_refused_in_plain_text() -> None:
    listed = re.search(r"setintersection\(keys\(var.environment\), \[(.*?)\]", read("modules/service/variables.tf"))
    assert listed
    secret = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)} | {"api_keys", "mcp_tokens"}
    assert {name.lower() for name in re.findall(r'"TRENDING_(\w+)"', listed[1])} == secret


def test_the_service_is_asked_at_paths_and_a_port_it_answers_at() -> None:
    variables = read("modules/service/variables.tf")
    paths = re.search(r"contains\(\[(.*?)\], var.health_check_path\)", variables)
    assert paths
    assert set(re.findall(r'"(/\w+)"', paths[1])) <= {getattr(route, "path", "") for route in states.router.routes}
    port = re.search(r'variable "port" \{.*?default +=\s*(\d+)', variables, flags=re.DOTALL)
    exposed = re.search(r"^EXPOSE (\d+)$", (ROOT / "infra/docker/serving.Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert port
    assert exposed
    assert port[1] == exposed[1]


def test_the_aws_stack_gets_its_variables_from_the_outputs() -> None:
    wanted = set(re.findall(r"\$\{(TRENDING_\w+)\}", (ROOT / "stacks/aws.yaml").read_text(encoding="utf-8")))
    assert wanted
    assert wanted <= set(re.findall(r'^ *\}?,? *.*?"?(TRENDING_\w+)"? +=', read("modules/zenml/outputs.tf"), flags=re.MULTILINE))


@lru_cache
def find_model(service: str) -> Any:
    return pytest.importorskip("botocore.session", reason="boto3 is an extra (aws)").get_session().get_service_model(service)


def list_actions() -> Iterator[str]:
    pattern = r'"((?:apprunner|cloudwatch|ecr|ecs|iam|kms|logs|s3|sagemaker|secretsmanager|sns|sts):[A-Z][A-Za-z0-9]+)"'
    yield from sorted(find_strings(pattern))


@pytest.mark.parametrize("action", list_actions())
def test_every_action_of_a_policy_is_one_of_aws(action: str) -> None:
    """A misspelt action is taken by IAM and allows nothing."""
    service, _, name = action.partition(":")
    operation = OPERATIONS.get(action, name)
    if operation is not None:
        assert operation in find_model(service).operation_names


@pytest.mark.parametrize(
    ("argument", "service", "shape"),
    [
        ("auto_scaling_metric", "ecs", "ExpressGatewayServiceScalingMetric"),
        ("image_tag_mutability", "ecr", "ImageTagMutability"),
        ("storage_class", "s3", "TransitionStorageClass"),
        ("object_ownership", "s3", "ObjectOwnership"),
        ("statistic", "cloudwatch", "Statistic"),
        ("comparison_operator", "cloudwatch", "ComparisonOperator"),
        ("image_repository_type", "apprunner", "ImageRepositoryType"),
        ("egress_type", "apprunner", "EgressType"),
    ],
)
def test_values_are_those_the_api_takes(argument: str, service: str, shape: str) -> None:
    """The provider's schema says that they are text, not which."""
    written = find_strings(rf"\b{argument} += (.*)")
    values = {value for text in written for value in re.findall(r'"([A-Za-z_]+)"', text)}
    assert values
    assert values <= set(find_model(service).shape_for(shape).enum)
