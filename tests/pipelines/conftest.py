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
from tests.s3 import run_s3

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
    """An S3 on loopback with one bucket; yields the variables that lead to it."""
    with run_s3(BUCKET) as variables:
        yield {**variables, "TRENDING_S3_ARTIFACTS": f"s3://{BUCKET}/artifacts"}
