"""The stack `aws`: the run is submitted as it would be to AWS, to an emulator, and what was submitted is carried out here, job by job.

The emulator accepts what SageMaker would, and runs nothing. So each job of the submitted definition is run as a process, in the order it says, with the command
and the environment it says and no other, in an empty folder; the run is complete only if that is enough.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.running import QUICK, ROOT
from tests.pipelines.stacked import StackRunner
from tests.pipelines.zenml_server import serve_zenml
from tests.s3 import run_s3

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]  # thirty jobs, each of which imports ZenML
boto3 = pytest.importorskip("boto3", reason="the project is installed without [aws]")
pytest.importorskip("sagemaker", reason="the project is installed without [aws]")

BUCKET, REGION, ACCOUNT = "trending-tests-aws", "eu-central-1", "123456789012"
KEY = {"aws_access_key_id": "test", "aws_secret_access_key": "planted-secret-of-aws", "region_name": REGION}


@dataclass
class SageMaker:
    """What was submitted, and what became of its jobs."""

    definition: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def cloud() -> Iterator[dict[str, str]]:
    """An emulator of AWS on loopback; yields the variables that stack aws asks for."""
    registry = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    with run_s3(BUCKET, REGION) as variables:
        boto3.client("ecr", endpoint_url=variables["AWS_ENDPOINT_URL"], **KEY).create_repository(repositoryName="trending-now-training")
        yield {
            **variables,
            "AWS_SECRET_ACCESS_KEY": KEY["aws_secret_access_key"],
            "TRENDING_AWS_REGION": REGION,
            "TRENDING_AWS_ROLE": f"arn:aws:iam::{ACCOUNT}:role/zenml",
            "TRENDING_SAGEMAKER_ROLE": f"arn:aws:iam::{ACCOUNT}:role/jobs",
            "TRENDING_ECR_REGISTRY": registry,
            "TRENDING_S3_ARTIFACTS": f"s3://{BUCKET}/artifacts",
            "TRENDING_TRAINING_IMAGE": f"{registry}/trending-now-training:test",
            "TRENDING_RELEASES": f"s3://{BUCKET}/releases",
            "TRENDING_DATA": f"s3://{BUCKET}/data",
            "TRENDING_FEATURE_STORE": f"s3://{BUCKET}/features",
            "WANDB_MODE": "offline",
        }


def carry_out(url: str, folder: Path, found: SageMaker, stop: threading.Event) -> None:
    """Wait for a pipeline to be submitted, and run its jobs."""
    client = boto3.client("sagemaker", endpoint_url=url, **KEY)
    while not stop.is_set():
        names = [one["PipelineName"] for one in client.list_pipelines()["PipelineSummaries"]]
        executions = client.list_pipeline_executions(PipelineName=names[0])["PipelineExecutionSummaries"] if names else []
        if executions:
            break
        time.sleep(0.5)
    else:
        return
    found.definition = json.loads(client.describe_pipeline(PipelineName=names[0])["PipelineDefinition"])
    waiting = {step["Name"]: step for step in found.definition["Steps"]}
    done: set[str] = set()
    while waiting and not found.failures:
        name = next(name for name, step in waiting.items() if done.issuperset(step.get("DependsOn", [])))
        job = waiting.pop(name)["Arguments"]
        said = {key: executions[0]["PipelineExecutionArn"] if isinstance(value, dict) else value for key, value in job["Environment"].items()}
        # A job's container has the image's files, its role's credentials, its region, and this environment.
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "TRENDING_HOME": str(folder / name / "home"),
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": KEY["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": KEY["aws_secret_access_key"],
            "AWS_REGION": REGION,
            **said,
        }
        command = [*job["AppSpecification"]["ContainerEntrypoint"], *job["AppSpecification"].get("ContainerArguments", [])]
        command = [sys.executable if part == "python" else part for part in command]
        place = folder / name
        place.mkdir(parents=True)
        outcome = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
        if outcome.returncode:
            found.failures.append(f"{name}: {outcome.stderr[-3000:]}{outcome.stdout[-3000:]}")
        done.add(name)


@pytest.fixture(scope="module")
def ran(cloud: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StackRunner, SageMaker, dict[str, Any]]]:
    """The training pipeline, run on the stack aws from start to end."""
    folder = tmp_path_factory.mktemp("aws")
    (folder / "sagemaker.yaml").write_text("SchemaVersion: '1.0'\nSageMaker:\n  PythonSDK:\n    Modules:\n      TelemetryOptOut: true\n", encoding="utf-8")
    # The server tries the role before it takes the connector.
    with serve_zenml(folder / "zenml-server", {"AWS_ENDPOINT_URL": cloud["AWS_ENDPOINT_URL"], "AWS_DEFAULT_REGION": REGION}) as server:
        runner = StackRunner(folder, variables={**cloud, **server, "SAGEMAKER_USER_CONFIG_OVERRIDE": str(folder / "sagemaker.yaml")})
        found, stop = SageMaker(), threading.Event()
        worker = threading.Thread(target=carry_out, args=(cloud["AWS_ENDPOINT_URL"], folder / "jobs", found, stop))
        worker.start()
        try:
            outcome = runner.run("--pipeline", "training", "--stack", "aws", "--json", *QUICK, timeout=3000)
        finally:
            stop.set()
            worker.join(60)
        assert not found.failures, found.failures
        assert outcome.returncode == 0, outcome.stderr
        yield runner, found, json.loads(outcome.stdout)


def test_the_submitted_jobs_are_all_that_a_release_needs(ran: tuple[StackRunner, SageMaker, dict[str, Any]], cloud: dict[str, str]) -> None:
    runner, found, result = ran
    assert len(found.definition["Steps"]) == result["steps"]
    assert result["location"].startswith(f"s3://{BUCKET}/releases/")
    keys = [item["Key"] for item in boto3.client("s3", endpoint_url=cloud["AWS_ENDPOINT_URL"], **KEY).list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert f"releases/{result['release']}/release.json" in keys
    assert [path for path in (runner.folder / "stores").rglob("*") if path.is_file()] == []


def test_every_job_runs_in_the_image_as_the_role_that_the_environment_names(ran: tuple[StackRunner, SageMaker, dict[str, Any]], cloud: dict[str, str]) -> None:
    for step in ran[1].definition["Steps"]:
        assert step["Arguments"]["AppSpecification"]["ImageUri"] == cloud["TRENDING_TRAINING_IMAGE"]
        assert step["Arguments"]["RoleArn"] == cloud["TRENDING_SAGEMAKER_ROLE"]


def test_the_submitted_definition_holds_no_key_of_the_cloud(ran: tuple[StackRunner, SageMaker, dict[str, Any]]) -> None:
    assert KEY["aws_secret_access_key"] not in json.dumps(ran[1].definition)
