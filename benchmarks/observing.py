"""What a request pays for its log line, its id and its metrics: one server that observes and doesn't, in turn, asked over one connection.

It is one process, as two of the same code differ by more than what is measured. Latency is the client's p50; processor time is the server's own. Each
block of requests is compared with the one after it, as both fall into the same moment of whatever else the machine does. The log goes to a file.
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
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.published import add_home, publish_home
from benchmarks.timing import ROOT, own_environment

BODY = json.dumps({"texts": ["A sheriff rides across the desert to find the outlaws who robbed the stagecoach."]})
ASKED = {"GET /v1/genres": ("GET", "/v1/genres", None), "GET /v1/search": ("GET", "/v1/search?q=ship", None), "POST /v1/predict": ("POST", "/v1/predict", BODY)}
PAIRS, BLOCK, WARMING = 150, 50, 10
SERVER = """
import sys
import apps.server
from trending.releases import ReleaseStore

observe, observing = apps.server.ObserveRequests.__call__, True

async def switch(self, scope, receive, send):
    global observing
    if scope.get("path") == "/switch":
        observing = not observing
    await (observe(self, scope, receive, send) if observing else self.app(scope, receive, send))

apps.server.ObserveRequests.__call__ = switch
apps.server.serve(ReleaseStore.from_settings(), ["api"], "127.0.0.1", int(sys.argv[1]))
"""


@dataclass
class _Server:
    """The server's process and a connection to it."""

    pid: int
    connection: http.client.HTTPConnection

    def ask(self, method: str, path: str, body: str | None = None) -> int:
        """Ask once; returns the status."""
        self.connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = self.connection.getresponse()
        answer.read()
        return answer.status

    def time_block(self, method: str, path: str, body: str | None) -> tuple[float, float]:
        """Return the p50 of a block of requests, and the processor time of one of them."""
        seconds, before = [], self._read_cpu()
        for _ in range(BLOCK):
            started = time.perf_counter()
            if (status := self.ask(method, path, body)) != 200:
                raise SystemExit(f"{path}: {status}")
            seconds.append(time.perf_counter() - started)
        return statistics.median(seconds), (self._read_cpu() - before) / BLOCK

    def _read_cpu(self) -> float:
        """Read what the scheduler counts, in nanoseconds, of every thread: ticks are too coarse."""
        return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{self.pid}/task").iterdir()) / 1e9


@contextmanager
def _serve(home: Path, folder: Path) -> Iterator[_Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = own_environment(folder) | {
        "TRENDING_HOME": str(home),
        "TRENDING_RATE_LIMIT": "",
        "TRENDING_ENCODER": os.environ.get("TRENDING_ENCODER", "auto"),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        server = _Server(process.pid, http.client.HTTPConnection("127.0.0.1", port, timeout=60))
        while True:
            try:
                server.ask("GET", "/ready")
                break
            except OSError:
                server.connection.close()
                if process.poll() is not None:
                    raise SystemExit((folder / "log").read_text()) from None
                time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    """Parse arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.observing", description="What logs and metrics cost a request.")
    add_home(parser)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, publish_home(parser.parse_args().home) as home, _serve(home, Path(name)) as server:
        for what, request in ASKED.items():
            observed, bare = [], []
            for _ in range(PAIRS):
                observed.append(server.time_block(*request))
                server.ask("GET", "/switch")
                bare.append(server.time_block(*request))
                server.ask("GET", "/switch")
            for number, figure in enumerate(("p50", "processor time")):
                _print(f"{what}, {figure}", [one[number] for one in observed[WARMING:]], [one[number] for one in bare[WARMING:]])


def _print(what: str, ours: list[float], reference: list[float]) -> None:
    lower, middle, upper = statistics.quantiles([one / other for one, other in zip(ours, reference, strict=True)], n=4)
    print(
        f"{what}: {statistics.median(ours) * 1e6:.0f} µs with, {statistics.median(reference) * 1e6:.0f} µs without; "
        f"{100 * (middle - 1):+.1f} % (half of the pairs from {100 * (lower - 1):+.1f} to {100 * (upper - 1):+.1f} %)"
    )


if __name__ == "__main__":
    main()
