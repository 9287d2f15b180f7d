"""Seconds from the start of `run.py serve all` to the first answer of each door: `python -m benchmarks.serve_start [--home HOME]`.

Limits: API and MCP 5 s, the page 12 s. Beside them, in the same run, what it takes to import Gradio alone.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from benchmarks.timing import ROOT, own_environment, run

LIMITS = {"REST": 5.0, "MCP": 5.0, "page": 12.0}
_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}},
}
_ACCEPT = {"accept": "application/json, text/event-stream"}


def measure_start(home: Path) -> dict[str, float]:
    """Start the server once and return when each door first answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    doors: dict[str, Callable[[], httpx.Response]] = {
        "REST": lambda: httpx.get(f"{url}/v1/search", params={"q": "detective"}, timeout=30),
        "MCP": lambda: httpx.post(f"{url}/mcp", json=_HELLO, headers=_ACCEPT, timeout=30),
        "page": lambda: httpx.get(f"{url}/", timeout=30),
    }
    found: dict[str, float] = {}
    started = time.monotonic()
    command = [sys.executable, "run.py", "serve", "all", "--port", str(port)]
    environment = own_environment(home) | {"TRENDING_HOME": str(home), "TRENDING_RATE_LIMIT": ""}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def watch(name: str) -> None:
        while server.poll() is None and name not in found:
            try:
                if doors[name]().status_code == httpx.codes.OK:
                    found[name] = time.monotonic() - started
            except httpx.TransportError:
                pass
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
    parser.add_argument("--home", type=Path, help="a TRENDING_HOME with a published release")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = arguments.home
        if home is None:
            from benchmarks.plain_training import main as train

            home = Path(folder) / "home"
            train(home, ["source=starter", "models=[majority,tfidf_logreg]"])
        starts = [measure_start(home.absolute()) for _ in range(arguments.rounds)]
        gradio = time.monotonic()
        run([sys.executable, "-c", "import gradio"], os.environ)
        gradio = time.monotonic() - gradio
    for name, limit in LIMITS.items():
        times = [start[name] for start in starts]
        print(f"{name:<5} median {statistics.median(times):5.2f} s   worst {max(times):5.2f} s   limit {limit:4.1f} s")
    print(f"(a process that only imports gradio: {gradio:.2f} s)")


if __name__ == "__main__":
    main()
