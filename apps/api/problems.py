"""Errors as RFC 9457 problem details: one shape for every failure, whoever raised it."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from trending.errors import TrendingError

PROBLEM_TYPE = "application/problem+json"
log = logging.getLogger(__name__)


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field("about:blank", description="`about:blank`: the status says it all.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What is wrong with this request, and how to mend it.")
    instance: str = Field(description="The path that was asked for.")


def problem_response(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return a problem as a response."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, instance=_raw_path(request))
    return JSONResponse(problem.model_dump(), status_code=status, media_type=PROBLEM_TYPE, headers=headers)


def _raw_path(request: Request) -> str:
    """Return the path as it was sent, escapes and all, which makes it a valid URI reference."""
    raw: bytes = request.scope.get("raw_path") or b""
    return raw.decode("ascii", errors="replace").partition("?")[0] or quote(request.scope["path"])


def document_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI descriptions of problems with these statuses."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {status: {"description": HTTPStatus(status).phrase, "content": {PROBLEM_TYPE: {"schema": schema}}} for status in statuses}


def _describe(error: RequestValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}"


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of `app` end as a problem."""

    @app.exception_handler(TrendingError)
    async def expected(request: Request, error: TrendingError) -> JSONResponse:
        return problem_response(request, error.status, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem_response(request, 422, _describe(error))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return problem_response(request, error.status_code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.exception("unexpected error at %s", request.url.path, exc_info=error)
        return problem_response(request, 500, "an unexpected error; it has been logged")
