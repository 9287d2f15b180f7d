"""The real server behind keys, host names, CORS and a rate limit: who may ask, from where, and how often."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

CheckProblem = Callable[[httpx.Response, int], dict[str, Any]]
KEY, OTHER_KEY = "first-key", "second key with \u00fcmlaut"
ORIGIN = "https://page.example"
SETTINGS = {
    "TRENDING_API_KEYS": f"{KEY},{OTHER_KEY}",
    "TRENDING_ALLOWED_HOSTS": "api.example,port.example:8443",
    "TRENDING_CORS_ORIGINS": ORIGIN,
    "TRENDING_RATE_LIMIT": "40/hour",
}
OPEN_PATHS = ("/health", "/ready", "/version", "/metrics", "/docs", "/openapi.json")


@pytest.fixture(scope="module")
def guarded(start_server: Callable[..., Any], published_home: Path) -> Iterator[httpx.Client]:
    server = start_server(published_home, settings=SETTINGS)
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client
    server.stop()


@pytest.fixture(scope="module")
def limited(start_server: Callable[..., Any], published_home: Path) -> Iterator[httpx.Client]:
    server = start_server(published_home, settings={"TRENDING_RATE_LIMIT": "5/hour", "TRENDING_API_KEYS": KEY})
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client
    server.stop()


@pytest.mark.parametrize(
    "headers", [{"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}, {"authorization": f"bearer  {KEY}"}, {"x-api-key": OTHER_KEY.encode()}], ids=str
)
def test_each_key_opens_the_door_in_either_header(guarded: httpx.Client, headers: Any) -> None:
    assert guarded.get("/v1/genres", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-API-Key": ""}, {"X-API-Key": KEY + "x"}, {"X-API-Key": KEY[:-1]}, {"Authorization": KEY}, {"Authorization": f"Basic {KEY}"}, {"X-API-Key": ","}],
    ids=str,
)
def test_without_a_right_key_every_path_of_v1_is_closed(guarded: httpx.Client, check_problem: CheckProblem, headers: dict[str, str]) -> None:
    answer = guarded.get("/v1/genres", headers=headers)
    problem = check_problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "X-API-Key" in problem["detail"]


def test_even_what_does_not_exist_needs_a_key(guarded: httpx.Client, check_problem: CheckProblem) -> None:
    check_problem(guarded.get("/v1/nothing"), 401)
    check_problem(guarded.post("/v1/predict", content=b"{"), 401)


@pytest.mark.parametrize("path", OPEN_PATHS)
def test_what_probes_and_readers_of_the_documentation_need_is_open(guarded: httpx.Client, path: str) -> None:
    assert guarded.get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200


def test_the_document_names_the_keys_and_what_can_be_refused(guarded: httpx.Client) -> None:
    document = guarded.get("/openapi.json").json()
    assert set(document["components"]["securitySchemes"]) == {"ApiKey", "Bearer"}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert ("security" in operation) == path.startswith("/v1/")
            assert ({"401", "421", "429"} <= set(operation["responses"])) == path.startswith("/v1/")


@pytest.mark.parametrize("host", ["api.example", "API.example:9000", "port.example:8443", "localhost", "127.0.0.1:1", "[::1]:80"])
def test_hosts_that_are_ours_are_answered(guarded: httpx.Client, host: str) -> None:
    assert guarded.get("/v1/genres", headers={"host": host, "X-API-Key": KEY}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "api.example.evil.example", "port.example:1", "[", ""])
def test_other_hosts_are_421(guarded: httpx.Client, check_problem: CheckProblem, host: str) -> None:
    check_problem(guarded.get("/v1/genres", headers={"host": host, "X-API-Key": KEY}), 421)


def test_a_page_of_an_allowed_origin_may_ask_and_read(guarded: httpx.Client) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, x-api-key"}
    preflight = guarded.options("/v1/predict", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    answer = guarded.get("/v1/genres", headers={"Origin": ORIGIN, "X-API-Key": KEY})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert guarded.get("/v1/genres", headers={"Origin": ORIGIN}).headers["access-control-allow-origin"] == ORIGIN  # a refusal can be read too


def test_a_page_of_another_origin_may_not(guarded: httpx.Client, check_problem: CheckProblem) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = guarded.options("/v1/predict", headers=asked)
    assert check_problem(preflight, 400)["instance"] == "/v1/predict"
    assert "access-control-allow-origin" not in preflight.headers
    assert "access-control-allow-origin" not in guarded.get("/v1/genres", headers={"Origin": "https://evil.example", "X-API-Key": KEY}).headers


def test_answers_behind_keys_are_for_private_caches_only(guarded: httpx.Client) -> None:
    assert guarded.get("/v1/genres", headers={"X-API-Key": KEY}).headers["cache-control"] == "private, no-cache"


def test_whoever_asks_too_often_is_429_until_the_window_moves_on(limited: httpx.Client, check_problem: CheckProblem) -> None:
    answers = [limited.get("/v1/genres", headers={"X-API-Key": KEY}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    left = [int(re.fullmatch(r'"default";r=(\d+);t=\d+', answer.headers["ratelimit"])[1]) for answer in answers]  # type: ignore[index]
    assert left == [4, 3, 2, 1, 0, 0]
    assert all(answer.headers["ratelimit-policy"] == '"default";q=5;w=3600' for answer in answers)
    check_problem(answers[-1], 429)
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3_600
    for path in OPEN_PATHS:
        assert limited.get(path).status_code == 200


def test_keys_cannot_be_guessed_at_any_speed(limited: httpx.Client, check_problem: CheckProblem) -> None:
    """Wrong keys count for the address, not each for itself."""
    statuses = [limited.get("/v1/genres", headers={"X-API-Key": f"guess-{number}"}).status_code for number in range(7)]
    assert statuses == [401] * 5 + [429] * 2
