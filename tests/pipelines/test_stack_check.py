"""What `stack check` says where parts of a stack are missing, wrong, unreachable and there: always soon, never with a stack trace."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from pipelines.remote import list_open_settings
from pipelines.stack_check import VARIABLES, check_stack
from pipelines.stacks import STACKS_DIR, fill_in, list_stack_files, list_variables, read_stack
from tests.pipelines.running import ROOT, Runner
from tests.s3 import run_s3
from trending.errors import UsageError


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable, credential or cluster of the developer's."""
    for name in (*VARIABLES, "AWS_PROFILE", "AWS_SESSION_TOKEN", "WANDB_API_KEY", "WANDB_MODE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "KUBECONFIG"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


CONNECTORS = "stack_name: x\ncomponents: {orchestrator: {name: y, flavor: local}}\nconnectors: [aws]"


def states(name: str) -> dict[str, str]:
    return {finding.part: finding.state for finding in check_stack(name)}


def test_with_no_credentials_aws_is_a_table_of_what_is_missing_soon_and_without_a_trace(runner: Runner) -> None:
    started = time.monotonic()
    outcome = runner.run("stack", "check", "aws")
    seconds = time.monotonic() - started
    assert outcome.returncode == 1
    assert seconds < 10
    assert "Traceback" not in outcome.stdout + outcome.stderr
    for said in ("TRENDING_SAGEMAKER_ROLE", "TRENDING_S3_ARTIFACTS", "TRENDING_TRAINING_IMAGE", "zenml login", "not ready"):
        assert said in outcome.stdout


def test_what_is_missing_comes_with_how_to_mend_it() -> None:
    missing = [finding for finding in check_stack("aws") if finding.state != "ready"]
    assert len(missing) >= 6
    assert all(finding.mend for finding in missing)


def test_json_says_the_same_to_a_program(runner: Runner) -> None:
    outcome = runner.run("stack", "check", "local", "--json")
    said = json.loads(outcome.stdout)
    assert (outcome.returncode, said["ok"]) == (0, True)
    assert {part["part"] for part in said["parts"]} == {"orchestrator", "artifact_store"}


def test_settings_without_credentials_are_found_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDING_S3_ARTIFACTS", "s3://bucket/artifacts")
    found = next(finding for finding in check_stack("local-s3") if finding.part == "artifact_store")
    assert (found.state, found.found) == ("missing", "no credentials of AWS")


@pytest.mark.parametrize("path", ["bucket/artifacts", "s3://", "gs://bucket"])
def test_an_address_that_is_none_of_s3_is_refused(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDING_S3_ARTIFACTS", path)
    assert states("local-s3")["artifact_store"] == "missing"


def test_a_bucket_that_answers_is_ready_and_one_that_is_not_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with run_s3("there") as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("TRENDING_S3_ARTIFACTS", "s3://there/artifacts")
        assert states("local-s3")["artifact_store"] == "ready"
        monkeypatch.setenv("TRENDING_S3_ARTIFACTS", "s3://elsewhere/artifacts")
        assert states("local-s3")["artifact_store"] == "unreachable"
    started = time.monotonic()
    assert states("local-s3")["artifact_store"] == "unreachable"  # nobody listens there any more
    assert time.monotonic() - started < 10


def test_a_cluster_that_no_kubeconfig_knows_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("kubernetes", reason="the project is installed without [aws]")
    monkeypatch.setenv("TRENDING_KUBERNETES_CONTEXT", "moon")
    monkeypatch.setenv("TRENDING_KUBERNETES_NAMESPACE", "trending-now")
    assert states("kubernetes")["orchestrator"] == "missing"


def test_airflow_wants_the_folder_it_reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRENDING_AIRFLOW_DAGS", str(tmp_path / "none"))
    assert states("airflow")["orchestrator"] == "missing"
    (tmp_path / "none").mkdir()
    assert states("airflow")["orchestrator"] == "ready"


@pytest.mark.parametrize("name", list_stack_files())
def test_every_variable_a_stack_names_is_explained(name: str) -> None:
    assert set(list_variables(read_stack(name))) <= set(VARIABLES)
    readme = (STACKS_DIR / "README.md").read_text(encoding="utf-8")
    assert all(f"`{variable}`" in readme for variable in list_variables(read_stack(name)))


@pytest.mark.parametrize("name", list_stack_files())
def test_no_stack_holds_an_account_a_key_or_an_address_of_anyones(name: str) -> None:
    text = (STACKS_DIR / f"{name}.yaml").read_text(encoding="utf-8")
    assert not re.search(r"\b\d{12}\b|AKIA|https?://|s3://(?!BUCKET)|\barn:aws", text)


def test_a_stack_whose_variables_are_not_set_says_which() -> None:
    with pytest.raises(UsageError, match="TRENDING_S3_ARTIFACTS"):
        fill_in(read_stack("local-s3"))


def test_a_run_on_a_stack_that_lacks_its_variables_is_one_line(runner: Runner) -> None:
    outcome = runner.run("--pipeline", "training", "--stack", "local-s3")
    assert outcome.returncode == 2
    assert outcome.stderr.strip().splitlines()[-1].startswith("run.py: environment: stack local-s3 needs TRENDING_S3_ARTIFACTS")


@pytest.mark.parametrize(
    "content", ["[]", "stack_name: x", "stack_name: x\ncomponents: {orchestrator: {name: y}}", "a: [", "stack_name: x\ncomponents: {}", CONNECTORS]
)
def test_a_file_that_is_no_stack_is_refused_in_one_line(content: str, tmp_path: Path, runner: Runner) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(str(path))):
        read_stack(str(path))


def test_settings_that_go_along_to_other_machines_hold_nothing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = ("TRENDING_LLM_API_KEY", "TRENDING_TMDB_KEY", "TRENDING_AUTHOR_SALT", "TRENDING_API_KEYS", "TRENDING_MCP_TOKENS", "WANDB_API_KEY")
    for name in (*secret, "TRENDING_RELEASES", "WANDB_PROJECT"):
        monkeypatch.setenv(name, "planted")
    found = list_open_settings()
    assert {"TRENDING_RELEASES", "WANDB_PROJECT"} <= set(found)
    assert not set(found) & {*secret, "TRENDING_HOME"}


def test_the_cluster_gives_step_pods_the_account_that_the_stack_names() -> None:
    import yaml

    said = list(yaml.safe_load_all((ROOT / "infra" / "kubernetes" / "rbac.yaml").read_text(encoding="utf-8")))
    accounts = {one["metadata"]["name"] for one in said if one["kind"] == "ServiceAccount"}
    assert read_stack("kubernetes")["components"]["orchestrator"]["configuration"]["service_account_name"] in accounts
