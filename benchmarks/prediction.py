"""What a prediction costs over the bare model: repair, masking, calibration and evidence; and over HTTP."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from benchmarks.plain_training import main as train
from benchmarks.timing import ROOT, Row, own_environment, time_pairs
from trending.models import GenreModel
from trending.releases import ReleaseStore

TEXT = "A sheriff rides across the desert to find the outlaws who robbed the stagecoach, and falls for a singer in the saloon."
ROUNDS = 300


def measure(folder: Path, data: str | None) -> list[Row]:
    """Time single texts and batches of 64 on a model trained here."""
    overrides = [f"source={'files' if data else 'starter'}", "models=[majority,tfidf_logreg]", *([f"path={Path(data).absolute()}"] if data else [])]
    train(folder / "prediction", overrides)
    release = ReleaseStore(str(folder / "prediction" / "releases"), folder / "cache").open()
    predictor, model = release.predictor, release.predictor.model
    texts = [f"{TEXT} {number}" for number in range(64)]
    rows = []
    for name, batch, rounds in (("1 text", [TEXT], ROUNDS), ("64 texts", texts, ROUNDS // 10)):
        ours, bare = time_pairs(lambda batch=batch: predictor.predict(batch), lambda batch=batch: model.predict_proba(batch), rounds)
        rows.append(Row(f"predict with evidence, {name}", ours, bare, "bare model, scores only"))
        ours, bare = time_pairs(lambda batch=batch: predictor.predict(batch, evidence=0), lambda batch=batch: model.predict_proba(batch), rounds)
        rows.append(Row(f"predict without evidence, {name}", ours, bare, "bare model, scores only"))
    return [*rows, *_over_http(folder / "prediction", model)]


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
            body = json.dumps({"texts": [TEXT]})
            headers = {"content-type": "application/json"}
            ours, bare = time_pairs(
                lambda: client.post("/v1/predict", content=body, headers=headers).raise_for_status(), lambda: model.predict_proba([TEXT]), ROUNDS
            )
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
