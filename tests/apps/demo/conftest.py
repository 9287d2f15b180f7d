"""The page as people see it: three releases served by one process on loopback, and one headless Chromium."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from apps.demo import mount_demo
from tests.apps.conftest import find_free_port
from tests.apps.demo.samples import publish_plain, publish_sample
from trending.cleaning.clean import CleaningResult
from trending.releases import ReleaseStore
from trending.service.live import LiveService
from trending.service.service import TitleService

_ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="package")
def lives(tmp_path_factory: pytest.TempPathFactory, bundle: Path, starter: CleaningResult) -> Iterator[dict[str, LiveService]]:
    """Open services: `sample` with all there can be and rows that mean harm, `plain` without figures, `none` without a release."""
    titles = starter.titles.head(200)
    empty = tmp_path_factory.mktemp("none")
    stores = {
        "sample": publish_sample(tmp_path_factory.mktemp("sample"), bundle, titles),
        "plain": publish_plain(tmp_path_factory.mktemp("plain"), bundle, titles),
        "none": ReleaseStore(str(empty / "releases"), empty / "cache"),
    }
    opened = {name: LiveService(store) for name, store in stores.items()}
    for live in opened.values():
        live.open()
    yield opened
    for live in opened.values():
        live.close()


@pytest.fixture
def service(lives: dict[str, LiveService]) -> Iterator[TitleService]:
    """The service over the sample release."""
    with lives["sample"].lease() as found:
        yield found


@pytest.fixture(scope="package")
def site(lives: dict[str, LiveService]) -> Iterator[str]:
    """Address of a server with the page: over the plain release at its root, over the others under their names."""
    app, port = FastAPI(openapi_url=None), find_free_port()
    for name, path in (("sample", "/sample"), ("none", "/none"), ("plain", "/")):
        mount_demo(app, lives[name], path)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=20)


# Closed with the module: Playwright keeps an event loop running in this thread, beside which others can't start theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def open_page(site: str, browser: Browser) -> Iterator[OpenPage]:
    """Return a function that opens an address below the site in a fresh profile and waits for its view: `open_page("sample/?q=x", width=390)`.

    Afterwards no page may have asked for anything beyond loopback, run into an error, or run a script of the catalogue.
    """
    pages: list[Page] = []
    wrong: list[str] = []

    def open_(address: str, width: int = 1280, height: int = 900, scheme: Literal["light", "dark"] = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("request", lambda request: wrong.append(request.url) if urlsplit(request.url).hostname not in ("127.0.0.1", None, "") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.goto(f"{site}/{address}")
        wait_for_view(page)
        pages.append(page)
        return page

    yield open_
    harmed = [page.evaluate("String(window.pwned)") for page in pages]
    for page in pages:
        page.context.close()
    assert wrong == []
    assert set(harmed) <= {"undefined"}


def wait_for_view(page: Page) -> None:
    """Wait until the view that the address names is there."""
    page.wait_for_selector("html[data-view]", state="attached")
    page.wait_for_function("!document.querySelector('#tn-view').hasAttribute('aria-busy')")
