"""How the API's errors become problem details, and how its OpenAPI document says so."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from apps.http.problems import PROBLEM_TYPE, problem_response
from trending.errors import TrendingError

log = logging.getLogger(__name__)


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
        return problem_response(request.scope, error.status, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem_response(request.scope, 422, _describe(error))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return problem_response(request.scope, error.status_code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.exception("unexpected error at %s", getattr(request.scope.get("route"), "path", "an unknown path"), exc_info=error)
        return problem_response(request.scope, 500, "an unexpected error; it has been logged")
