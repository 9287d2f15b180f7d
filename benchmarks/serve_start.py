"""Seconds from the start of `run.py serve all` to the first answer of each door: `python -m benchmarks.serve_start [--home HOME]`.

Limits: API and MCP 5 s, the page 12 s. Beside them, in the same run, what it takes to import Gradio alone.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from http import HTTPStatus
from pathlib import Path

from benchmarks.published import add_home, publish_home
from benchmarks.timing import ROOT, own_environment, run

LIMITS = {"REST": 5.0, "MCP": 5.0, "page": 12.0}
_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}},
}
_HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


def measure_start(home: Path) -> dict[str, float]:
    """Start the server once and return when each door first answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    doors: dict[str, tuple[str, str, str | None]] = {
        "REST": ("GET", "/v1/search?q=detective", None),
        "MCP": ("POST", "/mcp", json.dumps(_HELLO)),
        "page": ("GET", "/", None),
    }
    found: dict[str, float] = {}
    started = time.monotonic()
    command = [sys.executable, "run.py", "serve", "all", "--port", str(port)]
    environment = own_environment(home) | {"TRENDING_HOME": str(home), "TRENDING_RATE_LIMIT": ""}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def watch(name: str) -> None:
        while server.poll() is None and name not in found:
            # Plain connections: whoever measures must not take the processor from whom is measured.
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                method, path, body = doors[name]
                connection.request(method, path, body, _HEADERS)
                if connection.getresponse().status == HTTPStatus.OK:
                    found[name] = time.monotonic() - started
            except OSError:
                pass
            finally:
                connection.close()
            time.sleep(0.05)

    threads = [threading.Thread(target=watch, args=(name,)) for name in doors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    server.terminate()
    server.wait(20)
    if missing := set(doors) - set(found):
        raise SystemExit(f"did not answer: {', '.join(sorted(missing))}")
    return found


def main() -> None:
    """Train on the starter catalogue unless a home with a release is given, then start several times."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serve_start", description="Time to the first answer of `run.py serve all`.")
    add_home(parser)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with publish_home(arguments.home) as home:
        starts = [measure_start(home) for _ in range(arguments.rounds)]
    gradio = time.monotonic()
    run([sys.executable, "-c", "import gradio"], os.environ)
    gradio = time.monotonic() - gradio
    for name, limit in LIMITS.items():
        times = [start[name] for start in starts]
        print(f"{name:<5} median {statistics.median(times):5.2f} s   worst {max(times):5.2f} s   limit {limit:4.1f} s")
    print(f"(a process that only imports gradio: {gradio:.2f} s)")


if __name__ == "__main__":
    main()
