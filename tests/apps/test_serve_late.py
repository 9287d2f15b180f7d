"""An application that is loaded after the server listens: what is answered meanwhile, whether Gradio's queue works then, and what if it can't be loaded."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from apps.http.late import LateApp

CheckProblem = Callable[[httpx.Response, int], dict[str, Any]]


@contextmanager
def serve_late(load: Callable[[], Starlette]) -> Iterator[str]:
    """Serve what `load` makes on a port of its own."""
    late = LateApp(load)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        late.start()
        yield
        await late.stop()

    host = Starlette(routes=[Mount("/", app=late)], lifespan=lifespan)
    server = uvicorn.Server(uvicorn.Config(host, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def wait_for(url: str, accept: Callable[[httpx.Response], bool]) -> httpx.Response:
    deadline = time.monotonic() + 240
    while not accept(answer := httpx.get(url, timeout=30)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return answer


def test_gradio_mounted_late_answers_through_its_queue() -> None:
    seen: list[str] = []

    def load() -> Starlette:
        import gradio as gr
        from fastapi import FastAPI

        def shout(text: str) -> Iterator[str]:
            for letter in text:
                seen.append(letter)
                yield "".join(seen).upper()

        with gr.Blocks(analytics_enabled=False) as page:
            given, said = gr.Textbox(), gr.Textbox()
            given.submit(shout, given, said, api_name="shout")
        return gr.mount_gradio_app(FastAPI(), page, path="/")

    from gradio_client import Client

    with serve_late(load) as url:
        waiting = httpx.get(url)
        assert (waiting.status_code, waiting.headers["cache-control"]) == (200, "no-store")
        assert 'http-equiv="refresh"' in waiting.text
        undone = httpx.post(f"{url}/gradio_api/queue/join")
        assert (undone.status_code, undone.headers["retry-after"]) == (503, "1")
        wait_for(f"{url}/config", lambda answer: "json" in answer.headers["content-type"])
        job = Client(url, verbose=False, analytics_enabled=False).submit("abc", api_name="/shout")
        assert job.result(30) == "ABC"
        assert job.outputs() == ["A", "AB", "ABC"]


def test_what_can_not_be_loaded_is_a_problem_and_the_server_goes_on(check_problem: CheckProblem, caplog: Any) -> None:
    def load() -> Starlette:
        raise ImportError("no such page")

    with serve_late(load) as url:
        problem = check_problem(wait_for(f"{url}/title/x", lambda answer: answer.status_code != 200), 500)
        assert "no such page" not in problem["detail"]
    assert "no such page" in caplog.text


def test_a_server_that_ends_while_the_page_is_loaded_does_not_wait_for_it() -> None:
    release = threading.Event()

    def load() -> Starlette:
        release.wait(30)
        return Starlette()

    try:
        with serve_late(load) as url:
            assert "is starting" in httpx.get(url).text
            started = time.monotonic()
        assert time.monotonic() - started < 5
    finally:
        release.set()
