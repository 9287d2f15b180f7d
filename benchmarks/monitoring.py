"""What a request pays for being recorded: one server that records and doesn't, in turn, asked by one client as fast as it answers.

A turn is long enough for what was asked to be handed on and described in it,
and the next begins when that is done. Quantiles are of all requests of a side, with an interval by drawing pairs of turns. Processor time is the server's
own, of all its threads; the writer's is told beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.published import add_home, publish_home
from benchmarks.served import Server, read_cpu, serve

PLOT = "A sheriff rides across the desert to find the outlaws who robbed the stagecoach, and finds that one of them is his brother. "
BODIES = {
    "POST /v1/predict, 1 text": json.dumps({"texts": [PLOT * 3]}),
    "POST /v1/predict, 16 texts": json.dumps({"texts": [PLOT * 3] * 16}),
}
PAIRS, SECONDS, WARMING, DRAWS = 30, 1.5, 2, 1_000
SERVER = """
import sys
import apps.server
from trending.monitoring.recorder import Recorder
from trending.releases import ReleaseStore

take, recording = Recorder.take, True

def take_or_not(self, event):
    if recording:
        take(self, event)

observe = apps.server.ObserveRequests.__call__

async def switch(self, scope, receive, send):
    global recording
    if scope.get("path") == "/switch":
        recording = not recording
    await observe(self, scope, receive, send)

Recorder.take = take_or_not
apps.server.ObserveRequests.__call__ = switch
apps.server.serve(ReleaseStore.from_settings(), ["api"], "127.0.0.1", int(sys.argv[1]))
"""


@dataclass
class Side:
    """What blocks with recordings took, or without; seconds."""

    requests: list[npt.NDArray[np.float64]] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    writer: list[float] = field(default_factory=list)


def _take_turn(server: Server, body: str, side: Side) -> None:
    """Ask for a while, note what it took, and wait until all is described."""
    seconds, writer = [], _find_writer(server)
    before, until = (server.read_cpu(), read_cpu(writer)), time.perf_counter() + SECONDS
    while (started := time.perf_counter()) < until:
        server.ask("POST", "/v1/predict", body)
        seconds.append(time.perf_counter() - started)
    side.requests.append(np.array(seconds))
    side.cpu.append((server.read_cpu() - before[0]) / len(seconds))
    server.connection.close()  # the server would, while this waits
    seen = -1.0
    while (now := read_cpu(writer)) > seen:
        seen = now
        time.sleep(0.4)  # longer than it takes until what waits is handed on
    side.writer.append((seen - before[1]) / len(seconds))


def _find_writer(server: Server) -> int:
    """Return the id of the process that writes."""
    children = [child for task in Path(f"/proc/{server.pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return int(children[0])


@contextmanager
def _serve(home: Path, folder: Path) -> Iterator[Server]:
    with serve(SERVER, home, folder, TRENDING_MONITORING=str(folder / "recordings")) as server:
        server.ask("POST", "/v1/predict", BODIES["POST /v1/predict, 1 text"])
        while not list(folder.rglob("*.jsonl.gz")):  # it has begun to write
            time.sleep(0.1)
        server.connection.close()
        yield server


def _measure(server: Server, body: str) -> tuple[Side, Side]:
    """Return what requests took with recordings and without."""
    with_it, without = Side(), Side()
    for _ in range(PAIRS):
        _take_turn(server, body, with_it)
        server.switch()
        _take_turn(server, body, without)
        server.switch()
    return with_it, without


def _compare(what: str, sides: Sequence[Side], share: float) -> str:
    """Return a line on a quantile of all requests, with a 95 % interval of the ratio."""
    chance, turns = np.random.default_rng(17), [side.requests[WARMING:] for side in sides]
    figures = [float(np.quantile(np.concatenate(side), share)) for side in turns]
    drawn = []
    for _ in range(DRAWS):
        chosen = chance.integers(0, len(turns[0]), len(turns[0]))
        ours, theirs = (np.quantile(np.concatenate([side[turn] for turn in chosen]), share) for side in turns)
        drawn.append(ours / theirs - 1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    change = figures[0] / figures[1] - 1
    return f"{what}: {figures[0] * 1e3:.3f} ms with, {figures[1] * 1e3:.3f} ms without; {100 * change:+.1f} % [{100 * low:+.1f}, {100 * high:+.1f}]"


def main() -> None:
    """Parse arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monitoring", description="What recordings cost a request.")
    add_home(parser)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, publish_home(parser.parse_args().home) as home, _serve(home, Path(name)) as server:
        print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        for what, body in BODIES.items():
            with_it, without = _measure(server, body)
            for label, share in (("p50", 0.5), ("p99", 0.99)):
                print(_compare(f"{what}, {label}", (with_it, without), share))
            ours, theirs, apart = (1e6 * statistics.median(side[WARMING:]) for side in (with_it.cpu, without.cpu, with_it.writer))
            print(f"{what}, processor time: {ours:.0f} µs with, {theirs:.0f} µs without; {100 * (ours / theirs - 1):+.1f} %; the writer's {apart:.0f} µs")
        dropped = next(line for line in server.ask("GET", "/metrics").decode().splitlines() if line.startswith("trending_monitoring_dropped_total"))
        print(f"{dropped}; load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
