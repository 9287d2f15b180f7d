"""The chart in a real browser, in a sandbox as hosts use one: it speaks the host's protocol, draws the ranking, and turns nothing it is given into markup."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apps.mcp_clients import Checked, serve_release, talk
from trending.releases import Release

CHROMIUM = shutil.which("chromium")
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
CHART = Path(__file__).resolve().parents[2] / "apps/mcp/chart.html"
HOST = """<!doctype html><title>host</title><iframe sandbox="allow-scripts" width="500" height="500" srcdoc="{page}"></iframe><script>
window.heard = [];
const frame = document.querySelector("iframe");
window.tell = (message) => frame.contentWindow.postMessage({{ jsonrpc: "2.0", ...message }}, "*");
window.addEventListener("message", ({{ data }}) => {{
  window.heard.push(data);
  if (data.method === "ui/initialize") tell({{ id: data.id, result: {{ protocolVersion: data.params.protocolVersion, hostInfo: {{ name: "test", version: "1" }},
    hostCapabilities: {{}}, hostContext: {{ theme: "dark", styles: {{ variables: {{ "--color-text-primary": "rgb(1, 2, 3)" }} }} }} }} }});
}});
</script>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def answer(release: Release) -> dict[str, Any]:
    """What get_trending answers; asked before the browser's own event loop runs."""

    async def story(checked: Checked) -> dict[str, Any]:
        return await checked.call("get_trending", limit=5)

    return talk(serve_release(release), story)


@pytest.fixture(scope="module")
def page(answer: dict[str, Any]) -> Iterator[Any]:
    """A page with a host in it."""
    from playwright.sync_api import sync_playwright

    policed = CHART.read_text(encoding="utf-8").replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{POLICY}">')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        opened = browser.new_page()
        asked: list[str] = []
        opened.on("request", lambda request: asked.append(request.url))
        opened.set_content(HOST.format(page=html.escape(policed, quote=True)))
        opened.wait_for_function("heard.some(message => message.method === 'ui/notifications/initialized')")
        yield opened
        assert [url for url in asked if url.startswith("http")] == []
        browser.close()


def _show(page: Any, result: dict[str, Any]) -> Any:
    page.evaluate("params => tell({ method: 'ui/notifications/tool-result', params })", result)
    frame = page.frames[1]
    frame.wait_for_function("document.getElementById('note').textContent !== 'Waiting for the ranking…'")
    return frame


def test_it_introduces_itself_and_wears_the_hosts_colours(page: Any) -> None:
    heard = page.evaluate("heard")
    assert heard[0]["method"] == "ui/initialize"
    assert set(heard[0]["params"]) == {"appInfo", "appCapabilities", "protocolVersion"}
    assert all(message["jsonrpc"] == "2.0" for message in heard)
    assert page.frames[1].evaluate("getComputedStyle(document.body).color") == "rgb(1, 2, 3)"
    assert page.frames[1].evaluate("document.documentElement.style.colorScheme") == "dark"


def test_it_draws_what_get_trending_answers(page: Any, answer: dict[str, Any]) -> None:
    frame = _show(page, {"content": [{"type": "text", "text": json.dumps(answer)}], "structuredContent": answer})
    names = frame.locator(".name").all_text_contents()
    assert [name.startswith(entry["title"]["title"]) for name, entry in zip(names, answer["entries"], strict=True)] == [True] * 5
    frame.locator("summary").first.press("Enter")
    sentences = frame.locator("li li").all_text_contents()
    assert {part["sentence"] for part in answer["entries"][0]["parts"]} <= set(sentences)
    assert page.evaluate("heard.some(message => message.method === 'ui/notifications/size-changed' && message.params.height > 100)")


def test_markup_in_titles_stays_text(page: Any) -> None:
    hostile = '<img src=x onerror="parent.postMessage(\'owned\', \'*\')"><script>parent.postMessage("owned", "*")</script>'
    card = {"title_id": hostile, "title": hostile, "type": "movie", "genres": [hostile], "attribution": {"source": hostile}}
    entry = {"rank": 1, "score": 1, "title": card, "parts": [{"name": "x", "value": 1, "sentence": hostile}]}
    frame = _show(page, {"structuredContent": {"entries": [entry], "total": 1, "window": hostile, "as_of": hostile}})
    assert hostile in frame.locator(".name").first.text_content()
    assert frame.locator("img, main script").count() == 0
    assert "owned" not in page.evaluate("heard")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"structuredContent": {"entries": [], "total": 0, "hint": "leave one out"}}, "leave one out"),
        ({"isError": True, "content": [{"type": "text", "text": "no release is published"}]}, "no release is published"),
        ({}, "There is no ranking to show."),
    ],
)
def test_it_says_why_there_is_nothing(page: Any, result: dict[str, Any], said: str) -> None:
    frame = _show(page, result)
    frame.locator("#note", has_text=re.compile(f"^{re.escape(said)}$")).wait_for()
    assert frame.locator("#list li").count() == 0


def test_it_answers_what_hosts_ask(page: Any) -> None:
    page.evaluate("tell({ id: 7, method: 'ping' }); tell({ id: 8, method: 'ui/resource-teardown', params: {} }); tell({ id: 9, method: 'tools/list' })")
    page.wait_for_function("heard.some(message => message.id === 9)")
    answers = {message["id"]: message for message in page.evaluate("heard") if message.get("id") in (7, 8, 9)}
    assert answers[7]["result"] == answers[8]["result"] == {}
    assert answers[9]["error"]["code"] == -32601
