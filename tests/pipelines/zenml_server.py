"""A ZenML server of the tests' own on loopback, as remote orchestrators insist on: steps elsewhere report to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from trending.processes import child_environment

_USER, _PASSWORD = "tester", "not-a-secret-of-anyone"


@contextmanager
def serve_zenml(folder: Path, variables: Mapping[str, str] | None = None) -> Iterator[dict[str, str]]:
    """Serve ZenML from a folder, with further variables of its own; yields the variables that make a client of it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **{name: value for name, value in child_environment().items() if not name.startswith("ZENML_")},
        "ZENML_CONFIG_PATH": str(folder / "server"),
        "ZENML_STORE_URL": f"sqlite:///{folder / 'server.db'}",
        "ZENML_SERVER_AUTO_ACTIVATE": "1",
        "ZENML_SERVER_JWT_SECRET_KEY": "0" * 64,
        "ZENML_DEFAULT_USER_NAME": _USER,
        "ZENML_DEFAULT_USER_PASSWORD": _PASSWORD,
        "ZENML_SECRETS_STORE_TYPE": "sql",
        "ZENML_SECRETS_STORE_ENCRYPTION_KEY": "1" * 64,
        "ZENML_ANALYTICS_OPT_IN": "false",
        **(variables or {}),
    }
    command = [sys.executable, "-m", "uvicorn", "zenml.zen_server.zen_server_api:app", "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_it_answers(url, server)
        yield {
            "ZENML_STORE_TYPE": "rest",
            "ZENML_STORE_URL": url,
            "ZENML_STORE_USERNAME": _USER,
            "ZENML_STORE_PASSWORD": _PASSWORD,
            "NO_PROXY": os.environ.get("NO_PROXY", "127.0.0.1"),
        }
    finally:
        server.terminate()
        server.wait(30)


def _wait_until_it_answers(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "ZenML's server ended"
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError("ZenML's server doesn't answer")
