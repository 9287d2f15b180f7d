"""Requests per second of POST /v1/predict beside a bare FastAPI handler over the same model, in turn, under the same load.

The published model is TF-IDF with logistic regression, not an ONNX session: the bare handler calls its `predict_proba` on prepared text and returns the
scores. It has no evidence, limits, metrics or problem details, and one file's worth of pydantic. The load comes from this process, the servers are others.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import httpx

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
def predict(body: Texts) -> dict[str, list[list[float]]]:
    return {"scores": predictor.predict_proba(body.texts).tolist()}

uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="error")
"""


@contextmanager
def _serve(home: Path, *command: str) -> Iterator[str]:
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
        yield f"http://127.0.0.1:{port}/v1/predict"
    finally:
        process.terminate()
        process.wait(20)


async def _load(url: str, more: dict[str, int], seconds: float) -> float:
    """Return the requests per second that so many clients get answered."""
    done, until = 0, time.monotonic() + seconds

    async def client(session: aiohttp.ClientSession) -> None:
        nonlocal done
        while time.monotonic() < until:
            texts = [f"{TEXT} It is day {done}."]  # never the same text twice
            async with session.post(url, json={"texts": texts, **more}) as answer:
                await answer.read()
                answer.raise_for_status()
            done += 1

    started = time.monotonic()
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(client(session) for _ in range(CLIENTS)))
    return done / (time.monotonic() - started)


def compare(home: Path) -> None:
    """Print both sides over the release published in `home`."""
    asked = {"5 words of evidence": {}, "no evidence": {"evidence": 0}}
    with _serve(home, "-c", BARE, "PORT") as bare, _serve(home, "run.py", "serve", "api", "--port", "PORT") as ours:
        for url in (bare, ours):
            asyncio.run(_load(url, {}, 1))
        for name, more in asked.items():
            pairs = [(asyncio.run(_load(ours, more, SECONDS)), asyncio.run(_load(bare, {}, SECONDS))) for _ in range(ROUNDS)]
            rates = [statistics.median(side) for side in zip(*pairs, strict=True)]
            ratio = statistics.median(one / other for one, other in pairs)
            print(f"{name:<28} ours {rates[0]:7,.0f}/s   bare FastAPI handler {rates[1]:7,.0f}/s   ratio {ratio:.2f}   ({CLIENTS} clients)")


def main() -> None:
    """Train on the starter catalogue unless a home with a release is given, then compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api_throughput", description="POST /v1/predict beside a bare FastAPI handler.")
    parser.add_argument("--home", type=Path, help="a TRENDING_HOME with a published release")
    home = parser.parse_args().home
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if home is None:
            from benchmarks.plain_training import main as train

            home = Path(folder) / "home"
            os.environ["TRENDING_ENCODER"] = "none"
            train(home, ["source=starter", "models=[majority,tfidf_logreg]"])
        compare(home.absolute())


if __name__ == "__main__":
    main()
