"""What a request pays for its log line, its id and its metrics: one server that observes and doesn't, in turn, asked over one connection.

Latency is the client's p50; processor time is the server's own. Each
block of requests is compared with the one after it, as both fall into the same moment of whatever else the machine does. The log goes to a file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.published import add_home, publish_home
from benchmarks.served import Server, serve

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


def _time_block(server: Server, method: str, path: str, body: str | None) -> tuple[float, float]:
    """Return the p50 of a block of requests, and the processor time of one of them."""
    seconds, before = [], server.read_cpu()
    for _ in range(BLOCK):
        started = time.perf_counter()
        server.ask(method, path, body)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), (server.read_cpu() - before) / BLOCK


def main() -> None:
    """Parse arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.observing", description="What logs and metrics cost a request.")
    add_home(parser)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, publish_home(parser.parse_args().home) as home, serve(SERVER, home, Path(name)) as server:
        for what, request in ASKED.items():
            observed, bare = [], []
            for _ in range(PAIRS):
                observed.append(_time_block(server, *request))
                server.switch()
                bare.append(_time_block(server, *request))
                server.switch()
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
