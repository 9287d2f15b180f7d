"""What a prediction costs over the bare model: repair, masking, calibration and evidence; and over HTTP."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import httpx

from benchmarks.plain_training import main as train
from benchmarks.timing import ROOT, Row, own_environment, time_pairs
from trending.models import GenreModel
from trending.releases import ReleaseStore

TEXT = "A sheriff rides across the desert to find the outlaws who robbed the stagecoach, and falls for a singer in the saloon."
ROUNDS = 300
_days = count()


def measure(folder: Path, data: str | None) -> list[Row]:
    """Time single texts and batches of 64 on a model trained here."""
    overrides = [f"source={'files' if data else 'starter'}", "models=[majority,tfidf_logreg]", *([f"path={Path(data).absolute()}"] if data else [])]
    train(folder / "prediction", overrides)
    release = ReleaseStore(str(folder / "prediction" / "releases"), folder / "cache").open()
    predictor, model = release.predictor, release.predictor.model
    rows = []
    for name, size, rounds in (("1 text", 1, ROUNDS), ("64 texts", 64, ROUNDS // 10)):
        bare_call = partial(_call, model.predict_proba, size)
        ours, bare = time_pairs(partial(_call, predictor.predict, size), bare_call, rounds)
        rows.append(Row(f"predict with evidence, {name}", ours, bare, "bare model, scores only"))
        ours, bare = time_pairs(partial(_call, partial(predictor.predict, evidence=0), size), bare_call, rounds)
        rows.append(Row(f"predict without evidence, {name}", ours, bare, "bare model, scores only"))
    return [*rows, *_over_http(folder / "prediction", model)]


def _call(function: Callable[[list[str]], object], size: int) -> None:
    """Call it with texts it has never seen: models remember the last ones."""
    function([f"{TEXT} It is day {next(_days)}." for _ in range(size)])


def _post(client: httpx.Client, texts: list[str]) -> None:
    client.post("/v1/predict", json={"texts": texts}).raise_for_status()


def _over_http(home: Path, model: GenreModel) -> list[Row]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "run.py", "serve", "api", "--port", str(port)]
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**own_environment(home), "TRENDING_HOME": str(home), "TRENDING_RATE_LIMIT": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            _wait(client)
            ours, bare = time_pairs(partial(_call, partial(_post, client), 1), partial(_call, model.predict_proba, 1), ROUNDS)
    finally:
        server.terminate()
        server.wait(timeout=20)
    return [Row("POST /v1/predict, 1 text", ours, bare, "bare model, in process")]


def _wait(client: httpx.Client) -> None:
    for _ in range(300):
        try:
            if client.get("/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("the API did not become ready")
