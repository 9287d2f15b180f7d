"""Schemathesis against the real server: answers and refusals are as the OpenAPI document says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

CONFIG = Path(__file__).resolve().with_name("schemathesis.toml")


def _run_schemathesis(url: str, folder: Path, *options: str) -> None:
    tool = str(Path(sys.executable).with_name("schemathesis"))
    command = [tool, "--config-file", str(CONFIG), "run", f"{url}/openapi.json", "--checks", "all", "--seed", "11", "--generation-deterministic"]
    done = subprocess.run(
        [*command, "--no-color", "--suppress-health-check", "all", *options], cwd=folder, capture_output=True, text=True, timeout=880, check=False
    )
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    assert re.search(r"16 selected / 16 total", done.stdout), done.stdout[:2_000]
    assert "Stateful" in done.stdout


def test_schemathesis_finds_no_fault(server: Any, tmp_path: Path) -> None:
    _run_schemathesis(server.url, tmp_path, "--max-examples", "6")


@pytest.mark.slow
def test_schemathesis_finds_no_fault_with_many_examples(server: Any, tmp_path: Path) -> None:
    _run_schemathesis(server.url, tmp_path, "--max-examples", "150")


@pytest.mark.slow
def test_schemathesis_finds_no_fault_behind_keys(start_server: Callable[..., Any], published_home: Path, tmp_path: Path) -> None:
    server = start_server(published_home, settings={"TRENDING_API_KEYS": "a-key", "TRENDING_RATE_LIMIT": ""})
    try:
        _run_schemathesis(server.url, tmp_path, "--max-examples", "20", "-H", "X-API-Key: a-key")
    finally:
        server.stop()


@pytest.mark.parametrize(
    "texts",
    [
        ["A plot."],
        ["x" * 20_000] * 40,
        [""],
        [" "],
        ["\n\t\u00a0"],
        ["\x85"],
        ["\x1c"],
        ["\x1f "],
        ["\x1fa"],
        [" a "],
        [],
        ["a"] * 65,
        ["x" * 20_001],
        [1],
        None,
    ],
    ids=lambda texts: str(texts)[:20],
)
def test_the_documented_schema_accepts_what_the_server_accepts(api: httpx.Client, texts: Any) -> None:
    """A body that is valid by the document is answered, one that isn't is refused."""
    document = api.get("/openapi.json").json()
    body = {"texts": texts}
    schema = {"$ref": "#/components/schemas/PredictRequest", "components": document["components"]}
    documented = jsonschema_rs.is_valid(schema, body)  # which reads patterns as JSON Schema says, not as Python does
    assert (api.post("/v1/predict", json=body).status_code == 200) == documented
