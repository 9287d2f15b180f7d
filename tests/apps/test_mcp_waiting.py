"""What takes longer than a second reports its progress and can be cancelled, over every way there is to the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from apps.mcp import create_http_app
from tests.apps.mcp_clients import Checked, Fixed, run_app, serve_release, talk
from trending.insights.maker import InsightMaker
from trending.insights.schema import Insights, Material
from trending.releases import Release


class SlowMaker(InsightMaker):
    """Takes its time, as a model does, until it is let go."""

    def __init__(self, real: InsightMaker) -> None:
        self.real = real
        self.go = threading.Event()
        self.asked = threading.Event()

    def make(self, material: Material, *, keep: bool = True) -> Insights:
        """Wait, then answer by rules."""
        self.asked.set()
        self.go.wait(20)
        return self.real.offline(material)


@pytest.fixture
def slow(release: Release) -> Iterator[Fixed]:
    """A service whose insights take until `maker.go` is set."""
    maker = SlowMaker(InsightMaker.from_settings())
    yield serve_release(release, maker)
    maker.go.set()


def _maker(live: Fixed) -> SlowMaker:
    maker = live.service.maker
    assert isinstance(maker, SlowMaker)
    return maker


@pytest.mark.parametrize("way", ["legacy", "auto", "http legacy", "http auto"])
def test_progress_is_reported_while_a_model_thinks(slow: Fixed, way: str) -> None:
    seen: list[tuple[float, float | None, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total, message))
        if len(seen) == 2:
            _maker(slow).go.set()

    async def story(checked: Checked) -> Any:
        return await checked.client.call_tool("get_insights", {"plot": "A lighthouse keeper finds a boat."}, progress_callback=note)

    if way.startswith("http"):
        with run_app(create_http_app(slow)) as url:
            result = talk(f"{url}/mcp", story, mode=way.removeprefix("http "))
    else:
        result = talk(slow, story, mode=way)
    assert not result.is_error
    steps = [progress for progress, _, _ in seen]
    assert len(steps) >= 2
    assert steps == sorted(set(steps))
    assert all(total == 25 and message for _, total, message in seen)  # the model's 20 s and some to spare


@pytest.mark.parametrize("way", ["legacy", "http legacy", "http auto"])
def test_a_cancelled_call_is_over_at_once_and_the_server_goes_on(slow: Fixed, way: str) -> None:
    async def story(checked: Checked) -> float:
        with anyio.move_on_after(1.5):
            await checked.client.call_tool("get_insights", {"plot": "A lighthouse keeper finds a boat."})
        started = time.monotonic()
        assert (await checked.call("search_titles", query="boat", limit=1))["titles"]
        return time.monotonic() - started

    if way.startswith("http"):
        with run_app(create_http_app(slow)) as url:
            passed = talk(f"{url}/mcp", story, mode=way.removeprefix("http "))
    else:
        passed = talk(slow, story, mode=way)
    assert _maker(slow).asked.is_set()
    assert not _maker(slow).go.is_set()
    assert passed < 5


def test_quick_calls_report_nothing(slow: Fixed) -> None:
    seen: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async def story(checked: Checked) -> None:
        await checked.client.call_tool("search_titles", {"query": "boat"}, progress_callback=note)

    talk(slow, story)
    assert seen == []
