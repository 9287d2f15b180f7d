"""What tests of sources share (a writer of small files, a reader that expects to be refused in one line) and what tests of insights by a model do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.llm.server import LIMIT, ScriptedServer, serve_script
from trending.errors import TrendingError
from trending.insights.background import background_loop
from trending.insights.client import LlmClient
from trending.insights.maker import InsightMaker
from trending.insights.provider import MODEL
from trending.settings import Settings, load_settings
from trending.sources import SourceConfig, open_source

WriteFile = Callable[[str, str | bytes], str]
Refusal = Callable[..., TrendingError]
Read = Callable[..., list[dict[str, Any]]]
Configure = Callable[..., InsightMaker]


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    """Write `content` into a file of that name; returns its path."""

    def write(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return str(path)

    return write


@pytest.fixture
def read() -> Read:
    """Read a file to its end, as the pipeline would."""

    def read_all(path: str, **options: Any) -> list[dict[str, Any]]:
        return list(open_source(SourceConfig(source="files", path=path, **options)).records())

    return read_all


@pytest.fixture
def refusal(read: Read) -> Refusal:
    """Read a file to its end; returns the project's own error, which must be one line that doesn't show code."""

    def refuse(path: str, **options: Any) -> TrendingError:
        with pytest.raises(TrendingError) as caught:
            read(path, **options)
        assert len(str(caught.value).splitlines()) == 1
        assert "Traceback" not in str(caught.value)
        return caught.value

    return refuse


@pytest.fixture(scope="module")
def litellm() -> None:
    """LiteLLM, imported once, which takes seconds, so that limits measure calls."""
    client = LlmClient(Settings(llm_model=MODEL))
    asyncio.run_coroutine_threadsafe(client._load(), background_loop()).result(timeout=300)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A scripted server that plays models."""
    with serve_script() as running:
        yield running


@pytest.fixture
def configure(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Return a function that makes a maker from settings, with models that the scripted server plays."""

    def make(name: str, fallback: str = "", **settings: Any) -> InsightMaker:
        given = {"model": f"openai/{name}", "fallback_model": f"openai/{fallback}" if fallback else "", "api_base": server.url, "timeout": LIMIT} | settings
        for setting, value in given.items():
            monkeypatch.setenv(f"TRENDING_LLM_{setting.upper()}", str(value))
        load_settings.cache_clear()
        return InsightMaker.from_settings()

    return make
