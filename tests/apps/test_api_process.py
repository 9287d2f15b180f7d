"""The API as a process: what it imports, how it starts, how it ends."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]


def test_the_app_imports_nothing_that_only_training_needs(run_python: RunCli) -> None:
    """Not even after it has loaded a release and answered."""
    script = """
import sys
from fastapi.testclient import TestClient
from apps.server import Doors
from trending.releases import ReleaseStore
from trending.service.live import LiveService
with TestClient(Doors(LiveService(ReleaseStore.from_settings()), ["api"])) as client:
    assert client.post("/v1/predict", json={"texts": ["A sheriff rides."]}).status_code == 200
heavy = {"zenml", "steps", "pipelines", "xgboost", "matplotlib", "gradio", "mcp", "litellm", "torch", "pandas", "pyarrow", "scipy", "sklearn"}
print(sorted(name for name in sys.modules if name.partition(".")[0] in heavy))
"""
    done = run_python("-c", script)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_within_ten_seconds(start_server: Callable[..., Any], published_home: Path, sent: signal.Signals) -> None:
    server = start_server(published_home)
    started = time.monotonic()
    os.kill(server.process.pid, sent)
    code = server.process.wait(10)
    assert time.monotonic() - started < 10
    assert code in ((0, 143, -15) if sent == signal.SIGTERM else (0, 130, -2))
    assert "Traceback" not in server.log.read_text()
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{server.url}/health", timeout=1)


def test_sigterm_lets_a_request_in_flight_finish(start_server: Callable[..., Any], published_home: Path) -> None:
    server = start_server(published_home)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = json.dumps({"texts": ["A sheriff rides out to find the men who robbed the coach. " * 250] * 64})
    connection.request("POST", "/v1/predict", body, {"content-type": "application/json"})
    time.sleep(0.3)
    server.process.terminate()
    answer = connection.getresponse()
    assert (answer.status, len(json.loads(answer.read())["predictions"])) == (200, 64)
    connection.close()
    assert server.stop() in (0, 143, -15)


def test_a_port_in_use_is_refused_in_one_line(run_cli: RunCli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_cli("serve", "api", "--port", str(port))
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert str(port) in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_what_is_no_port_is_refused_in_one_line(run_main: RunCli, port: str) -> None:
    done = run_main("serve", "api", f"--port={port}")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_it_starts_without_a_release_and_says_so(start_server: Callable[..., Any], tmp_path: Path, check_problem: Callable[..., Any]) -> None:
    server = start_server(tmp_path)
    try:
        assert httpx.get(f"{server.url}/health").status_code == 200
        check_problem(httpx.get(f"{server.url}/ready"), 503)
    finally:
        code = server.stop()
    assert code in (0, 143, -15)
