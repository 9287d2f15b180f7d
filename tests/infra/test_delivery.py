"""What the workflows run besides run.py: putting an image into a service, asking a service at every door, and the model's report."""

from __future__ import annotations

import copy
import datetime as dt
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import boto3
import pytest
from botocore.stub import Stubber

from tests.infra.tools import ROOT, load_script
from trending.evaluation.judgement import Figure
from trending.provenance import RunOrigin
from trending.releases.manifest import DataOrigin, Manifest

DEPLOY, REPORT = load_script("infra/docker/deploy.py"), load_script(".github/model_report.py")
ECS = "arn:aws:ecs:eu-central-1:111122223333:service/trending/trending"
RUNNER = "arn:aws:apprunner:eu-central-1:111122223333:service/trending/0123456789abcdef"
OLD, NEW = (f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/trending-now/serving@sha256:{digit * 64}" for digit in "01")
CONTAINER = {"image": OLD, "containerPort": 8000, "environment": [{"name": "TRENDING_RELEASES", "value": "s3://example/releases"}]}


def make_client(kind: str) -> tuple[Any, Stubber]:
    client = boto3.client(kind, region_name="eu-central-1", aws_access_key_id="none", aws_secret_access_key="none")
    stubber = Stubber(client)
    stubber.activate()
    return client, stubber


def express_state(*images: str, under_way: bool = False) -> dict[str, Any]:
    service: dict[str, Any] = {"serviceArn": ECS, "activeConfigurations": [{"primaryContainer": CONTAINER | {"image": image}} for image in images]}
    return {"service": service | ({"currentDeployment": f"{ECS}/1"} if under_way else {})}


def expect_express(*states: dict[str, Any]) -> tuple[Any, Stubber]:
    """Return a client that checks each request against AWS's own model, and answers with these states."""
    client, stubber = make_client("ecs")
    stubber.add_response("describe_express_gateway_service", express_state(OLD), {"serviceArn": ECS})
    stubber.add_response("update_express_gateway_service", {}, {"serviceArn": ECS, "primaryContainer": CONTAINER | {"image": NEW}})
    for state in states:
        stubber.add_response("describe_express_gateway_service", state, {"serviceArn": ECS})
    return client, stubber


def test_an_image_is_deployed_once_it_alone_runs_and_the_rest_of_the_container_stays() -> None:
    client, stubber = expect_express(express_state(OLD), express_state(OLD, NEW, under_way=True), express_state(NEW))
    assert DEPLOY.deploy(DEPLOY.ExpressService(client, ECS), NEW, seconds=5, pause=0) == OLD
    stubber.assert_no_pending_responses()


def test_a_deployment_that_is_taken_back_has_failed() -> None:
    client, _ = expect_express(express_state(OLD, NEW, under_way=True), *[express_state(OLD)] * 3)
    with pytest.raises(DEPLOY.DeployError, match="taken back"):
        DEPLOY.deploy(DEPLOY.ExpressService(client, ECS), NEW, seconds=5, pause=0)


def test_a_service_that_is_slow_to_begin_is_given_time() -> None:
    client, stubber = expect_express(*[express_state(OLD)] * 5, express_state(OLD, NEW, under_way=True), express_state(NEW))
    assert DEPLOY.deploy(DEPLOY.ExpressService(client, ECS), NEW, seconds=5, pause=0) == OLD
    stubber.assert_no_pending_responses()


def test_a_deployment_that_never_begins_has_failed_after_the_grace() -> None:
    client, _ = expect_express(*[express_state(OLD)] * 3)
    with pytest.raises(DEPLOY.DeployError, match="taken back"):
        DEPLOY.deploy(DEPLOY.ExpressService(client, ECS), NEW, seconds=5, pause=0, grace=0)


def test_an_image_that_runs_already_is_left_alone() -> None:
    client, stubber = make_client("ecs")
    for _ in range(2):
        stubber.add_response("describe_express_gateway_service", express_state(NEW), {"serviceArn": ECS})
    assert DEPLOY.deploy(DEPLOY.ExpressService(client, ECS), NEW, seconds=5, pause=0) == NEW
    stubber.assert_no_pending_responses()


def test_a_deployment_that_takes_too_long_has_failed() -> None:
    client, _ = expect_express(express_state(OLD, NEW, under_way=True))
    with pytest.raises(DEPLOY.DeployError, match="after 0 s"):
        DEPLOY.deploy(DEPLOY.ExpressService(client, ECS), NEW, seconds=0, pause=0)


def test_app_runner_keeps_the_rest_of_its_source() -> None:
    client, stubber = make_client("apprunner")
    source = {"ImageRepository": {"ImageIdentifier": OLD, "ImageRepositoryType": "ECR", "ImageConfiguration": {"Port": "8000"}}}
    changed = copy.deepcopy(source)
    changed["ImageRepository"]["ImageIdentifier"] = NEW
    always = {
        "ServiceName": "trending", "ServiceId": "0" * 32, "ServiceArn": RUNNER, "CreatedAt": 0, "UpdatedAt": 0, "InstanceConfiguration": {},
        "NetworkConfiguration": {}, "AutoScalingConfigurationSummary": {},
    }  # fmt: skip
    # Just after the request it may still say that it runs, with the new image already.
    for status, held in (("RUNNING", source), ("UPDATE", changed), ("RUNNING", changed), ("OPERATION_IN_PROGRESS", changed), ("RUNNING", changed)):
        if status == "UPDATE":
            answer = {"Service": always | {"Status": "OPERATION_IN_PROGRESS", "SourceConfiguration": changed}, "OperationId": "0" * 36}
            stubber.add_response("update_service", answer, {"ServiceArn": RUNNER, "SourceConfiguration": changed})
        else:
            stubber.add_response("describe_service", {"Service": always | {"Status": status, "SourceConfiguration": held}}, {"ServiceArn": RUNNER})
    assert DEPLOY.deploy(DEPLOY.RunnerService(client, RUNNER), NEW, seconds=5, pause=0) == OLD
    stubber.assert_no_pending_responses()
    stubber.add_response("describe_service", {"Service": always | {"Status": "RUNNING", "SourceConfiguration": changed}}, {"ServiceArn": RUNNER})
    stubber.add_response("describe_service", {"Service": always | {"Status": "RUNNING", "SourceConfiguration": changed}}, {"ServiceArn": RUNNER})
    assert DEPLOY.deploy(DEPLOY.RunnerService(client, RUNNER), NEW, seconds=5, pause=0) == NEW


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--service", ECS, "--image", "trending:latest"], 2, "isn't REPOSITORY@sha256:DIGEST"),
        (["--service", "arn:aws:s3:::example", "--image", NEW], 1, "names no service"),
    ],
)
def test_what_cant_be_deployed_is_refused_in_one_line(arguments: list[str], code: int, said: str) -> None:
    ran = subprocess.run([sys.executable, "infra/docker/deploy.py", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == code
    assert said in ran.stderr.splitlines()[-1]


def test_a_service_that_isnt_there_fails_the_smoke_test_in_one_line() -> None:
    ran = subprocess.run([sys.executable, "infra/docker/smoke.py", "http://127.0.0.1:9", "--wait", "0"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith("smoke.py: still not well: http://127.0.0.1:9/ready")
    assert len(ran.stderr.splitlines()) == 1


class Answers(BaseHTTPRequestHandler):
    """Answers each path with 200 and the next of what is laid out for it; the last stays."""

    laid_out: ClassVar[dict[str, list[str]]] = {}

    def do_GET(self) -> None:
        """Answer."""
        answers = self.laid_out[self.path.partition("?")[0]]
        body = (answers.pop(0) if len(answers) > 1 else answers[0]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Answer whatever was sent."""
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Keep still."""


WELL = {
    "/ready": ['{"release": "1"}'],
    "/": ["gradio"],
    "/v1/predict": ['{"predictions": [{"genres": ["Western"]}]}'],
    "/v1/search": ['{"titles": [{}]}'],
    "/metrics": ["trending_http_requests_total 1"],
    "/mcp": ['{"serverInfo": {}}'],
}
WRONG = ["<html>\n<p>soon</p>\n</html>", "{}", "[]", "null", '{"predictions": []}']


def smoke(answers: dict[str, list[str]], wait: str) -> subprocess.CompletedProcess[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Laid", (Answers,), {"laid_out": answers}))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        command = [sys.executable, "infra/docker/smoke.py", f"http://127.0.0.1:{server.server_address[1]}", "--wait", wait]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    finally:
        server.shutdown()
        server.server_close()


def test_a_wrong_answer_with_200_is_asked_again_until_it_is_right() -> None:
    ran = smoke(WELL | {"/ready": [*WRONG, *WELL["/ready"]]}, "30")
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("path", ["/ready", "/v1/predict", "/v1/search"])
def test_a_wrong_answer_with_200_that_stays_fails_in_one_line_that_names_the_door(path: str, wrong: str) -> None:
    ran = smoke(WELL | {path: [wrong]}, "0")
    assert ran.returncode == 1
    assert ran.stderr.startswith("smoke.py: ")
    assert path in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def make_figures(low: float = 0.5, value: float = 0.6, high: float = 0.7) -> dict[str, Any]:
    """Return a `release.json` as the project writes it."""
    figures = {name: Figure(value=value, low=low, high=high) for name in ("macro_f1", "micro_f1", "weighted_f1", "samples_f1", "map", "ece")}
    manifest = Manifest(
        version="20300101T000000Z-00000000",
        created=dt.datetime(2030, 1, 1, tzinfo=dt.UTC),
        project_version="0.1.0",
        git_sha="",
        data=DataOrigin(source="starter", fingerprint="0" * 64, rows=1_268, starter=True, rights=["open_*"]),
        zenml=RunOrigin(),
        model_kind="tfidf_logreg",
        metrics=figures,
        baseline=figures,
        leak={},
        thresholds={},
        bands={},
        files={},
    )
    return dict(json.loads(manifest.model_dump_json()))


def test_the_report_sets_a_change_beside_main() -> None:
    head, main = make_figures(), make_figures(value=0.5)
    said = REPORT.write_report(head, main)
    assert "| macro F1 |" in said
    assert "+0.100" in said
    assert not REPORT.is_worse(head, main)


def test_a_change_is_worse_only_if_its_whole_interval_is_and_the_data_are_the_same() -> None:
    head, main = make_figures(), make_figures(value=0.7)
    assert not REPORT.is_worse(head, main)
    main["metrics"]["macro_f1"]["value"] = 0.701
    assert REPORT.is_worse(head, main)
    main["data"]["fingerprint"] = "1" * 64
    assert not REPORT.is_worse(head, main)


def test_without_figures_of_main_the_report_says_so() -> None:
    assert "no figures of main" in REPORT.write_report(make_figures(), None)
    assert not REPORT.is_worse(make_figures(), None)
