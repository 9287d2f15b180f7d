"""The rights that Terraform gives over releases are wide enough: what the release store asks of S3 is written down and held against the policies.

moto answers every request, whatever the policy, so that the comparison is ours; that the policies are narrow is what Terraform's own tests say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from trending.releases import ReleaseStore

pytest.importorskip("s3fs", reason="s3fs is not installed")
server = pytest.importorskip("moto.server", reason="moto is not installed")

IAM = Path(__file__).resolve().parents[2] / "infra" / "terraform" / "modules" / "iam"
BUCKET = "trending-now-test-releases-111122223333"
ACTIONS = {
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "complete_multipart_upload": "s3:PutObject",
    "create_multipart_upload": "s3:PutObject",
    "delete_objects": "s3:DeleteObject",
    "get_object": "s3:GetObject",
    "head_object": "s3:GetObject",
    "list_objects_v2": "s3:ListBucket",
    "put_object": "s3:PutObject",
    "upload_part": "s3:PutObject",
}

Request = tuple[str, str]


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Request]]:
    """What s3fs asks of an S3 server of this test's own: action, and key or prefix."""
    import boto3
    import s3fs

    moto = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    moto.start()
    host, port = moto.get_host_and_port()
    named = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    kept_out = {"AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"), "AWS_EC2_METADATA_DISABLED": "true"}
    for name, value in (named | kept_out).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    s3fs.S3FileSystem.clear_instance_cache()
    asked: list[Request] = []
    connect: Callable[..., Any] = s3fs.S3FileSystem.set_session

    async def connect_and_listen(self: Any, *args: Any, **kwargs: Any) -> Any:
        client = await connect(self, *args, **kwargs)
        if not getattr(client, "listened_to", False):
            client.meta.events.register("provide-client-params.s3", lambda params, model, **_: asked.append(describe(model.name, params)))
            client.listened_to = True
        return client

    monkeypatch.setattr(s3fs.S3FileSystem, "set_session", connect_and_listen)
    yield asked
    s3fs.S3FileSystem.clear_instance_cache()
    moto.stop()


def describe(operation: str, params: dict[str, Any]) -> Request:
    method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()
    return ACTIONS[method], params.get("Key", params.get("Prefix", ""))


def open_store(cache: Path) -> ReleaseStore:
    """A store on a machine that has asked nothing yet."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    return ReleaseStore(f"s3://{BUCKET}/releases", cache)


def read_list(text: str, pattern: str) -> list[str]:
    found = re.search(pattern + r" *= \[([^\]]*)\]", text)
    assert found
    return re.findall(r'"([^"]+)"', found[1])


@pytest.fixture
def published(requests: list[Request], bundle: Path, tmp_path: Path) -> str:
    """A release in the bucket."""
    return open_store(tmp_path / "training").publish(bundle)


def test_the_service_reads_a_release_with_the_rights_it_has(requests: list[Request], published: str, tmp_path: Path) -> None:
    requests.clear()
    assert open_store(tmp_path / "service").open().manifest.version == published
    policy = (IAM / "main.tf").read_text(encoding="utf-8")
    prefixes = read_list(policy, '"s3:prefix"')
    assert requests
    assert {action for action, _ in requests} <= {"s3:ListBucket", "s3:GetObject"}
    assert all(any(fnmatch(key, prefix) for prefix in prefixes) for action, key in requests if action == "s3:ListBucket"), requests
    assert all(key.startswith("releases/") for action, key in requests if action == "s3:GetObject"), requests


def test_a_deployment_promotes_with_the_right_to_write_one_object(requests: list[Request], published: str, tmp_path: Path) -> None:
    requests.clear()
    open_store(tmp_path / "deployment").promote(published)
    assert {(action, key) for action, key in requests if action not in {"s3:ListBucket", "s3:GetObject"}} == {("s3:PutObject", "releases/CURRENT")}
    assert "/releases/CURRENT" in (IAM / "deploy.tf").read_text(encoding="utf-8")


def test_training_publishes_with_the_rights_it_has(requests: list[Request], published: str) -> None:
    policy = (IAM / "main.tf").read_text(encoding="utf-8")
    allowed = {*read_list(policy, "list_actions"), *read_list(policy, "write_actions")}
    assert "s3:PutObject" in {action for action, _ in requests}
    assert {action for action, _ in requests} <= allowed
