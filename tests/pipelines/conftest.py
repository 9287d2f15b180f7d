"""Real ZenML runs: each test session has a ZenML state of its own, and runs go through the command line as a user's would."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.running import QUICK, ROOT, Runner
from tests.pipelines.stacked import BUCKET

# Tests that import steps into this very process must not touch the developer's own ZenML state.
os.environ["ZENML_CONFIG_PATH"] = tempfile.mkdtemp(prefix="zenml-of-tests-")
os.environ["ZENML_ANALYTICS_OPT_IN"] = "false"


@pytest.fixture(scope="session", autouse=True)
def _source_root() -> None:
    """Tell ZenML where the steps are: it would ask the main module's file, which a worker of pytest-xdist doesn't have."""
    from zenml.utils.source_utils import set_custom_source_root  # after the settings above

    set_custom_source_root(str(ROOT))


@pytest.fixture(scope="session")
def zenml_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for ZenML's state, shared by the session: making its database takes seconds."""
    return tmp_path_factory.mktemp("zenml")


@pytest.fixture(scope="session")
def runner(zenml_state: Path, encoder_cache: list[Path]) -> Runner:
    """The session's runner; making the encoder is tested elsewhere."""
    return Runner(zenml_state).with_encoder(*encoder_cache)


@pytest.fixture(scope="session")
def trained(runner: Runner) -> dict[str, Any]:
    """The main job, run once: the whole starter catalogue, quick models."""
    return runner.train(*QUICK)


@pytest.fixture(scope="module")
def object_store() -> Iterator[dict[str, str]]:
    """An S3 on loopback with one empty bucket; yields the variables that lead to it."""
    boto3 = pytest.importorskip("boto3", reason="the project is installed without [aws]")
    server = pytest.importorskip("moto.server", reason="moto is not installed").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TRENDING_S3_ARTIFACTS": f"s3://{BUCKET}/artifacts",
    }
    client = boto3.client("s3", endpoint_url=variables["AWS_ENDPOINT_URL"], aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    yield variables
    server.stop()
