"""What a failed call says: one line that tells the assistant how to mend it. What nobody foresaw is logged, and only that it happened is said."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Literal

from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError, UnexpectedToolError
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS
from pydantic import ValidationError

from trending.errors import NotFoundError, find_trending_error

_SHOWN_ERRORS = 3
_SHOWN_CHARS = 80
UNEXPECTED = "an unexpected error, which has been logged; try again, or ask in another way"
log = logging.getLogger(__name__)


def explain_failure(name: str, error: ToolError) -> ToolError:
    """Return what the assistant is told about a call that failed."""
    if isinstance(error.__cause__, ValidationError) and not isinstance(error, UnexpectedToolError):
        return ToolError(f"{name}: {describe_invalid(error.__cause__)}")
    if (expected := find_trending_error(error)) is not None:
        return ToolError(str(expected))
    if isinstance(error, UnexpectedToolError):
        log.error("tool %s failed", name, exc_info=error)
        return ToolError(f"{name}: {UNEXPECTED}")
    return error


def blame_failure(error: ToolError) -> Literal["refused", "failed"]:
    """Say whether a failed call is its caller's mistake (`refused`) or ours."""
    expected = find_trending_error(error)
    if expected is not None:
        return "failed" if expected.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "refused"
    return "failed" if str(error).endswith(UNEXPECTED) else "refused"


def explain_unread(error: ResourceError) -> ResourceError:
    """Return what the client is told about a resource that can't be read."""
    expected = find_trending_error(error)
    if expected is None:
        return error
    kind = ResourceNotFoundError if isinstance(expected, NotFoundError) else ResourceError
    return kind(str(expected))


def explain_prompt(name: str, error: BaseException) -> MCPError:
    """Return what the client is told about a prompt that can't be made; the SDK wraps the cause twice."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ValidationError):
        cause = cause.__cause__
    if cause is None:
        log.error("prompt %s failed", name, exc_info=error)
        return MCPError(INTERNAL_ERROR, f"{name}: {UNEXPECTED}")
    return MCPError(INVALID_PARAMS, f"{name}: {describe_invalid(cause)}")


def refuse_unknown(name: str, unknown: Sequence[str], known: Sequence[str]) -> ToolError:
    """Return the refusal of arguments that a tool doesn't have: ignoring them would answer another question."""
    shown = ", ".join(_shorten(one) for one in unknown[:_SHOWN_ERRORS])
    return ToolError(f"{name}: no such argument: {shown}; it takes {', '.join(known) or 'none'}")


def describe_invalid(error: ValidationError) -> str:
    """Return what is wrong with arguments, with what is allowed, in one line."""
    errors = error.errors(include_url=False, include_context=False)
    said = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}{_show_input(one['type'], one['input'])}" for one in errors[:_SHOWN_ERRORS]]
    more = len(errors) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more > 0 else "")


def _show_input(kind: str, given: object) -> str:
    return "" if kind == "missing" else f" (got {_shorten(repr(given))})"


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARS else line[: _SHOWN_CHARS - 1] + "…"
