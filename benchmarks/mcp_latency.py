"""The MCP server beside bare ones of the SDK, over the same transport in the same run.

get_title, asked for 100 titles in turn, several times each, stands beside a tool that returns a constant of the same size; the time until `initialize` is
answered over stdio beside a server without any tool.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.published import add_home, publish_home
from benchmarks.timing import ROOT, own_environment

CALLS, ROUNDS, STARTS = 100, 6, 9
LIMIT = 1.5
EMPTY = "from mcp.server.mcpserver import MCPServer; MCPServer('empty').run()"
CONSTANT = """
import json, sys
from typing import Any
from mcp.server.mcpserver import MCPServer
answer = json.load(open(sys.argv[1]))
server = MCPServer("constant")
@server.tool()
def get_title(title_id: str) -> dict[str, Any]:
    return answer
if sys.argv[2:]:
    server.run("streamable-http", port=int(sys.argv[2]))
else:
    server.run()
"""
_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}},
}


def time_hello(command: Sequence[str], environment: dict[str, str]) -> float:
    """Return the seconds until a server that is started answers `initialize`."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(_HELLO).encode() + b"\n")
    process.stdin.flush()
    answered = bool(process.stdout.readline())
    passed = time.perf_counter() - started
    process.kill()
    process.wait()
    if not answered:
        raise SystemExit(f"{' '.join(command)} did not answer")
    return passed


@asynccontextmanager
async def _connect(command: Sequence[str], environment: dict[str, str], port: int | None) -> AsyncIterator[Any]:
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    if port is None:
        async with Client(stdio_client(StdioServerParameters(command=command[0], args=list(command[1:]), env=environment, cwd=ROOT))) as client:
            yield client
        return
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            await asyncio.sleep(0.1)
        async with Client(f"http://127.0.0.1:{port}/mcp") as client:
            yield client
    finally:
        process.terminate()
        await process.wait()


async def _time_calls(client: Any, title_ids: Sequence[str]) -> list[float]:
    times = []
    for title_id in title_ids:
        started = time.perf_counter()
        result = await client.call_tool("get_title", {"title_id": title_id})
        times.append(time.perf_counter() - started)
        assert not result.is_error
    return times


async def compare_calls(environment: dict[str, str], folder: Path, over_http: bool) -> tuple[float, float, int]:
    """Return the median seconds of get_title and of the constant, asked in turn, and the size of the answer."""
    ports = [_find_port(), _find_port()] if over_http else [None, None]
    ours = [sys.executable, "run.py", "serve", "mcp", *(["--transport", "http", "--port", str(ports[0])] if over_http else [])]
    async with _connect(ours, environment, ports[0]) as server:
        title_ids: list[str] = []
        cursor: dict[str, str] = {}
        while len(title_ids) < CALLS:
            page = (await server.call_tool("search_titles", {"limit": 50, **cursor})).structured_content
            title_ids += [card["title_id"] for card in page["titles"]]
            cursor = {"cursor": page["next_cursor"]}
        answers = [await server.call_tool("get_title", {"title_id": title_id}) for title_id in title_ids]
        answer = sorted(answers, key=lambda one: len(one.content[0].text))[len(answers) // 2]
        (folder / "answer.json").write_text(json.dumps(answer.structured_content), encoding="utf-8")
        bare = [sys.executable, "-c", CONSTANT, str(folder / "answer.json"), *([str(ports[1])] if over_http else [])]
        async with _connect(bare, environment, ports[1]) as constant:
            times: tuple[list[float], list[float]] = ([], [])
            for _ in range(ROUNDS):
                times[0].extend(await _time_calls(server, title_ids))
                times[1].extend(await _time_calls(constant, title_ids))
    return statistics.median(times[0]), statistics.median(times[1]), len(answer.content[0].text)


def _find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def compare(home: Path) -> bool:
    """Print the ratios over the release published in `home`; returns whether each is within the limit."""
    environment = own_environment(home) | {"TRENDING_HOME": str(home), "TRENDING_RATE_LIMIT": ""}
    starts = [
        (time_hello([sys.executable, "run.py", "serve", "mcp"], environment), time_hello([sys.executable, "-c", EMPTY], environment)) for _ in range(STARTS)
    ]
    hello = tuple(statistics.median(column) for column in zip(*starts, strict=True))
    good = _print("initialize over stdio", hello[0], hello[1], "empty SDK server")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for over_http in (False, True):
            ours, constant, size = asyncio.run(compare_calls(environment, Path(folder), over_http))
            good &= _print(f"get_title p50 over {'HTTP' if over_http else 'stdio'}", ours, constant, f"a constant of {size:,} bytes")
    return good


def _print(what: str, ours: float, reference: float, name: str) -> bool:
    ratio = ours / reference
    print(f"{what:<26} ours {ours * 1_000:8.2f} ms   {name} {reference * 1_000:8.2f} ms   ratio {ratio:.2f} (limit {LIMIT})")
    return ratio <= LIMIT


def main() -> None:
    """Train on the starter catalogue unless a home with a release is given, then compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mcp_latency", description="The MCP server beside bare SDK servers.")
    add_home(parser)
    with publish_home(parser.parse_args().home) as home:
        sys.exit(0 if compare(home) else 1)


if __name__ == "__main__":
    main()
