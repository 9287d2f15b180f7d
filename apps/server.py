"""One process, several doors: REST under /v1, MCP under /mcp, the page under /, all over one live service.

It owns what they share: the service is opened before the server listens and closed after it stopped; Gradio is imported only once the others answer.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import uvicorn
from anyio import to_thread
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from apps.http.late import LateApp
from apps.http.problems import problem_response
from apps.http.streams import StandingStreams
from apps.observing.emf import EmfReporter
from apps.observing.logs import choose_format, configure_logging
from apps.observing.measures import Measures
from apps.observing.requests import ObserveRequests
from apps.observing.tracing import TraceRequests, Tracing, start_tracing
from trending import telemetry
from trending.monitoring.recorder import Recorder
from trending.releases import ReleaseStore
from trending.service.live import LiveService
from trending.settings import load_settings

if TYPE_CHECKING:
    from starlette.applications import Starlette

DOORS = ("api", "mcp", "demo")
_API_PATHS = {"v1", "health", "ready", "version", "metrics", "docs", "docs-files", "redoc", "openapi.json"}
_MCP_PATH = "mcp"
_FINISH_SECONDS = 7  # for requests in flight
_END_SECONDS = 9.5  # for all of it; whatever still hangs then, such as a thread that waits for a model, is left behind


class Doors:
    """ASGI application that passes each request to the door it is for."""

    def __init__(self, live: LiveService, doors: Collection[str], host: str = "127.0.0.1", tracing: Tracing | None = None) -> None:
        """Make the doors.

        Args:
            live: The service, not opened yet.
            doors: Some of `DOORS`.
            host: The address that is listened on.
            tracing: What traces requests, if they are to be.

        Raises:
            UsageError: If MCP would be open to the network without tokens.
        """
        self.live = live
        self._host = host
        self._measures = Measures()
        live.on_change(self._measures.name_release)
        self._api = self._make_api() if "api" in doors else None
        self._mcp = self._make_mcp() if "mcp" in doors else None
        self._page = LateApp(self._make_page) if "demo" in doors else None
        self._lifespan = Router(lifespan=self._open)
        self._streams = StandingStreams(self._dispatch, _is_standing)
        self._requests = ObserveRequests(self._streams, self._measures, self._name_route, _is_standing)
        self._observed: ASGIApp = self._requests if tracing is None else TraceRequests(self._requests, tracing, self._name_route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await (self._lifespan if scope["type"] == "lifespan" else self._observed)(scope, receive, send)

    def begin_shutdown(self) -> None:
        """End the streams that would never end by themselves."""
        self._streams.close()

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._choose(_first_part(scope))(scope, receive, send)

    def _choose(self, first: str) -> ASGIApp:
        if first == _MCP_PATH and self._mcp is not None:
            return self._mcp
        if first in _API_PATHS and self._api is not None:
            return self._api
        return self._page or self._api or _refuse

    def _name_route(self, scope: Scope) -> str:
        """Return the template of a request's route, which holds nothing that a client wrote."""
        door = self._choose(_first_part(scope))
        if door is self._api:
            return getattr(scope.get("route"), "path", "unmatched")
        if door is self._mcp:
            return f"/{_MCP_PATH}" if scope["path"] == f"/{_MCP_PATH}" else "unmatched"
        return "unmatched" if door is _refuse else "page"

    @asynccontextmanager
    async def _open(self, _: object) -> AsyncIterator[None]:
        await to_thread.run_sync(self.live.open)
        try:
            async with AsyncExitStack() as stack:
                stack.callback(self._requests.settle)
                stack.enter_context(telemetry.listening(self._measures.count_event))
                recorder = Recorder.from_settings(load_settings(), lambda: self._measures.release_version, self._measures.unrecorded.inc)
                if recorder is not None:
                    recorder.start()
                    stack.push_async_callback(to_thread.run_sync, recorder.close)
                    stack.enter_context(telemetry.listening(recorder.take))
                if load_settings().metrics == "emf":
                    stack.push_async_callback(_end, asyncio.create_task(self._make_reporter().run()))
                if self._mcp is not None:
                    await stack.enter_async_context(self._mcp.router.lifespan_context(self._mcp))
                if self._page is not None:
                    self._page.start()
                    stack.push_async_callback(self._page.stop)
                yield
        finally:
            await to_thread.run_sync(self.live.close)

    def _make_api(self) -> ASGIApp:
        from apps.api import create_app

        return create_app(self.live, self._measures)

    def _make_reporter(self) -> EmfReporter:
        return EmfReporter(self._measures.registry, load_settings().service_name, lambda: self._measures.release_version, _write_line)

    def _make_mcp(self) -> Starlette:
        from apps.mcp import create_http_app

        return create_http_app(self.live, self._host)

    def _make_page(self) -> Starlette:
        from fastapi import FastAPI

        from apps.demo import mount_demo

        return mount_demo(FastAPI(openapi_url=None), self.live)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _write_line(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def _first_part(scope: Scope) -> str:
    return str(scope["path"]).split("/", 2)[1] if "/" in scope["path"] else ""


def _is_standing(scope: Scope) -> bool:
    """Say whether a request opens a stream without an end: an MCP client's for notices, or a page's that shows that it is open."""
    path: str = scope["path"]
    return scope["method"] == "GET" and (path == f"/{_MCP_PATH}" or "/heartbeat/" in path)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await problem_response(scope, HTTPStatus.NOT_FOUND, "nothing is served at this path")(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1000})


class _Server(uvicorn.Server):
    """Ends within ten seconds of being asked to, whoever is still connected."""

    def __init__(self, config: uvicorn.Config, doors: Doors) -> None:
        super().__init__(config)
        self._doors = doors

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        guard = threading.Timer(_END_SECONDS, os._exit, (143,))
        guard.daemon = True
        guard.start()
        self._doors.begin_shutdown()
        await super().shutdown(sockets)


def serve(store: ReleaseStore, doors: Collection[str], host: str, port: int) -> None:
    """Serve until a signal comes.

    Args:
        store: Where releases lie.
        doors: Some of `DOORS`.
        host: Address to listen on.
        port: Port to listen on.
    """
    settings = load_settings()
    configure_logging(choose_format(settings.log_format), settings.service_name)
    tracing = start_tracing(settings.service_name)
    app = Doors(LiveService(store), doors, host, tracing)
    # Requests get a line of ours each, which is no copy of what clients sent. Nothing here speaks WebSocket, whose lines in uvicorn's log are one.
    options: dict[str, Any] = {"log_config": None, "access_log": False, "ws": "none", "timeout_graceful_shutdown": _FINISH_SECONDS}
    try:
        _Server(uvicorn.Config(app, host=host, port=port, **options), app).run()
    finally:
        if tracing is not None:
            tracing.stop()
