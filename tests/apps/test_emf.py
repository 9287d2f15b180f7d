"""Lines for CloudWatch: valid by the specification of its embedded metric format, true to the registry they are made of, and there when a service ends."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from typing import Any

import jsonschema
import pytest
import yaml

from apps.observing import emf
from apps.observing.emf import EmfReporter, estimate_quantile
from apps.observing.measures import Measures
from tests.apps.conftest import ROOT
from trending.telemetry import Fallback, LlmCall, ToolCall

NAME = {"type": "string", "minLength": 1, "maxLength": 250}
UNITS = ["Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Percent", "Count", "Count/Second", "None"]
METRIC = {
    "type": "object",
    "required": ["Name"],
    "properties": {"Name": {**NAME, "maxLength": 1024}, "Unit": {"enum": UNITS}, "StorageResolution": {"enum": [1, 60]}},
}
DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "properties": {
        "Namespace": {"type": "string", "pattern": r"^[^:\s][^:]{0,254}$"},
        "Dimensions": {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 1, "maxItems": 30, "items": NAME}},
        "Metrics": {"type": "array", "minItems": 1, "maxItems": 100, "items": METRIC},
    },
}
# What the "Specification: Embedded metric format" asks for that a schema can say; `check` does the rest.
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {"Timestamp": {"type": "integer"}, "CloudWatchMetrics": {"type": "array", "minItems": 1, "items": DIRECTIVE}},
        }
    },
}
LISTED = yaml.safe_load((ROOT / "infra" / "monitoring" / "metrics.yaml").read_text(encoding="utf-8"))["emf"]


def check(line: str) -> dict[str, Any]:
    """Return a line's document; fails if CloudWatch would refuse it or leave something out."""
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert len(line) < 256_000
    document: dict[str, Any] = json.loads(line, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))
    jsonschema.validate(document, SCHEMA)
    assert abs(document["_aws"]["Timestamp"] / 1000 - time.time()) < 60
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for dimension in (name for dimensions in directive["Dimensions"] for name in dimensions):
            assert isinstance(document[dimension], str)
            assert document[dimension]
        for metric in directive["Metrics"]:
            assert isinstance(document[metric["Name"]], int | float)
    return document


def make_reporter(measures: Measures) -> tuple[EmfReporter, list[str]]:
    lines: list[str] = []
    return EmfReporter(measures.registry, "here", lambda: measures.release_version, lines.append), lines


def test_a_line_is_a_valid_document_with_the_listed_metrics_units_and_dimensions() -> None:
    measures = Measures()
    measures.release.labels("v1", "blend").set(1)
    for name in ("trending_release_age_seconds", "trending_data_age_seconds"):
        measures._keep_age(name, "made up", dt.datetime.now(dt.UTC) - dt.timedelta(days=2))
    measures.count_request("/v1/search", "GET", 200, 0.02)
    reporter, lines = make_reporter(measures)
    reporter.flush()
    document = check(lines[0])
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == LISTED["namespace"]
    assert directive["Dimensions"] == [LISTED["dimensions"]]
    assert set(LISTED["properties"]) <= set(document)
    assert {one["Name"]: one["Unit"] for one in directive["Metrics"]} == {one["name"]: one["unit"] for one in LISTED["metrics"]}


def test_a_service_that_has_done_nothing_writes_zeros_and_leaves_out_what_it_can_not_know() -> None:
    reporter, lines = make_reporter(Measures())
    reporter.flush()
    document = check(lines[0])
    assert (document["Requests"], document["ReleaseLoaded"]) == (0, 0)
    assert not {"ReleaseAgeSeconds", "DataAgeSeconds", "RequestSecondsP50", "RequestSecondsP99"} & set(document)


def test_lines_add_up_to_what_the_counters_say() -> None:
    measures = Measures()
    reporter, lines = make_reporter(measures)
    for round_ in range(3):
        for _ in range(round_ + 1):
            measures.count_request("/v1/search", "GET", 200, 0.02)
            measures.count_request("/v1/search", "GET", 404, 0.02)
            measures.count_request("/v1/search", "GET", 500, 0.02)
            measures.count_request("/ready", "GET", 503, 0.02)
            measures.count_event(ToolCall("get_title", "failed", 0.1))
            measures.count_event(ToolCall("get_title", "refused", 0.1))
            measures.count_event(LlmCall("m", "timed_out", 20.0, 100, 0.25))
            measures.count_event(LlmCall("m", "not_asked", 0.0, 0, 0.0))
            measures.count_event(Fallback("chat"))
        reporter.flush()
    documents = [check(line) for line in lines]
    assert [one["Requests"] for one in documents] == [3, 6, 9]
    assert [one["ServerErrors"] for one in documents] == [one["ClientErrors"] for one in documents] == [1, 2, 3]
    assert [(one["ToolCalls"], one["ToolErrors"]) for one in documents] == [(2, 1), (4, 2), (6, 3)]
    assert [(one["LlmCalls"], one["LlmErrors"], one["LlmCostUsd"], one["LlmFallbacks"]) for one in documents] == [
        (1, 1, 0.25, 1),
        (2, 2, 0.5, 2),
        (3, 3, 0.75, 3),
    ]


def test_percentiles_are_of_the_minute_and_of_what_waits_for_no_model() -> None:
    measures = Measures()
    reporter, lines = make_reporter(measures)
    measures.count_request("/v1/search", "GET", 200, 9.0)
    reporter.flush()
    for _ in range(100):
        measures.count_request("/v1/search", "GET", 200, 0.04)
        measures.count_request("/v1/insights", "POST", 200, 9.0)
        measures.count_request("/mcp", "POST", 200, 9.0)
        measures.count_request("page", "GET", 200, 9.0)
    reporter.flush()
    second = check(lines[1])
    assert 0.025 < second["RequestSecondsP50"] < second["RequestSecondsP99"] <= 0.05


@pytest.mark.parametrize(
    ("buckets", "share", "expected"),
    [
        ({1.0: 10, 2.0: 10, float("inf"): 10}, 0.5, 0.5),
        ({1.0: 0, 2.0: 10, float("inf"): 10}, 0.5, 1.5),
        ({1.0: 5, 2.0: 10, float("inf"): 10}, 0.99, 1.98),
        ({1.0: 5, 2.0: 5, float("inf"): 10}, 0.99, 2.0),
    ],
)
def test_quantiles_are_those_of_prometheus(buckets: dict[float, float], share: float, expected: float) -> None:
    assert estimate_quantile(buckets, share) == pytest.approx(expected)


def test_a_line_comes_every_minute_and_the_rest_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emf, "FLUSH_SECONDS", 0.05)
    measures = Measures()
    reporter, lines = make_reporter(measures)

    async def main() -> None:
        running = asyncio.create_task(reporter.run())
        await asyncio.sleep(0.3)
        measures.count_request("/v1/search", "GET", 200, 0.02)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())
    documents = [check(line) for line in lines]
    assert len(documents) > 2
    assert sum(one["Requests"] for one in documents) == 1


def test_a_reader_that_is_gone_ends_no_service() -> None:
    def write(_: str) -> None:
        raise BrokenPipeError

    EmfReporter(Measures().registry, "here", str, write).flush()
