"""The server: `/<host>/<path>` plays a host, `/synthetic.tvmaze/...` and `/site/...` are of our own making, `/__...` is for tests to steer it."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.replay.faults import Fault, Faults, befall
from tests.replay.html_site import HtmlSite
from tests.replay.recorded import Recordings
from tests.replay.tvmaze_site import SyntheticTvmaze
from tests.replay.written import WrittenAnswers

ALLOW_ALL = "User-agent: *\nDisallow:\n"
_NOT_FOUND = '{"name": "Not Found", "message": "Page not found.", "code": 0, "status": 404}'
_NOTED = ("host", "user-agent", "if-none-match", "if-modified-since", "authorization", "accept-encoding")


@dataclass(frozen=True)
class Options:
    """What the server serves."""

    fixtures: Path | None = None
    shows: int = 1_000
    pages: int = 200
    latency: float = 0.0  # seconds before every answer


class ReplayServer:
    """All that is asked, answered; and all that was asked, noted."""

    def __init__(self, options: Options) -> None:
        """Make the sites."""
        recordings = Recordings(options.fixtures)
        self._recordings, self._written = recordings, WrittenAnswers(recordings)
        self._tvmaze, self._site = SyntheticTvmaze(options.shows), HtmlSite(options.pages)
        self._faults, self._robots, self._latency = Faults(), ALLOW_ALL, options.latency
        self._log: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        """Return the application."""
        app = web.Application()
        app.router.add_get("/__log", self._show_log)
        app.router.add_post("/__steer", self._steer)
        app.router.add_get("/{path:.*}", self._serve)
        return app

    async def _show_log(self, request: web.Request) -> web.Response:
        return web.json_response(self._log)

    async def _steer(self, request: web.Request) -> web.Response:
        """Do what a test asks for: {"fault": {...}}, {"robots": text}, {"latency": s}, {"update": {...}}, {"blank": {...}}, {"clear": ["log", "faults"]}."""
        asked = await request.json()
        for what in asked.get("clear", []):
            {"log": self._log, "faults": self._faults}[what].clear()
        if "fault" in asked:
            self._faults.add(Fault(**asked["fault"]))
        if "update" in asked:
            self._tvmaze.update(**asked["update"])
        if "blank" in asked:
            self._tvmaze.blank(**asked["blank"])
        self._robots = asked.get("robots", self._robots)
        self._latency = asked.get("latency", self._latency)
        return web.json_response({})

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        noted = {"time": time.time(), "path": request.path_qs, "status": None, **{name: request.headers.get(name) for name in _NOTED}}
        self._log.append(noted)
        if self._latency:
            await asyncio.sleep(self._latency)
        answer = self._conditional(request, self._find(request))
        fault = self._faults.take(request.path_qs, request.query.get("__fault"))
        noted["fault"] = None if fault is None else fault.mode
        final = answer if fault is None else await befall(fault, request, answer)
        noted["status"] = final.status
        return final

    def _find(self, request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(text=self._robots, content_type="text/plain")
        host, _, rest = request.path.lstrip("/").partition("/")
        path, query = f"/{rest}", [(name, value) for name, value in request.query.items()]
        if host == "synthetic.tvmaze":
            found = self._tvmaze.answer(path, dict(query))
        elif host == "site":
            found = self._site.answer(path, f"{request.scheme}://{request.host}/site")
        else:
            found = self._recordings.find(host, path, query) or self._written.find(host, path)
        return found or web.Response(status=404, text=_NOT_FOUND, content_type="application/json")

    def _conditional(self, request: web.Request, answer: web.Response) -> web.Response:
        """Give good answers an ETag, and honour it."""
        if answer.status != 200:
            return answer
        etag = f'"{hashlib.sha256(answer.body).hexdigest()[:20]}"'  # type: ignore[arg-type]
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        answer.headers["ETag"] = etag
        return answer
