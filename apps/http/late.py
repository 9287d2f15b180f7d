"""An application that takes seconds to import and must not keep others waiting: it is made in a background thread while a page says so."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from apps.http.problems import problem_response

log = logging.getLogger(__name__)
_RETRY_SECONDS = 1
_LOADING = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="{_RETRY_SECONDS}">
<meta name="color-scheme" content="light dark">
<title>Trending Now is starting</title>
<style>body {{ font: 1.1rem system-ui, sans-serif; display: grid; min-height: 90vh; place-content: center; text-align: center }}</style>
</head>
<body>
<main><h1>Trending Now</h1><p role="status">Starting: the page is there in a few seconds and opens by itself.</p></main>
</body>
</html>
"""


class LateApp:
    """ASGI application that is loaded after the server listens; until then it answers with a page that refreshes itself.

    That page is no error: each start would set off alarms. Only who wants something done, with POST and the like, is told by a 503 that it wasn't.
    """

    def __init__(self, load: Callable[[], Starlette]) -> None:
        """Take what makes the application; it is called in a thread."""
        self._load = load
        self._app: ASGIApp | None = None
        self._failed = False
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to load; returns at once."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End the application's lifespan, or give up loading."""
        if self._task is not None:
            self._stop.set()
            if self._app is None:
                self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on to the application, or say that it is coming."""
        if self._app is not None:
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1013})
        elif self._failed:
            detail = "the page could not be loaded; the log says why"
            await problem_response(scope, HTTPStatus.INTERNAL_SERVER_ERROR, detail)(scope, receive, send)
        else:
            headers = {"Retry-After": str(_RETRY_SECONDS), "Cache-Control": "no-store"}
            status = HTTPStatus.OK if scope["method"] in ("GET", "HEAD") else HTTPStatus.SERVICE_UNAVAILABLE
            await HTMLResponse(_LOADING, status, headers)(scope, receive, send)

    async def _run(self) -> None:
        """Load, then hold the lifespan open: it has to end in the task in which it began."""
        try:
            app = await self._load_in_thread()
            async with app.router.lifespan_context(app):
                self._app = app
                await self._stop.wait()
        except Exception:
            self._failed = self._app is None
            log.exception("the page could not be loaded")

    async def _load_in_thread(self) -> Starlette:
        loop = asyncio.get_running_loop()
        loaded: asyncio.Future[Starlette] = loop.create_future()

        def finish(app: Starlette | None, error: BaseException | None) -> None:
            if loaded.cancelled():
                return
            if app is not None:
                loaded.set_result(app)
            else:
                loaded.set_exception(error or RuntimeError("nothing was loaded"))

        def work() -> None:
            app, error = None, None
            try:
                app = self._load()
            except Exception as raised:
                error = raised
            if not loop.is_closed():
                loop.call_soon_threadsafe(finish, app, error)

        # Not the loop's own threads: those are waited for when the process is to end.
        threading.Thread(target=work, name="page-loader", daemon=True).start()
        return await loaded
