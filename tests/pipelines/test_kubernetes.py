"""The stack `kubernetes`: what is submitted is recorded by a stand-in for the API server, and is what a real one's schemas accept.

No cluster runs here, so what its pods would do isn't checked: the stand-in accepts objects and runs nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipelines.running import QUICK, ROOT
from tests.pipelines.stacked import BUCKET, StackRunner
from tests.pipelines.zenml_server import serve_zenml

pytest.importorskip("kubernetes", reason="the project is installed without [aws]")
validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")

VERSION, NAMESPACE = "1.31", "trending-now"
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")  # as ZenML's tokens are


@dataclass
class Cluster:
    """An API server that accepts what is made, and says that it is there."""

    url: str = ""
    made: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # what kind, as the address says, and the object


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    found = Cluster()

    class Handler(BaseHTTPRequestHandler):
        def answer(self, status: int, said: dict[str, Any]) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            made = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.made.append((self.path.split("?")[0].rsplit("/", 1)[-1], made))
            self.answer(201, made)

        def do_GET(self) -> None:
            lists = self.path.rsplit("/", 1)[-1].split("?")[0] in {"pods", "jobs", "secrets", "events", "namespaces"}
            self.answer(*(200, {"items": [], "metadata": {}}) if lists else (404, {"kind": "Status", "code": 404, "reason": "NotFound"}))

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()


@pytest.mark.parametrize("path", sorted((ROOT / "infra" / "kubernetes").glob("*.yaml")), ids=lambda path: path.name)
def test_what_the_cluster_is_set_up_with_fits_its_schemas(path: Path) -> None:
    for one in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        validate.validate(one, VERSION, strict=True)


@pytest.fixture(scope="module")
def submitted(cluster: Cluster, object_store: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, dict[str, Any]]]:
    """What the training pipeline sends to the cluster."""
    folder = tmp_path_factory.mktemp("kubernetes")
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": cluster.url}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "tester"}}],
        "users": [{"name": "tester", "user": {"token": "none"}}],
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(config), encoding="utf-8")
    with serve_zenml(folder / "zenml-server") as server:
        variables = {
            "KUBECONFIG": str(folder / "kubeconfig"),
            "TRENDING_KUBERNETES_CONTEXT": "here",
            "TRENDING_KUBERNETES_NAMESPACE": NAMESPACE,
            "TRENDING_REGISTRY": "registry.example.org",
            "TRENDING_RELEASES": f"s3://{BUCKET}/releases",
            "TRENDING_DATA": f"s3://{BUCKET}/data",
            "TRENDING_FEATURE_STORE": f"s3://{BUCKET}/features",
            "TRENDING_TRAINING_IMAGE": "registry.example.org/trending-now-training:test",
            "TRENDING_LLM_API_KEY": "planted-secret-of-a-model",
        }
        runner = StackRunner(folder, variables={**object_store, **server, **variables})
        refused = runner.run("--pipeline", "ingestion", "--stack", "kubernetes", "--set", "source=starter")
        command = [sys.executable, str(ROOT / "run.py"), "--pipeline", "training", "--stack", "kubernetes", *QUICK]
        run = subprocess.Popen(command, env=runner.environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            for _ in range(400):
                if run.poll() is not None or any(kind == "jobs" for kind, _ in cluster.made):
                    break
                time.sleep(0.5)
        finally:
            run.terminate()
        said = run.communicate(timeout=60)[0]
    assert any(kind == "jobs" for kind, _ in cluster.made), said
    # Without a salt for all machines: refused before anything was submitted.
    assert refused.returncode == 2, refused.stderr
    assert "TRENDING_AUTHOR_SALT: stack kubernetes runs steps on other machines" in refused.stderr
    return cluster.made


def forget_nulls(part: Any) -> Any:
    """Return an object without what is null, which to an API server is absent: ZenML sends a few under names of Python's."""
    if isinstance(part, dict):
        return {key: forget_nulls(value) for key, value in part.items() if value is not None}
    return [forget_nulls(one) for one in part] if isinstance(part, list) else part


@pytest.mark.slow
def test_the_submitted_job_fits_the_schemas_and_the_namespaces_demands(submitted: list[tuple[str, dict[str, Any]]]) -> None:
    job = next(one for kind, one in submitted if kind == "jobs")
    validate.validate({"apiVersion": "batch/v1", "kind": "Job", **forget_nulls(job)}, VERSION, strict=True)  # the address says so on the wire
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (pod["serviceAccountName"], container["image"]) == ("trending-now", "registry.example.org/trending-now-training:test")
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.slow
def test_no_pod_carries_a_secret_in_clear(submitted: list[tuple[str, dict[str, Any]]]) -> None:
    jobs = json.dumps([one for kind, one in submitted if kind != "secrets"])
    assert "planted-secret-of-a-model" not in jobs
    assert not TOKEN.search(jobs)
    assert any(kind == "secrets" for kind, _ in submitted)
