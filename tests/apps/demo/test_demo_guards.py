"""What anyone who reaches the page may send it, beyond what its own script sends."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from apps.demo import mount_demo
from apps.demo.chat import converse
from tests.apps.demo.conftest import OpenPage
from trending.service.live import LiveService
from trending.settings import load_settings


def test_files_are_refused_and_none_is_kept(site: str) -> None:
    """Nothing on the page takes a file, but Gradio has a route that keeps any."""
    kept = Path(tempfile.gettempdir()) / "gradio"
    before = set(kept.rglob("*")) if kept.exists() else set()
    refused = httpx.post(f"{site}/gradio_api/upload", files={"files": ("big.bin", b"x" * 100_000)})
    assert refused.status_code == 404
    assert set(kept.rglob("*") if kept.exists() else ()) == before


def test_a_large_body_is_refused(site: str) -> None:
    assert httpx.post(f"{site}/gradio_api/component_server", content=b"[" + b"1," * 1_000_000).status_code == 413


def test_who_asks_too_often_is_told_when_to_come_back(lives: dict[str, LiveService], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDING_RATE_LIMIT", "3/minute")
    monkeypatch.setenv("TRENDING_ALLOWED_HOSTS", "films.example")
    load_settings.cache_clear()
    with TestClient(mount_demo(FastAPI(openapi_url=None), lives["plain"]), base_url="http://films.example") as client:
        answers = [client.get("/gradio_api/info") for _ in range(4)]
        assert [one.status_code for one in answers][:3] == [200] * 3
        assert answers[3].status_code == 429
        assert int(answers[3].headers["retry-after"]) > 0
        assert client.get("/").status_code == 200  # its files don't count
        assert client.get("/", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("data", [[1], 1, None, "x", {"about": 5}, {"title_id": ["x"]}])
def test_a_report_of_any_shape_is_answered_in_words(site: str, data: Any, open_page: OpenPage) -> None:
    page = open_page("?view=about")
    said = page.evaluate(
        """async data => {
            const config = window.gradio_config;
            const part = config.components.find(one => (one.props.server_fns || []).includes('keep_report'));
            const answer = await fetch('gradio_api/component_server', {
                method: 'POST', headers: {'content-type': 'application/json'},
                body: JSON.stringify({data, component_id: part.id, fn_name: 'keep_report', session_hash: 'x'})});
            return [answer.status, await answer.json()];
        }""",
        data,
    )
    assert said[0] == 200
    assert said[1]["kept"] is False
    assert said[1]["message"].startswith("Not kept")


def test_what_is_typed_while_the_chat_answers_stays(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slowly(*given: Any) -> AsyncIterator[Any]:
        async for html in converse(*given):
            yield html
            await anyio.sleep(1)
        yield html + "<p>That is all.</p>"

    monkeypatch.setattr("apps.demo.page.converse", slowly)
    page = open_page("sample/?view=chat")
    box = page.get_by_label("Question", exact=True)
    box.fill("what's trending?")
    box.press("Enter")
    page.locator(".exchange").wait_for()
    expect(box).to_have_value("")
    box.fill("my next question")
    page.get_by_text("That is all.").wait_for()
    assert box.input_value() == "my next question"
