"""What tests of the model servers share: their environments, built once and kept in pytest's cache, and servers in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.infra.tools import ROOT, UV

SELDON = ROOT / "infra" / "seldon"


def lock_of(core: int) -> Path:
    """Return the lock of a server's environment."""
    return SELDON / f"requirements-seldon-core-{core}.lock"


def build_environment(core: int, cache: Path) -> Path:
    """Return the `bin` folder of an environment with what a lock names, made unless it is there; skips the test where it can't be."""
    lock = lock_of(core)
    home = cache / f"core-{core}-{sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not (home / "complete").exists():
        for old in cache.glob(f"core-{core}-*"):
            shutil.rmtree(old)
        subprocess.run([*UV, "venv", "--quiet", "--python", sys.executable, str(home)], check=True)
        python = str(home / "bin" / "python")
        command = [*UV, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", "--python", python, str(lock)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        if done.returncode:
            pytest.skip(f"{lock.name} can't be installed here: {done.stderr.strip()[-300:]}")
        (home / "complete").touch()
    return home / "bin"


def find_free_ports(count: int) -> list[int]:
    """Return ports nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class ModelServer:
    """A server in a process group of its own, with its log; `url` is its REST address, `grpc` and `metrics` the others."""

    def __init__(self, command: list[str], environment: Mapping[str, str], folder: Path, ports: list[int], ready: str) -> None:
        """Start it; `wait` returns once it is ready."""
        self.url, self.grpc, self.metrics = f"http://127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}", f"http://127.0.0.1:{ports[2]}/metrics"
        self._log, self._ready = folder / f"log-{ports[0]}", ready
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRENDING_", "PYTHON", "MLSERVER_"))}
        with self._log.open("wb") as stream:
            self.process = subprocess.Popen(command, env={**kept, **environment}, cwd=folder, stdout=stream, stderr=stream, start_new_session=True)

    def wait(self) -> ModelServer:
        """Return once it is ready."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(httpx.HTTPError):
                if httpx.get(self.url + self._ready, timeout=5).status_code == 200:
                    return self
            time.sleep(0.2)
        self.stop()
        raise AssertionError(f"the server did not start: {self.said[-3000:]}")

    @property
    def said(self) -> str:
        """What it has logged so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """End all its processes; the wrapper's gRPC process hears no signal but this."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def start_core_1(binaries: Path, home: Path, folder: Path, release: str = "", settings: Mapping[str, str] | None = None) -> ModelServer:
    """Start Seldon Core 1's wrapper over the releases of a home folder, pinned to a release if one is named."""
    ports = find_free_ports(3)
    named = [f"--{kind}-port={port}" for kind, port in zip(("http", "grpc", "metrics"), ports, strict=True)]
    given = [{"name": "release", "type": "STRING", "value": release}] if release else []
    command = [str(binaries / "seldon-core-microservice"), "GenreModel", *named, "--parameters", json.dumps(given)]
    environment = {
        "TRENDING_HOME": str(home),
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, SELDON, SELDON / "seldon-core-1"))),
        "INCLUDE_METRICS_IN_CLIENT_RESPONSE": "false",
        **(settings or {}),
    }
    return ModelServer(command, environment, folder, ports, "/health/status")


def start_core_2(binaries: Path, home: Path, folder: Path, models: Path = SELDON / "seldon-core-2", settings: Mapping[str, str] | None = None) -> ModelServer:
    """Start MLServer with the models of a folder, over the releases of a home folder."""
    ports = find_free_ports(3)
    environment = {
        "TRENDING_HOME": str(home),
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, SELDON, SELDON / "seldon-core-2"))),
        "MLSERVER_DEBUG": "false",
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_PARALLEL_WORKERS": "0",
        **{f"MLSERVER_{kind}_PORT": str(port) for kind, port in zip(("HTTP", "GRPC", "METRICS"), ports, strict=True)},
        **(settings or {}),
    }
    return ModelServer([str(binaries / "mlserver"), "start", str(models)], environment, folder, ports, "/v2/models/genres/ready")


def start_api(home: Path, folder: Path) -> ModelServer:
    """Start the project's own API over the releases of a home folder."""
    ports = find_free_ports(3)
    command = [sys.executable, str(ROOT / "run.py"), "serve", "api", "--port", str(ports[0])]
    settings = {"TRENDING_HOME": str(home), "PYTHONPATH": str(ROOT), "TRENDING_RATE_LIMIT": "", "TRENDING_MONITORING": "off"}
    return ModelServer(command, settings, folder, ports, "/ready")


def ask_grpc(core: int, binaries: Path, server: ModelServer, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a server says over gRPC, asked from its own environment, where its protocol's classes are."""
    script = Path(__file__).parent / f"seldon_grpc_{core}.py"
    asked = subprocess.run(
        [str(binaries / "python"), str(script), server.grpc], input=json.dumps(messages), capture_output=True, text=True, timeout=120, check=False
    )
    assert asked.returncode == 0, asked.stderr[-2000:]
    answers: list[dict[str, Any]] = json.loads(asked.stdout)
    return answers
