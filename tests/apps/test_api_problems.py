"""The real server: every refusal is an RFC 9457 problem, whatever the client sends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

CheckProblem = Callable[[httpx.Response, int], dict[str, Any]]
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"texts": []}, "texts"),
        ({"texts": ["a"] * 65}, "texts"),
        ({"texts": ["fine", "x" * 20_001]}, "texts.1"),
        ({"texts": [""]}, "texts.0"),
        ({"texts": [" \n\t"]}, "texts.0"),
        ({"texts": [None]}, "texts.0"),
        ({"texts": [1]}, "texts.0"),
        ({"texts": "one"}, "texts"),
        ({"texts": {}}, "texts"),
        ({"texts": None}, "texts"),
        ({"texts": ["a"], "more": 1}, "more"),
        ({}, "texts"),
        ([], "body"),
        (None, "body"),
        ("text", "body"),
    ],
    ids=str,
)
def test_a_body_of_the_wrong_shape_is_422_and_says_where(api: httpx.Client, check_problem: CheckProblem, body: Any, place: str) -> None:
    problem = check_problem(api.post("/v1/predict", content=json.dumps(body), headers=JSON), 422)
    assert place in problem["detail"]
    assert problem["instance"] == "/v1/predict"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"texts": [}', b"\xff\xfe\xfd", b'{"texts": ["\xff"]}', b"[" * 200_000, b'{"texts": [' + b"9" * 5_000 + b"]}", b'{"texts": NaN}'],
    ids=["empty", "cut short", "syntax", "no text", "not UTF-8", "nested", "huge number", "NaN"],
)
def test_what_is_not_json_is_a_client_error(api: httpx.Client, check_problem: CheckProblem, content: bytes) -> None:
    answer = api.post("/v1/predict", content=content, headers=JSON)
    assert answer.status_code in (400, 422)
    check_problem(answer, answer.status_code)


@pytest.mark.parametrize("content", [b'{"texts": ["\\ud800"]}', b'{"\\ud800": 1, "texts": ["a"]}', b'{"texts": ["a"], "\\u0000\\u202e": 1}'])
def test_lone_surrogates_and_odd_keys_are_422(api: httpx.Client, check_problem: CheckProblem, content: bytes) -> None:
    check_problem(api.post("/v1/predict", content=content, headers=JSON), 422)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "nonsense", None])
def test_a_wrong_content_type_is_refused(api: httpx.Client, check_problem: CheckProblem, kind: str | None) -> None:
    answer = api.post("/v1/predict", content=b'{"texts": ["a"]}', headers={"content-type": kind} if kind else {})
    assert answer.status_code in (415, 422)
    check_problem(answer, answer.status_code)


def _chunks(megabytes: int) -> Iterator[bytes]:
    yield b'{"texts": ["'
    for _ in range(megabytes * 10):
        yield b"a" * 100_000


def test_a_declared_body_over_the_limit_is_413(api: httpx.Client, check_problem: CheckProblem) -> None:
    problem = check_problem(api.post("/v1/predict", content=b"".join(_chunks(2)), headers=JSON), 413)
    assert "1,000,000" in problem["detail"]


def test_a_chunked_body_over_the_limit_is_413(api: httpx.Client, check_problem: CheckProblem) -> None:
    problem = check_problem(api.post("/v1/predict", content=_chunks(2), headers=JSON), 413)
    assert "1,000,000" in problem["detail"]


def test_a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_not(api: httpx.Client, check_problem: CheckProblem) -> None:
    body = json.dumps({"texts": ["a plot"]}).encode()
    assert api.post("/v1/predict", content=body.ljust(1_000_000), headers=JSON).status_code == 200
    check_problem(api.post("/v1/predict", content=body.ljust(1_000_001), headers=JSON), 413)


def test_the_server_answers_on_after_a_body_over_the_limit(api: httpx.Client, check_problem: CheckProblem) -> None:
    for content in (b"".join(_chunks(5)), _chunks(5)):
        check_problem(api.post("/v1/predict", content=content, headers=JSON), 413)
        assert api.get("/health").status_code == 200


@pytest.mark.parametrize("path", ["/nope", "/", "/v1", "/v1/", "/v1/title/x", "/health/x", "/.env", "/v1/predict/x", "//health", "/%2e%2e/etc/passwd"])
def test_an_unknown_path_is_404(api: httpx.Client, check_problem: CheckProblem, path: str) -> None:
    check_problem(httpx.get(str(api.base_url).rstrip("/") + path), 404)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/predict"), ("DELETE", "/v1/predict"), ("POST", "/health"), ("PUT", "/v1/genres"), ("PATCH", "/v1/titles/x")]
)
def test_a_wrong_method_is_405_and_names_the_right_one(api: httpx.Client, check_problem: CheckProblem, method: str, path: str) -> None:
    answer = api.request(method, path)
    check_problem(answer, 405)
    assert answer.headers["allow"] in ("GET", "POST")


HOSTILE_IDS = [
    "'; DROP TABLE titles; --",
    '" OR 1=1',
    "../../../etc/passwd",
    "%2e%2e%2f",
    "a/b",
    "\0",
    "\x1b[31m",
    "\U0001f600",
    "\u202eדרך",
    "a?b#c",
    "100%",
    "<script>alert(1)</script>",
    "*",
]


@pytest.mark.parametrize("title_id", HOSTILE_IDS)
def test_a_hostile_title_id_is_404_and_harms_nothing(api: httpx.Client, check_problem: CheckProblem, title_id: str) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in title_id.encode())
    check_problem(api.get(f"/v1/titles/{encoded}"), 404)
    assert sum(genre["titles"] for genre in api.get("/v1/genres").json()["genres"]) > 1_000


@pytest.mark.parametrize("encoded", ["%2F", "%2F..%2F..", "..%2F..%2Fetc%2Fpasswd", "%FF%FE", "%ED%A0%80", "%", "%zz"])
def test_hostile_percent_encoding_in_a_title_id_is_404(api: httpx.Client, check_problem: CheckProblem, encoded: str) -> None:
    check_problem(api.get(f"/v1/titles/{encoded}"), 404)


@pytest.mark.parametrize("title_id", ["", "x" * 301], ids=["empty", "too long"])
def test_an_id_that_can_not_be_one_is_422(api: httpx.Client, check_problem: CheckProblem, title_id: str) -> None:
    check_problem(api.get(f"/v1/titles/{title_id}"), 422)


@pytest.mark.parametrize("encoded", ["a%09b", "a%3Fb", "a%20b", "%F0%9F%98%80", "a%25b"])
def test_instance_is_the_path_that_was_asked_for(api: httpx.Client, check_problem: CheckProblem, encoded: str) -> None:
    """Nothing is lost from it, whether or not it is percent-encoded."""
    problem = check_problem(api.get(f"/v1/titles/{encoded}"), 404)
    assert unquote(problem["instance"]) == unquote(f"/v1/titles/{encoded}")


def test_a_problem_never_repeats_an_endless_id_in_full(api: httpx.Client, check_problem: CheckProblem) -> None:
    assert len(check_problem(api.get("/v1/titles/" + "y" * 300), 404)["detail"]) < 300


def test_an_odd_host_header_changes_nothing(api: httpx.Client, check_problem: CheckProblem) -> None:
    for host in ("[", "a/../x?y#z", "evil.example"):
        assert check_problem(api.get("/nope", headers={"host": host}), 404)["instance"] == "/nope"
