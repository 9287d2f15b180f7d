"""Errors as RFC 9457 problem details: one shape for every failure, whoever raised it. Knows Starlette only, so that any ASGI app can use it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse
from starlette.types import Scope

PROBLEM_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field("about:blank", description="`about:blank`: the status says it all.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What is wrong with this request, and how to mend it.")
    instance: str = Field(description="The path that was asked for.")


def problem_response(scope: Scope, status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a problem as a response."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, instance=read_path(scope))
    return JSONResponse(problem.model_dump(), status_code=status, media_type=PROBLEM_TYPE, headers=headers)


def read_path(scope: Scope) -> str:
    """Return the path as it was sent, escapes and all, which makes it a valid URI reference."""
    raw: bytes = scope.get("raw_path") or b""
    return raw.decode("ascii", errors="replace").partition("?")[0] or quote(scope["path"])
