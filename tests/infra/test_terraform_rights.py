"""The rights that Terraform gives over releases are wide enough: what the release store asks of S3 is written down and held against the policies.

moto answers every request, whatever the policy, so that the comparison is ours; that the policies are narrow is what Terraform's own tests say.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.apps.killing import FileFollower
from tests.data.feature_samples import DAY, NOW, make_titles
from tests.s3 import forget_connections, serve_s3
from trending.features.store.repository import FeatureRepository
from trending.features.store.tables import build_tables
from trending.monitoring.llm import describe_check
from trending.monitoring.recordings import Group
from trending.monitoring.recordings import open_store as open_recordings
from trending.monitoring.sample import read_live
from trending.releases import ReleaseStore
from trending.releases.promotion import promote

IAM = Path(__file__).resolve().parents[2] / "infra" / "terraform" / "modules" / "iam"
BUCKET = "trending-now-test-releases-111122223333"
ACTIONS = {
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "complete_multipart_upload": "s3:PutObject",
    "create_multipart_upload": "s3:PutObject",
    "delete_object": "s3:DeleteObject",
    "delete_objects": "s3:DeleteObject",
    "get_object": "s3:GetObject",
    "head_object": "s3:GetObject",
    "list_objects_v2": "s3:ListBucket",
    "put_object": "s3:PutObject",
    "upload_part": "s3:PutObject",
}

Request = tuple[str, str]


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Request]]:
    """What s3fs asks of an S3 server of this test's own: action, and key or prefix."""
    s3fs = pytest.importorskip("s3fs", reason="the project is installed without [aws]")
    asked: list[Request] = []
    connect: Callable[..., Any] = s3fs.S3FileSystem.set_session

    async def connect_and_listen(self: Any, *args: Any, **kwargs: Any) -> Any:
        client = await connect(self, *args, **kwargs)
        if not getattr(client, "listened_to", False):
            client.meta.events.register("provide-client-params.s3", lambda params, model, **_: asked.append(describe(model.name, params)))
            client.listened_to = True
        return client

    monkeypatch.setattr(s3fs.S3FileSystem, "set_session", connect_and_listen)
    with serve_s3(BUCKET):
        yield asked


def describe(operation: str, params: dict[str, Any]) -> Request:
    method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()
    return ACTIONS[method], params.get("Key", params.get("Prefix", ""))


def open_store(cache: Path) -> ReleaseStore:
    """A store on a machine that has asked nothing yet."""
    forget_connections()
    return ReleaseStore(f"s3://{BUCKET}/releases", cache)


def read_list(text: str, pattern: str) -> list[str]:
    found = re.search(pattern + r" *= \[([^\]]*)\]", text)
    assert found
    return re.findall(r'"([^"]+)"', found[1])


@pytest.fixture
def published(requests: list[Request], bundle: Path, tmp_path: Path) -> str:
    """A release in the bucket, which was empty."""
    store = open_store(tmp_path / "training")
    if store.fs.exists(store.root):  # moto keeps buckets beyond its server
        store.fs.rm(store.root, recursive=True)
    requests.clear()
    return store.publish(bundle)


def test_the_service_reads_a_release_with_the_rights_it_has(requests: list[Request], published: str, tmp_path: Path) -> None:
    requests.clear()
    assert open_store(tmp_path / "service").open().manifest.version == published
    policy = (IAM / "main.tf").read_text(encoding="utf-8")
    prefixes = read_list(policy, '"s3:prefix"')
    assert requests
    assert {action for action, _ in requests} <= {"s3:ListBucket", "s3:GetObject"}
    assert all(any(fnmatch(key, prefix) for prefix in prefixes) for action, key in requests if action == "s3:ListBucket"), requests
    assert all(key.startswith("releases/") for action, key in requests if action == "s3:GetObject"), requests


def test_a_deployment_promotes_with_the_right_to_write_current_and_the_trail(requests: list[Request], published: str, tmp_path: Path) -> None:
    store = open_store(tmp_path / "deployment")
    store.files.remove("CURRENT")
    requests.clear()
    promote(store, published, followers=[FileFollower(tmp_path / "followed")])
    written = {(action, key) for action, key in requests if action not in {"s3:ListBucket", "s3:GetObject"}}
    trail, intent = "releases/audit/", "releases/audit/pending.json"
    put = {("s3:PutObject", key) for key in ("releases/CURRENT", intent, f"{trail}untold", f"{trail}00000002.json")}
    assert written == {*put, ("s3:DeleteObject", intent)}
    policy = (IAM / "deploy.tf").read_text(encoding="utf-8")
    for allowed in ("/releases/CURRENT", f"/{trail}*", f"/{intent}"):
        assert f'"${{var.bucket_arns.releases}}{allowed}"' in policy


def test_training_publishes_with_the_rights_it_has(requests: list[Request], published: str) -> None:
    policy = (IAM / "main.tf").read_text(encoding="utf-8")
    allowed = {*read_list(policy, "list_actions"), *read_list(policy, "write_actions")}
    assert "s3:PutObject" in {action for action, _ in requests}
    assert {action for action, _ in requests} <= allowed


def test_pipelines_use_the_tables_of_the_feature_store_with_the_rights_they_have(requests: list[Request]) -> None:
    import boto3

    boto3.setup_default_session()
    asked: set[Request] = set()
    session: Any = boto3.DEFAULT_SESSION
    session.events.register("provide-client-params.dynamodb", lambda params, model, **_: asked.add((f"dynamodb:{model.name}", str(params))))
    try:
        repository, titles = FeatureRepository(f"s3://{BUCKET}/features"), make_titles(5)
        assert repository.materialize(build_tables(titles, NOW - DAY), NOW, "one")
        assert len(repository.look_up(titles["title_id"].tolist())) == 5
    finally:
        boto3.DEFAULT_SESSION = None
    policy = (IAM / "main.tf").read_text(encoding="utf-8")
    statement = policy[policy.index('"UseFeatureTables"') :].split("}\n\n", 1)[0]
    assert {"dynamodb:CreateTable", "dynamodb:BatchWriteItem"} < {action for action, _ in asked} <= set(re.findall(r'"(dynamodb:\w+)"', statement))
    assert all(f"{BUCKET}.trending_now." in params for _, params in asked)
    for role in ("training", "learning"):
        assert "local.use_feature_tables" in (IAM / f"{role}.tf").read_text(encoding="utf-8")


def test_the_service_adds_recordings_and_learning_reads_them_with_the_rights_they_have(requests: list[Request]) -> None:
    store, hour = f"s3://{BUCKET}/monitoring", dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)
    group = Group("llm", "one", hour)
    for _ in range(2):
        group.add(np.array([describe_check("chat", passed=True)]), [0.5])
        group.write(open_recordings(store))
    assert {action for action, _ in requests} == {"s3:PutObject"}, "adding is all that the service's role is given"
    assert all(key.startswith("monitoring/one/2030-01-01T12/llm-") for _, key in requests)
    requests.clear()
    assert read_live(store, "one", hour, hour + dt.timedelta(hours=1)).calls_seen == 2
    assert {action for action, _ in requests} == {"s3:ListBucket", "s3:GetObject"}
    assert all(key.startswith("monitoring/") for action, key in requests if action == "s3:GetObject")
