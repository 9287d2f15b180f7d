"""`run.py serve all` as a process: three doors on one port, the page last; and an end within ten seconds whoever is connected."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

CheckProblem = Callable[[httpx.Response, int], dict[str, Any]]
RunCli = Callable[..., Any]


def wait_for_page(url: str) -> httpx.Response:
    deadline = time.monotonic() + 60
    while True:
        answer = httpx.get(f"{url}/", timeout=30)
        assert answer.status_code == 200, answer.text[:300]
        if "gradio" in answer.text:
            return answer
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def everything(start_server: Callable[..., Any], published_home: Path) -> Iterator[Any]:
    server = start_server(published_home, "all")
    yield server
    server.stop()


def test_until_the_page_is_there_another_says_so_and_the_api_answers(start_server: Callable[..., Any], published_home: Path) -> None:
    server = start_server(published_home, "all")
    try:
        page = httpx.get(f"{server.url}/title/some-deep-link")
        assert page.status_code == 200  # an error would be counted as the service's, at every start
        assert page.headers["cache-control"] == "no-store"
        assert 'http-equiv="refresh"' in page.text
        assert httpx.get(f"{server.url}/v1/search", params={"q": "detective"}, timeout=30).status_code == 200
    finally:
        code = server.stop()
    assert code in (0, 143, -15)
    assert "Traceback" not in server.log.read_text()


def test_the_three_doors_answer_from_one_release(everything: Any, check_problem: CheckProblem) -> None:
    from mcp.client import Client

    async def call() -> Any:
        async with Client(f"{everything.url}/mcp") as client:
            return await client.call_tool("search_titles", {"query": "detective"})

    page = wait_for_page(everything.url)
    assert "gradio" in page.text
    found = httpx.get(f"{everything.url}/v1/search", params={"q": "detective"}).json()
    told = asyncio.run(call()).structured_content
    assert told["release"] == found["release"]
    assert [one["title_id"] for one in told["titles"]] == [one["title_id"] for one in found["titles"]]
    check_problem(httpx.get(f"{everything.url}/v1/nothing"), 404)


def test_sigterm_ends_it_soon_though_a_page_and_a_client_of_mcp_stay_open(start_server: Callable[..., Any], published_home: Path) -> None:
    server = start_server(published_home, "all")
    wait_for_page(server.url)
    start = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}
    start["params"] = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}  # type: ignore[assignment]
    accept = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    with httpx.Client(base_url=server.url, timeout=30) as client:
        session = client.post("/mcp", content=json.dumps(start), headers=accept).headers.get("mcp-session-id")
        notices = {"accept": "text/event-stream"} | ({"mcp-session-id": session} if session else {})
        with client.stream("GET", "/gradio_api/heartbeat/abc") as heartbeat, client.stream("GET", "/mcp", headers=notices) as stream:
            assert "ALIVE" in next(heartbeat.iter_text())
            assert stream.status_code == (200 if session else 405)
            started = time.monotonic()
            os.kill(server.process.pid, signal.SIGTERM)
            code = server.process.wait(10)
            assert time.monotonic() - started < 6
    assert code in (0, 143, -15)
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("app", ["all", "mcp"])
def test_mcp_is_not_opened_to_the_network_without_tokens(run_cli: RunCli, app: str) -> None:
    done = run_cli("serve", app, "--host", "0.0.0.0", "--port", "0", *(["--transport", "http"] if app == "mcp" else []))
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "TRENDING_MCP_TOKENS" in done.stderr


@pytest.mark.parametrize("arguments", [("api", "--transport", "http"), ("all", "--transport", "stdio"), ("nothing",), ("mcp", "--transport", "pigeon")])
def test_what_can_not_be_served_is_refused_in_one_line(run_main: RunCli, arguments: tuple[str, ...]) -> None:
    done = run_main("serve", *arguments)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_one_door_alone_shuts_the_others(start_server: Callable[..., Any], published_home: Path, check_problem: CheckProblem) -> None:
    server = start_server(published_home, "mcp", arguments=("--transport", "http"))
    try:
        check_problem(httpx.get(f"{server.url}/v1/genres"), 404)
        check_problem(httpx.get(f"{server.url}/"), 404)
        assert httpx.post(f"{server.url}/mcp", json={}).status_code in (400, 406)
    finally:
        server.stop()
