"""What can go wrong between a crawl and a site, switchable for each path prefix, or for one request by `?__fault=MODE`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal, get_args

from aiohttp import web

Mode = Literal["slow", "status", "truncated", "cut", "encoding", "redirect_loop", "big", "reset"]
MODES: tuple[str, ...] = get_args(Mode)
BIG_BYTES = 10 * 1024 * 1024


@dataclass
class Fault:
    """A fault for every path that begins with `prefix` (query included).

    Modes: slow (waits `seconds`), status (answers `status`), truncated (half the body, whole by its headers), cut (the connection ends
    half-way through the body), encoding (Latin-1 bytes called UTF-8), redirect_loop, big (the body, blank-padded to 10 MB), reset (the
    connection is reset before any answer).
    """

    prefix: str
    mode: Mode
    times: int | None = None  # so often, then all is well; None: always
    status: int = 500
    retry_after: str | None = None
    seconds: float = 1.0


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        """Begin with none."""
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Switch one on."""
        if fault.mode not in MODES:
            raise ValueError(f"no such fault: {fault.mode}; there are {', '.join(MODES)}")
        self._faults.append(fault)

    def clear(self) -> None:
        """Switch all off."""
        self._faults.clear()

    def take(self, path: str, asked: str | None) -> Fault | None:
        """Return the fault that befalls a request, using up one of its times."""
        if asked is not None:
            return Fault(path, asked)  # type: ignore[arg-type]
        for fault in self._faults:
            if path.startswith(fault.prefix) and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None


async def befall(fault: Fault, request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Let a fault befall the answer to a request."""
    if fault.mode in ("cut", "reset"):
        return await _break(request, bytes(answer.body or b"") if fault.mode == "cut" else b"")  # type: ignore[arg-type]
    if fault.mode == "slow":
        await asyncio.sleep(fault.seconds)
        return answer
    return _spoil(fault, request, answer)


def _spoil(fault: Fault, request: web.Request, answer: web.Response) -> web.Response:
    body, kind = bytes(answer.body or b""), answer.content_type  # type: ignore[arg-type]
    match fault.mode:
        case "truncated":
            return web.Response(body=body[: len(body) // 2], content_type=kind)
        case "encoding":
            return web.Response(body='[{"name": "Am\xe9lie"}]'.encode("latin-1"), content_type=kind, charset="utf-8")
        case "redirect_loop":
            return web.Response(status=302, headers={"Location": str(request.rel_url)})
        case "big":
            return web.Response(body=body + b" " * (BIG_BYTES - len(body)), content_type=kind)
        case _:
            return web.Response(status=fault.status, headers={"Retry-After": fault.retry_after} if fault.retry_after else {})


async def _break(request: web.Request, body: bytes) -> web.StreamResponse:
    if body:
        begun = web.StreamResponse(headers={"Content-Length": str(len(body))})
        await begun.prepare(request)
        await begun.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
