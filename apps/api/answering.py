"""From a question to a response: one lease of the service per request, and an ETag that spares unchanged answers.

A release never changes, so release and URL say what an answer to a GET is; whoever has it is told so without asking the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import sha256

from anyio import CapacityLimiter, to_thread
from fastapi import Request, Response
from pydantic import BaseModel

from trending import __version__
from trending.errors import NotFoundError, UsageError
from trending.experiments.assignment import switch_variant
from trending.service.live import LiveService
from trending.service.service import TitleService

Ask = Callable[[TitleService], BaseModel]
NO_STORE = {"Cache-Control": "no-store"}
_JSON_ONLY = {"X-Content-Type-Options": "nosniff"}  # a plot full of markup is never a page


def find_live(request: Request) -> LiveService:
    """Return the service behind the API."""
    live: LiveService = request.app.state.live
    return live


def answer(request: Request, ask: Ask) -> Response:
    """Ask the service that is current now; answers GET with an ETag, and with 304 if the client has that answer already."""

    def respond(service: TitleService) -> Response:
        if request.method != "GET":
            return render(ask(service), NO_STORE)
        tag = _make_tag(request, service.version)
        headers = {"ETag": tag, "Cache-Control": request.app.state.cache_control}
        given = _read_tags(request)
        if tag in given:
            return Response(status_code=304, headers=headers)
        answered = ask(service)
        # `*` stands for any answer there is, so it has to be known that there is one.
        return Response(status_code=304, headers=headers) if "*" in given else render(answered, headers)

    return _lend(request, respond)


def _lend(request: Request, respond: Callable[[TitleService], Response]) -> Response:
    """Let the release of the moment respond; what it doesn't know an experiment's other release may, from which the client has it."""
    live = find_live(request)
    try:
        with live.lease() as service:
            return respond(service)
    except (NotFoundError, UsageError):
        if not switch_variant():
            raise
    with live.lease() as service:
        return respond(service)


async def answer_slowly(request: Request, ask: Ask) -> Response:
    """Ask what a language model may have to be asked for: in threads of its own, so that it keeps nobody else waiting."""
    slow: CapacityLimiter = request.app.state.slow
    return await to_thread.run_sync(partial(_answer_afresh, request, ask), limiter=slow)


def _answer_afresh(request: Request, ask: Ask) -> Response:
    if not find_live(request).maker.has_model:
        return answer(request, ask)
    # What a model says now, or fails to say, it may say otherwise next time.
    return _lend(request, lambda service: render(ask(service), NO_STORE))


def render(answered: BaseModel, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """Return an answer as JSON, written by pydantic in one go; it is of the model's type already, so nothing is validated again."""
    return Response(answered.__pydantic_serializer__.to_json(answered), status, _JSON_ONLY | (headers or {}), "application/json")


def _make_tag(request: Request, release: str) -> str:
    scope = request.scope
    asked = b"\0".join((__version__.encode(), release.encode(), scope.get("raw_path") or scope["path"].encode(), scope["query_string"]))
    return f'"{sha256(asked).hexdigest()[:32]}"'


def _read_tags(request: Request) -> set[str]:
    return {part.strip().removeprefix("W/") for line in request.headers.getlist("if-none-match") for part in line.split(",")}
