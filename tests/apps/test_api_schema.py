"""Schemathesis against the real server: answers and refusals are as the OpenAPI document says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest


def test_schemathesis_finds_no_fault(server: Any, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/openapi.json"]
    options = ["--checks", "all", "--max-examples", "40", "--seed", "11", "--generation-deterministic", "--no-color", "--suppress-health-check", "all"]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-2_000:]
    assert "7 selected / 7 total" in done.stdout


@pytest.mark.parametrize(
    "texts",
    [["A plot."], ["x" * 20_000] * 40, [""], [" "], ["\n\t\u00a0"], [" a "], [], ["a"] * 65, ["x" * 20_001], [1], None],
    ids=lambda texts: str(texts)[:20],
)
def test_the_documented_schema_accepts_what_the_server_accepts(api: httpx.Client, texts: Any) -> None:
    """A body that is valid by the document is answered, one that isn't is refused."""
    document = api.get("/openapi.json").json()
    body = {"texts": texts}
    schema = {"$ref": "#/components/schemas/PredictRequest", "components": document["components"]}
    documented = jsonschema.Draft202012Validator(schema).is_valid(body)
    assert (api.post("/v1/predict", json=body).status_code == 200) == documented
