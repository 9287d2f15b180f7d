"""Switch the stack, not the code: the training pipeline on every stack that can run here ends in the same figures and the same artifacts, wherever they lie."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.stacks import list_stack_files, read_stack
from tests.pipelines.running import ROOT
from tests.pipelines.stacked import BUCKET, StackRunner, train

# Whatever says when, where or by which run something was made.
_TIMED = ("model_comparison", "training_facts", "costs", "frontier", "model_card", "release_bundle", "release_version", "feature_services")
_PASSING = ("created", "digest", "version", "zenml", "git_sha")


def write_mixed_stack(folder: Path) -> Path:
    """Write a stack of the user's own: artifacts in S3, and Weights & Biases."""
    content = read_stack("local-s3")
    content["stack_name"] = "mixed"
    content["components"]["experiment_tracker"] = read_stack("local-wandb")["components"]["experiment_tracker"]
    path = folder / "mixed.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return train(StackRunner(tmp_path_factory.mktemp("local")), "local")


@pytest.mark.parametrize("stack", [pytest.param("local-wandb", marks=pytest.mark.slow), pytest.param("local-s3", marks=pytest.mark.slow), "mixed"])
def test_a_stack_changes_where_things_lie_and_nothing_else(stack: str, reference: dict[str, Any], object_store: dict[str, str], tmp_path: Path) -> None:
    runner = StackRunner(tmp_path, variables={**object_store, "WANDB_MODE": "offline"})
    found = train(runner, str(write_mixed_stack(tmp_path)) if stack == "mixed" else stack)
    assert (found["stack"], found["status"], found["active"]) == (stack, "completed", "default")
    assert forget_time(found["manifest"]) == forget_time(reference["manifest"])
    fingerprints = list_fingerprints(found)
    assert fingerprints == list_fingerprints(reference)
    assert sum(digest is not None for digest in fingerprints.values()) > len(fingerprints) / 2
    if stack != "local-wandb":
        assert all(uri.startswith(f"s3://{BUCKET}/artifacts/") for uri, _ in found["artifacts"].values())
        assert list_keys(object_store) >= {uri.removeprefix(f"s3://{BUCKET}/") for uri, _ in found["artifacts"].values()}
        assert [path for path in (tmp_path / "stores").rglob("*") if path.is_file() and "zenml.db" not in path.name] == []
    if stack != "local-s3":
        assert list((runner.home / "wandb").glob("offline-run-*"))


def forget_time(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what a release is, without what says when, how fast and by which run it was made: the model card does too."""
    files = {name: digest for name, digest in manifest["files"].items() if name != "model_card.md"}
    return {**{name: value for name, value in manifest.items() if name not in _PASSING}, "files": files}


def list_fingerprints(found: dict[str, Any]) -> dict[str, str | None]:
    """Return the content hashes of a run's artifacts, but of those that say how long something took, or when."""
    return {name: digest for name, (_, digest) in found["artifacts"].items() if name.split("/")[1] not in _TIMED}


def list_keys(variables: dict[str, str]) -> set[str]:
    """Return the folders of the bucket that hold objects."""
    import boto3

    client = boto3.client("s3", endpoint_url=variables["AWS_ENDPOINT_URL"], aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return {"/".join(key.split("/")[:depth]) for key in keys for depth in range(1, key.count("/") + 1)}


def test_no_step_and_no_domain_code_names_a_stack_or_its_components() -> None:
    """A step that named one would run on no other."""
    named = set(list_stack_files()) - {"local"}
    for stack in list_stack_files():
        for spec in read_stack(stack)["components"].values():
            named |= {spec["name"], spec["flavor"]}
    named -= {"local", "default", "aws", "s3", "wandb", "airflow", "kubernetes"}  # words that mean other things too, looked for as arguments below
    pattern = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in sorted(named)))
    attached = re.compile(r"\b(experiment_tracker|step_operator|model_deployer|alerter)\s*=|active_stack|StackComponentType")
    for folder in ("steps", "trending"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert not attached.search(text), path
            if folder == "steps":
                assert not pattern.search(text), path
