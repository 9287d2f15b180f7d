"""Requests per second of POST /v1/predict beside a bare FastAPI handler over the same model, in turn, under the same load.

The bare handler calls the published model's `predict_proba` on prepared text and returns the scores: with a home whose release is a BERT that is an
onnxruntime session, by default TF-IDF with logistic regression, beside which everything is overhead. It has no evidence, limits, metrics or problem
details, and is written both ways: `def`, as FastAPI recommends for work that blocks, and `async def`, which keeps everybody waiting for a slow model but
spares a quick one the way to a thread. The load comes from this process, the servers are others. Where other work runs beside, requests per second of the
server's own CPU time are what to compare.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import httpx

from benchmarks.published import add_home, publish_home
from benchmarks.timing import ROOT, own_environment

TEXT = "A sheriff rides across the desert to find the outlaws who robbed the stagecoach, and falls for a singer in the saloon."
ROUNDS, SECONDS, CLIENTS = 4, 4.0, 16
BARE = """
import sys
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from trending.releases import ReleaseStore

predictor = ReleaseStore.from_settings().open().predictor
app = FastAPI()

class Texts(BaseModel):
    texts: list[str]

@app.get("/ready")
def ready() -> str:
    return "ready"

@app.post("/v1/predict")
FORM predict(body: Texts) -> dict[str, list[list[float]]]:
    return {"scores": predictor.predict_proba(body.texts).tolist()}

uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="error")
"""


@dataclass
class _Side:
    """A server of its own process."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        times = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _serve(home: Path, *command: str) -> Iterator[_Side]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = own_environment(home) | {"TRENDING_HOME": str(home), "TRENDING_RATE_LIMIT": ""}
    process = subprocess.Popen([sys.executable, *(part.replace("PORT", port) for part in command)], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                if httpx.get(f"http://127.0.0.1:{port}/ready", timeout=5).status_code == httpx.codes.OK:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        else:
            raise SystemExit(f"{command[0]} did not become ready")
        yield _Side(f"http://127.0.0.1:{port}/v1/predict", process.pid)
    finally:
        process.terminate()
        process.wait(20)


async def _load(side: _Side, more: dict[str, int], seconds: float) -> tuple[float, float]:
    """Return the requests per second that so many clients get answered, and those per second of the server's own CPU time."""
    done, until, cpu = 0, time.monotonic() + seconds, side.cpu_seconds()

    async def client(session: aiohttp.ClientSession) -> None:
        nonlocal done
        while time.monotonic() < until:
            texts = [f"{TEXT} It is day {done}."]  # never the same text twice
            async with session.post(side.url, json={"texts": texts, **more}) as answer:
                await answer.read()
                answer.raise_for_status()
            done += 1

    started = time.monotonic()
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(client(session) for _ in range(CLIENTS)))
    return done / (time.monotonic() - started), done / (side.cpu_seconds() - cpu)


def compare(home: Path) -> None:
    """Print both sides over the release published in `home`."""
    asked = {"5 words of evidence": {}, "no evidence": {"evidence": 0}}
    with _serve(home, "run.py", "serve", "api", "--port", "PORT") as ours:
        for form in ("def", "async def"):
            with _serve(home, "-c", BARE.replace("FORM", form), "PORT") as bare:
                _compare(form, asked, ours, bare)


def _compare(form: str, asked: dict[str, dict[str, int]], ours: _Side, bare: _Side) -> None:
    for side in (bare, ours):
        asyncio.run(_load(side, {}, 1))
    for name, more in asked.items():
        pairs = [(asyncio.run(_load(ours, more, SECONDS)), asyncio.run(_load(bare, {}, SECONDS))) for _ in range(ROUNDS)]
        for number, unit in enumerate(("requests/s", "requests/CPU-s")):
            rates = [statistics.median(side[number] for side in column) for column in zip(*pairs, strict=True)]
            ratio = statistics.median(one[number] / other[number] for one, other in pairs)
            print(f"{name:<20} {unit:<15} ours {rates[0]:7,.0f}   bare {form:<9} {rates[1]:7,.0f}   ratio {ratio:.2f}   ({CLIENTS} clients)")


def main() -> None:
    """Train on the starter catalogue unless a home with a release is given, then compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api_throughput", description="POST /v1/predict beside a bare FastAPI handler.")
    add_home(parser)
    with publish_home(parser.parse_args().home) as home:
        compare(home)


if __name__ == "__main__":
    main()
