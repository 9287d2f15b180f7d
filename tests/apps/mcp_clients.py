"""What tests of the MCP server share: a live service over a release, real clients of each transport, node's tools, and answers that are checked on the way."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import jsonschema
import pytest
import uvicorn
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import CallToolResult

from apps.mcp import create_server
from apps.mcp.factory import Server
from trending.insights.maker import InsightMaker
from trending.releases import Release
from trending.service.service import TitleService

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")
# What the conformance suite and the Inspector need; npm's own node may be older.
NODE_PACKAGES = {"node": "22", "@modelcontextprotocol/conformance": "0.1.16", "@modelcontextprotocol/inspector": "2.12.0", "@anthropic-ai/mcpb": "2.1.2"}


class Fixed:
    """Lends one service, whatever is published."""

    def __init__(self, service: TitleService) -> None:
        self.service = service

    @contextmanager
    def lease(self) -> Iterator[TitleService]:
        """Yield the service."""
        yield self.service


def serve_release(release: Release, maker: InsightMaker | None = None) -> Fixed:
    """Lend a release's service."""
    return Fixed(TitleService(release, maker or InsightMaker.from_settings()))


@dataclass
class Checked:
    """A client whose every answer is held against what holds for all of them."""

    client: Client
    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Return an answer that fulfils its schema, whose text is the same JSON, and that is short enough."""
        result = await self.client.call_tool(name, arguments)
        assert not result.is_error, result.content
        (block,) = result.content
        assert json.loads(block.text) == result.structured_content
        assert len(block.text.encode()) <= 40_000
        if not self.schemas:
            self.schemas.update({tool.name: tool.output_schema for tool in (await self.client.list_tools()).tools})
        jsonschema.validate(result.structured_content, self.schemas[name])
        assert result.structured_content is not None
        return result.structured_content

    async def fail(self, name: str, **arguments: Any) -> str:
        """Return the one line of a call that fails."""
        result: CallToolResult = await self.client.call_tool(name, arguments)
        assert result.is_error, result.content
        assert result.structured_content is None
        (block,) = result.content
        text: str = block.text
        assert "\n" not in text
        assert "Traceback" not in text
        return text


def talk(server: Server | Fixed | str, story: Callable[[Checked], Awaitable[T]], **options: Any) -> T:
    """Tell a story with a client: in memory, or over HTTP where a URL is given."""

    async def main() -> T:
        async with Client(create_server(server) if isinstance(server, Fixed) else server, **options) as client:
            return await story(Checked(client))

    return asyncio.run(asyncio.wait_for(main(), 120))


def talk_stdio(home: Path, story: Callable[[Checked], Awaitable[T]], settings: dict[str, str] | None = None, **options: Any) -> T:
    """Tell a story with a client that starts `run.py serve mcp`."""
    command = StdioServerParameters(command=sys.executable, args=["run.py", "serve", "mcp"], env=make_environment(home) | (settings or {}), cwd=ROOT)

    async def main() -> T:
        async with Client(stdio_client(command), **options) as client:
            return await story(Checked(client))

    return asyncio.run(asyncio.wait_for(main(), 120))


def make_environment(home: Path) -> dict[str, str]:
    """Return the surroundings of a process that serves a home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRENDING_")}
    return {**kept, "TRENDING_HOME": str(home)}


@contextmanager
def run_app(app: Any) -> Iterator[str]:
    """Serve an ASGI application on loopback, in a thread; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


def install_node_tools(cache: Path) -> Path:
    """Return a folder with the node tools, installed once; skips the test where npm or its registry isn't there."""
    wanted = json.dumps({"private": True, "dependencies": NODE_PACKAGES, "allowScripts": {"node": True, "@modelcontextprotocol/inspector": False}})
    manifest = cache / "package.json"
    if (cache / "done").is_file() and manifest.read_text(encoding="utf-8") == wanted:
        return cache / "node_modules"
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    manifest.write_text(wanted, encoding="utf-8")
    done = subprocess.run([npm, "install", "--no-audit", "--no-fund"], cwd=cache, capture_output=True, text=True, timeout=600, check=False)
    node = cache / "node_modules/node/bin/node"
    if done.returncode or not node.is_file():
        pytest.skip(f"npm can't install the tools: {done.stderr[-300:]}")
    (cache / "done").touch()
    return cache / "node_modules"
