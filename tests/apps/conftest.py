"""What tests of releases and services share: more versions of the release, a published home, the command line, a running server."""

from __future__ import annotations

import datetime as dt
import importlib.util
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from trending.catalogue.content import CatalogueContent
from trending.catalogue.write import write_catalogue
from trending.cleaning.clean import CleaningResult
from trending.genres import GENRES
from trending.releases import Release, ReleaseStore
from trending.releases.bundle import CATALOGUE_FILE, ENCODER_DIR, VECTORS_FILE, seal_bundle
from trending.releases.manifest import read_manifest
from trending.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
FIRST_DAY = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)  # later than any bundle made by a test run
NO_RATE_LIMIT = {"TRENDING_RATE_LIMIT": ""}  # tests ask more often than people
PROBLEM_KEYS = {"type", "title", "status", "detail", "instance"}

MakeBundle = Callable[..., Path]
RunCli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Undo what importing Scrapy does to `ABC`, for the tests that build a page in this process.

    zope.interface (Twisted's) leaves on it an attribute that instances don't have, and Gradio reads every attribute of a component's class. No process of
    ours has both.
    """
    if "__provides__" in ABC.__dict__:
        del ABC.__provides__


@pytest.fixture
def make_bundle(tmp_path: Path, bundle: Path) -> MakeBundle:
    """Return a function that makes a whole bundle of another version: `make_bundle(day, padding=0, version=None)`; later days sort later."""

    def make(day: int, padding: int = 0, version: str | None = None) -> Path:
        directory = tmp_path / f"bundle-{day}"
        shutil.copytree(bundle, directory)
        if padding:
            (directory / "padding.bin").write_bytes(os.urandom(1 << 20) * padding)
        created = FIRST_DAY + dt.timedelta(days=day)
        name = f"{created:%Y%m%dT%H%M%SZ}-00000000" if version is None else version
        seal_bundle(directory, read_manifest(directory).model_copy(update={"version": name, "created": created}))
        return directory

    return make


@pytest.fixture
def make_bundle_of(make_bundle: MakeBundle) -> MakeBundle:
    """Return a function that makes a bundle with a catalogue of its own: `make_bundle_of(day, titles, reviews=None)`; tables as catalogues are written from."""

    def make(day: int, titles: pd.DataFrame, reviews: pd.DataFrame | None = None) -> Path:
        directory = make_bundle(day)
        for belonging in (directory / CATALOGUE_FILE, directory / VECTORS_FILE):  # vectors number the titles they were made for
            belonging.unlink(missing_ok=True)
        shutil.rmtree(directory / ENCODER_DIR, ignore_errors=True)
        probabilities = np.random.default_rng(day).random((len(titles), len(GENRES)))
        content = CatalogueContent(titles, pd.Series([None] * len(titles)), probabilities, probabilities > 0.9, reviews=reviews)
        write_catalogue(directory / CATALOGUE_FILE, content)
        seal_bundle(directory, read_manifest(directory))
        return directory

    return make


@pytest.fixture(scope="session")
def published_home(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Path:
    """A TRENDING_HOME with one published release; never change it."""
    home = tmp_path_factory.mktemp("published")
    ReleaseStore(str(home / "releases"), home / "cache" / "releases").publish(bundle)
    return home


@pytest.fixture(scope="session")
def chat_home(tmp_path_factory: pytest.TempPathFactory, bundle: Path, starter: CleaningResult) -> Path:
    """A TRENDING_HOME with the release that the chat's tests ask; never change it."""
    from tests.apps.chat_release import publish_chat_release

    home = tmp_path_factory.mktemp("chat")
    publish_chat_release(home, bundle, starter.titles)
    return home


@pytest.fixture(scope="session")
def release(published_home: Path) -> Release:
    """The published release, opened in this process."""
    return ReleaseStore(str(published_home / "releases"), published_home / "cache" / "releases").open()


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRENDING_")}
    return {**kept, "TRENDING_HOME": str(home), "TRENDING_MONITORING": "off", "ZENML_CONFIG_PATH": str(home / "zenml"), "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def run_python(published_home: Path) -> RunCli:
    """Return a function that runs the interpreter: `run_python(*arguments, home=..., stdin=..., settings=...)`; by default on the published home."""

    def run(*arguments: str, home: Path | None = None, stdin: str | bytes = "", settings: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        environment = _environment(home or published_home) | (settings or {})
        done = subprocess.run([sys.executable, *arguments], input=given, env=environment, cwd=ROOT, capture_output=True, timeout=120, check=False)
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture(scope="session")
def run_cli(run_python: RunCli) -> RunCli:
    """Return a function that runs `run.py`: `run_cli(*arguments, home=..., stdin=..., settings=...)`."""

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return run_python("run.py", *arguments, **options)

    return run


@pytest.fixture
def run_main(published_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunCli:
    """Return `run_cli` without the price of a process: the same `main`, the same answers; for the many refusals."""
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
        monkeypatch.setenv("TRENDING_HOME", str(home or published_home))
        monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
        load_settings.cache_clear()
        handler, logger = signal.getsignal(signal.SIGTERM), logging.getLogger("trending")
        before = logger.handlers[:]
        try:
            code = module.main(list(arguments))
        except SystemExit as ended:
            code = ended.code
        finally:
            signal.signal(signal.SIGTERM, handler)
            logger.handlers = before
        shown = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, shown.out, shown.err)

    return run


@pytest.fixture(scope="session")
def start_python() -> Callable[..., subprocess.Popen[str]]:
    """Return a function that starts the interpreter and doesn't wait: `start_python(home, *arguments)`."""

    def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, *arguments], env=_environment(home), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    return start


@dataclass
class Server:
    """A running `run.py serve`."""

    process: subprocess.Popen[bytes]
    url: str
    port: int
    log: Path

    def stop(self) -> int:
        """End it by SIGTERM and return its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(10)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()


def find_free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Server]:
    """Return a function that runs `run.py serve` and waits until it answers: `start_server(home, app="api", settings=None, arguments=())`."""

    def start(home: Path, app: str = "api", settings: dict[str, str] | None = None, arguments: Sequence[str] = ()) -> Server:
        port, log = find_free_port(), tmp_path_factory.mktemp("server") / "log"
        command = [sys.executable, "run.py", "serve", app, "--port", str(port), *arguments]
        with log.open("wb") as stream:
            process = subprocess.Popen(command, env=_environment(home) | (settings or {}), cwd=ROOT, stdout=stream, stderr=stream)
        server = Server(process, f"http://127.0.0.1:{port}", port, log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            # As lightly as can be: whoever waits must not take the processor from the one that starts.
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return server
            time.sleep(0.05)
        server.process.kill()
        raise AssertionError(f"the server did not start: {log.read_text()}")

    return start


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], published_home: Path) -> Iterator[Server]:
    """The real server over the published release."""
    running = start_server(published_home, settings=NO_RATE_LIMIT)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[httpx.Client]:
    """A client of the real server."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def check_problem() -> Callable[[httpx.Response, int], dict[str, Any]]:
    """Return a function that asserts that an answer is an RFC 9457 problem of a status, and returns it."""

    def check(response: httpx.Response, status: int) -> dict[str, Any]:
        assert response.status_code == status, response.text[:300]
        assert response.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = response.json()
        assert set(problem) == PROBLEM_KEYS
        assert problem["status"] == status
        assert problem["title"] == HTTPStatus(status).phrase
        assert problem["type"] == "about:blank"
        assert problem["detail"]
        assert "Traceback" not in problem["detail"]
        return problem

    return check
