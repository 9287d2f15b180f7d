"""LiteLLM takes seconds to import: who has no model never waits for it, and who has one waits no longer than was asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.llm.server import SLACK, ScriptedServer

ROOT = Path(__file__).resolve().parents[2]


def test_without_a_model_nothing_of_litellm_is_loaded(tmp_path: Path) -> None:
    """The offline path costs no import of LiteLLM, nor a thread, nor a file."""
    code = (
        "import sys, threading; from trending.insights.maker import InsightMaker; from trending.insights.schema import Material;"
        "maker = InsightMaker.from_settings(); maker.make(Material(plot='A man walks home through the rain.'));"
        "print([name for name in ('litellm', 'openai', 'httpx', 'sklearn', 'torch') if name in sys.modules], threading.active_count())"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRENDING_")} | {"TRENDING_HOME": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == "[] 1"
    assert not any(tmp_path.iterdir())


def test_the_wait_for_the_library_counts_too(tmp_path: Path, server: ScriptedServer) -> None:
    """In a fresh process, where importing LiteLLM takes seconds, an answer with a limit of half a second is there all the same."""
    code = (
        "import time; from trending.insights.maker import InsightMaker; from trending.insights.schema import Material;"
        "maker = InsightMaker.from_settings(); began = time.monotonic(); made = maker.make(Material(plot='A man walks home through the rain.'));"
        "print(time.monotonic() - began, made.provenance.fallback)"
    )
    settings = {"HOME": str(tmp_path), "LLM_MODEL": "openai/good", "LLM_API_BASE": server.url, "LLM_TIMEOUT": "0.5"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRENDING_")}
    environment |= {f"TRENDING_{name}": value for name, value in settings.items()}
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True)
    seconds, fallback = ran.stdout.strip().split(" ", 1)
    assert float(seconds) < 0.5 + 2 * SLACK
    assert "did not answer in time" in fallback
