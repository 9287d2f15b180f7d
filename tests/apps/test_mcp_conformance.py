"""MCP's own conformance suite and Inspector against the real server, and against the suite's fixtures on a server made by the same factory.

Exceptions, each for a reason of the suite's:

- `resources-subscribe` and `resources-unsubscribe` are left out on the real server: they name the suite's own resource. What the server offers never changes
  while a client looks on, so it offers no subscription; the fixture server passes both.
- `server-sse-polling` passes with warnings: it asks with version 2025-03-26, for which the SDK sends no priming event, and our servers keep no events to be
  asked for again, as every tool only reads.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.mcp import create_http_app
from apps.mcp.web import guard_server
from tests.apps.mcp_clients import ROOT, install_node_tools, make_environment, run_app, serve_release
from tests.apps.mcp_fixture_server import create_fixture_server
from trending.releases import Release
from trending.settings import load_settings

# Every scenario of suite 0.1.16 that asks for no tool, resource or prompt of its own.
WITHOUT_FIXTURES = {
    "server-initialize",
    "logging-set-level",
    "ping",
    "completion-complete",
    "tools-list",
    "resources-list",
    "prompts-list",
    "dns-rebinding-protection",
    "server-sse-multiple-streams",
}
SCENARIOS = 32
CALLS: dict[str, dict[str, Any]] = {
    "search_titles": {"query": "detective", "genre": ["Crime"], "limit": 2},
    "get_trending": {"window": "month", "limit": 2},
    "predict_genres": {"texts": ["A sheriff hunts the men who robbed the stagecoach."]},
    "get_title": {},
    "get_titles": {},
    "get_insights": {},
    "get_reviews": {"limit": 2},
    "compare_titles": {},
    "find_similar": {"limit": 2},
}
Conform = Callable[[str], dict[str, list[dict[str, Any]]]]


@pytest.fixture(scope="module")
def tools(pytestconfig: pytest.Config) -> Path:
    """The folder of node's tools."""
    if pytestconfig.cache is None:
        pytest.skip("pytest keeps no cache")
    return install_node_tools(pytestconfig.cache.mkdir("mcp-node"))


@pytest.fixture(scope="module")
def unlimited() -> Iterator[None]:
    """The suite asks more often than people."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRENDING_RATE_LIMIT", "")
        load_settings.cache_clear()
        yield
    load_settings.cache_clear()


@pytest.fixture(scope="module")
def real(release: Release, unlimited: None) -> Iterator[str]:
    """The address of the real server."""
    with run_app(create_http_app(serve_release(release))) as address:
        yield f"{address}/mcp"


def _node(tools: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(tools / "node/bin/node"), *arguments], capture_output=True, text=True, timeout=300, check=False, **options)


@pytest.fixture
def conform(tools: Path, tmp_path: Path) -> Conform:
    """Return a function that runs every scenario against an address, and returns each one's checks."""

    def run(url: str, *choice: str) -> dict[str, list[dict[str, Any]]]:
        suite, folder = tools / "@modelcontextprotocol/conformance/dist/index.js", Path(tempfile.mkdtemp(dir=tmp_path))
        _node(tools, str(suite), "server", "--url", url, *choice, "--output-dir", str(folder), cwd=folder)
        found = {}
        for path in folder.glob("server-*/checks.json"):
            scenario = re.sub(r"-\d{4}-\d\d-\d\dT.*$", "", path.parent.name.removeprefix("server-"))  # a time follows
            found[scenario] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def run_all(url: str) -> dict[str, list[dict[str, Any]]]:
        found = run(url, "--suite", "all")
        # The suite's client waits a few seconds for an answer, which a machine busy with other tests may not grant.
        for scenario in [name for name, checks in found.items() if any("Request timed out" in failure for failure in _fail(checks))]:
            found |= run(url, "--scenario", scenario)
        return found

    return run_all


def _fail(checks: list[dict[str, Any]]) -> list[str]:
    return [f"{check['id']}: {check.get('errorMessage')}" for check in checks if check["status"] == "FAILURE"]


def test_the_real_server_passes_what_needs_no_fixture(conform: Conform, real: str) -> None:
    found = conform(real)
    assert set(found) >= WITHOUT_FIXTURES
    for scenario in WITHOUT_FIXTURES:
        assert any(check["status"] == "SUCCESS" for check in found[scenario]), scenario
        assert _fail(found[scenario]) == [], scenario


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")  # fixtures log and sample, as the suite of 2025 expects
def test_the_fixture_server_passes_every_scenario(conform: Conform, unlimited: None) -> None:
    with run_app(guard_server(create_fixture_server())) as address:
        found = conform(f"{address}/mcp")
    assert len(found) == SCENARIOS
    assert {scenario: _fail(checks) for scenario, checks in found.items() if _fail(checks)} == {}
    warned = {scenario for scenario, checks in found.items() if any(check["status"] == "WARNING" for check in checks)}
    assert warned == {"server-sse-polling"}


def _inspect(tools: Path, *arguments: str) -> Any:
    launcher = tools / "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
    environment = make_environment(Path("nowhere")) | {"MCP_CATALOG_PATH": str(tools.parent / "catalogue.json")}
    done = _node(tools, str(launcher), "--cli", *arguments, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr[-2_000:] + done.stdout[-2_000:]
    return json.loads(done.stdout)


def test_the_inspector_lists_every_tool_and_finds_every_schema_portable(tools: Path, real: str) -> None:
    launcher = tools / "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
    done = _node(tools, str(launcher), "--cli", real, "--method", "tools/list", "--strict")
    assert done.returncode == 0, done.stderr
    assert "Error: tool" not in done.stderr
    assert "Warning: tool" not in done.stderr
    assert {tool["name"] for tool in json.loads(done.stdout)["tools"]} == set(CALLS)


@pytest.mark.parametrize("tool", CALLS)
def test_the_inspector_calls_every_tool(tools: Path, real: str, release: Release, tool: str) -> None:
    ids = [card.title_id for card in release.catalogue.complete_titles("the", 3)]
    arguments = dict(CALLS[tool])
    if tool in ("get_titles", "compare_titles"):
        arguments["title_ids"] = ids
    elif not arguments or tool in ("get_reviews", "find_similar"):
        arguments["title_id"] = ids[0]
    pairs = [part for name, value in arguments.items() for part in ("--tool-arg", f"{name}={value if isinstance(value, str) else json.dumps(value)}")]
    result = _inspect(tools, real, "--method", "tools/call", "--tool-name", tool, *pairs)
    assert result["structuredContent"]["release"] == release.manifest.version
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]


def test_the_inspector_finds_the_chart_and_starts_the_server_by_stdio(tools: Path, real: str, published_home: Path) -> None:
    found = _inspect(tools, real, "--method", "tools/call", "--tool-name", "get_trending", "--app-info")
    assert found["hasApp"]
    assert found["resourceUri"] == "ui://trending-now/chart.html"
    command = (sys.executable, "run.py", "serve", "mcp")
    home = ("-e", f"TRENDING_HOME={published_home}")  # the Inspector passes no other variable on
    result = _inspect(tools, *command, *home, "--method", "tools/call", "--tool-name", "search_titles", "--tool-arg", "query=ship")
    assert result["structuredContent"]["titles"]
