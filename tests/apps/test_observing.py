"""A service as those see it who run it: its log, its metrics for Prometheus and CloudWatch, and its traces, after real traffic. None shows who asked what."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.apps.conftest import NO_RATE_LIMIT, ROOT, Server, find_free_port
from tests.apps.observed import SECRET, TRACE_ID, Collector, collect_traces, send_traffic
from tests.llm.server import serve_script

MONITORING = ROOT / "infra" / "monitoring"
KNOWN = yaml.safe_load((MONITORING / "metrics.yaml").read_text(encoding="utf-8"))


@dataclass
class Watched:
    """A server under watch; `metrics` is what it exported after the traffic."""

    server: Server
    collector: Collector
    metrics: str


@pytest.fixture(scope="module")
def watched(start_server: Callable[..., Server], published_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """`serve all` with everything on: a language model, EMF, traces; traffic has passed."""
    home = tmp_path_factory.mktemp("watched")
    shutil.copytree(published_home / "releases", home / "releases")
    with serve_script() as model, collect_traces() as collector:
        settings = NO_RATE_LIMIT | {
            "TRENDING_METRICS": "emf",
            "TRENDING_LLM_MODEL": "openai/good",
            "TRENDING_LLM_API_BASE": model.url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        server = start_server(home, "all", settings)
        try:
            send_traffic(server.url)
            yield Watched(server, collector, httpx.get(f"{server.url}/metrics").text)
        finally:
            server.stop()


@pytest.fixture(scope="module")
def lines(watched: Watched) -> list[dict[str, Any]]:
    """The server's log so far."""
    return [line for line in map(json.loads, watched.server.log.read_text(encoding="utf-8").splitlines()) if "_aws" not in line]


def sum_samples(metrics: str, name: str, **labels: str) -> float:
    """Return the sum of a metric over all series with these labels; `status="4"` stands for all of 4xx, and probes are left out."""
    samples = [sample for family in text_string_to_metric_families(metrics) for sample in family.samples if sample.name == name]
    asked = [sample for sample in samples if sample.labels.get("route") not in ("/health", "/ready", "/metrics")]
    return sum(sample.value for sample in asked if all(sample.labels[label].startswith(value) for label, value in labels.items()))


def test_nothing_that_a_client_sent_is_in_logs_metrics_or_traces(watched: Watched) -> None:
    seen = watched.server.log.read_text(encoding="utf-8") + watched.metrics + "".join(map(str, watched.collector.requests))
    assert seen.count("/v1/predict") > 3
    assert SECRET.lower() not in seen.lower()
    assert "127.0.0.1" not in re.sub(r"Uvicorn running on \S+", "", seen)


def test_every_request_has_one_line_that_says_what_became_of_it(lines: list[dict[str, Any]], watched: Watched) -> None:
    requests = [line for line in lines if line["event"] == "request"]
    assert {"/v1/search", "/v1/titles/{title_id:path}", "/v1/predict", "/mcp", "unmatched", "page"} <= {line["route"] for line in requests}
    for line in requests:
        assert set(line) - {"trace_id"} == {"event", "level", "timestamp", "service", "request_id", "method", "route", "status", "ms", "release"}
        assert re.fullmatch(r"[0-9a-f]{32}", line["request_id"])
        assert line["level"] == ("error" if line["status"] >= 500 else "info")
        assert line["ms"] >= 0
    assert len({line["request_id"] for line in requests}) == len(requests)
    assert sum(line["route"] == "/v1/predict" for line in requests) == 3
    assert sum_samples(watched.metrics, "trending_http_requests_total", route="/v1/predict") == 3


def test_a_request_keeps_the_id_it_came_with_if_that_is_one(watched: Watched) -> None:
    given = "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert httpx.get(f"{watched.server.url}/health", headers={"x-request-id": given}).headers["x-request-id"] == given
    for bad in (SECRET, "1", "a" * 65, "0f8fad5b d9cb-469f-a165-70867728950e"):
        assert httpx.get(f"{watched.server.url}/health", headers={"x-request-id": bad}).headers["x-request-id"] != bad
    time.sleep(1)  # lines are written a tenth of a second later
    assert given in watched.server.log.read_text(encoding="utf-8")


def test_what_is_exported_is_what_the_list_says(watched: Watched) -> None:
    exported = {}
    for family in text_string_to_metric_families(watched.metrics):
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        assert family.samples, f"nobody sets {family.name}"
        exported[family.name + ("_total" if family.type == "counter" else "")] = (family.type, sorted(labels))
    assert exported == {one["name"]: (one["type"], sorted(one["labels"])) for one in KNOWN["prometheus"]}


def test_labels_have_few_values_whatever_clients_ask_for(watched: Watched) -> None:
    with httpx.Client(base_url=watched.server.url) as client:
        before = client.get("/metrics").text.count("\n")
        for number in range(30):
            client.get(f"/v1/titles/{number}")
            client.get(f"/v1/made-up-{number}")
            client.request(f"MADEUP{'ABCDEFGHIJ'[number % 10]}", "/v1/genres")
        assert client.get("/metrics").text.count("\n") <= before + 20


def test_spans_of_a_request_are_one_trace_with_its_caller(watched: Watched, lines: list[dict[str, Any]]) -> None:
    deadline = time.monotonic() + 10
    wanted = {"POST /v1/predict", "GET /v1/search", "POST /mcp", "score texts", "search catalogue", "call tool"}
    while wanted - {span.name for span in watched.collector.spans} and time.monotonic() < deadline:
        time.sleep(0.1)
    spans = watched.collector.spans
    assert wanted <= {span.name for span in spans}
    by_id = {span.span_id: span for span in spans}
    parents = {(span.name, by_id[span.parent_span_id].name) for span in spans if span.parent_span_id in by_id}
    assert {
        ("score texts", "POST /v1/predict"),
        ("search catalogue", "GET /v1/search"),
        ("search catalogue", "call tool"),
        ("call tool", "POST /mcp"),
    } <= parents
    assert TRACE_ID in {span.trace_id.hex() for span in spans if span.name == "POST /v1/predict"}
    assert TRACE_ID in {line["trace_id"] for line in lines if line.get("route") == "/v1/predict"}
    resource = {one.key: one.value.string_value for one in watched.collector.requests[0].resource_spans[0].resource.attributes}
    assert resource["service.name"] == "trending-now"


def test_prometheus_finds_something_for_every_panel_and_no_rule_fails(watched: Watched, tmp_path: Path) -> None:
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("prometheus is not installed here (Debian: apt-get install prometheus)")
    config = yaml.safe_load((MONITORING / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(MONITORING / "prometheus" / name) for name in config["rule_files"]]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [watched.server.url.removeprefix("http://")]}]
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{find_free_port()}"
    command = [binary, f"--config.file={tmp_path}/prometheus.yaml", f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address={address}"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        empty = list_queries()
        assert len(empty) > 20
        deadline = time.monotonic() + 40
        with httpx.Client(base_url=f"http://{address}/api/v1", timeout=10) as client:
            while not ask(client, 'up{job="trending-now"} == 1') and time.monotonic() < deadline:
                time.sleep(0.2)
            time.sleep(2)
            send_traffic(watched.server.url)  # between two scrapes, or nothing seems to grow
            while empty and time.monotonic() < deadline:
                time.sleep(0.5)
                empty = [query for query in empty if not ask(client, query)]
            assert not empty, (tmp_path / "log").read_text()[-2_000:]
            rules = [rule for group in client.get("/rules").json()["data"]["groups"] for rule in group["rules"]]
            assert {rule["health"] for rule in rules} == {"ok"}
            assert len(rules) == 16
            assert not [rule["name"] for rule in rules if rule.get("state") == "firing"]
    finally:
        process.terminate()
        process.wait(20)


def list_queries() -> list[str]:
    """Return what the dashboards ask."""
    boards = [json.loads(path.read_text(encoding="utf-8")) for path in (MONITORING / "grafana" / "dashboards").glob("*.json")]
    return [target["expr"] for board in boards for panel in board["panels"] for target in panel.get("targets", [])]


def ask(client: httpx.Client, query: str) -> bool:
    """Say whether a query finds a number; while Prometheus starts, nothing does."""
    try:
        answer = client.get("/query", params={"query": query})
    except httpx.TransportError:
        return False
    if answer.status_code == 503:
        return False
    assert answer.status_code == 200, answer.text
    return any(series["value"][1] != "NaN" for series in answer.json()["data"]["result"])


def test_the_last_emf_line_comes_as_the_server_ends_and_counts_what_the_registry_counts(watched: Watched) -> None:
    """The last test of this file: it ends the server."""
    metrics = httpx.get(f"{watched.server.url}/metrics").text
    assert watched.server.stop() in (0, 143, -15)
    documents = [line for line in map(json.loads, watched.server.log.read_text(encoding="utf-8").splitlines()) if "_aws" in line]
    told = {
        name: sum(document[name] for document in documents) for name in ("Requests", "ClientErrors", "ServerErrors", "TextsScored", "ToolCalls", "LlmCalls")
    }
    assert told == {
        "Requests": sum_samples(metrics, "trending_http_requests_total"),
        "ClientErrors": sum_samples(metrics, "trending_http_requests_total", status="4"),
        "ServerErrors": sum_samples(metrics, "trending_http_requests_total", status="5"),
        "TextsScored": sum_samples(metrics, "trending_texts_scored_total"),
        "ToolCalls": sum_samples(metrics, "trending_mcp_tool_calls_total"),
        "LlmCalls": sum_samples(metrics, "trending_llm_calls_total"),
    }
    assert all(told[name] for name in told if name != "ServerErrors")
    assert {one["Name"] for one in documents[-1]["_aws"]["CloudWatchMetrics"][0]["Metrics"]} <= {one["name"] for one in KNOWN["emf"]["metrics"]}
