"""Which host names requests may name, and which origins' pages may read the answers."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from apps.http.problems import problem_response

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_loopback(host: str) -> bool:
    """Say whether a name to listen on is reached from this machine only."""
    return host in _LOOPBACK or host.startswith("127.")


class AllowedHosts:
    """ASGI middleware that answers 421 to a Host header that isn't ours; loopback's names always are."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str], prefix: str) -> None:
        """Wrap `app`.

        Args:
            app: What is protected.
            allowed: Names, with a port, or with `:*` or nothing for any; none: every name is taken.
            prefix: Only paths under it are protected; probes often ask by address.
        """
        self.app = app
        self.allowed = {name.removesuffix(":*").lower() for name in allowed}
        self.prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, or refuse it."""
        if scope["type"] != "http" or not self.allowed or not scope["path"].startswith(self.prefix) or self._allows(Headers(scope=scope).get("host", "")):
            await self.app(scope, receive, send)
            return
        detail = "this host name isn't served here; name it in TRENDING_ALLOWED_HOSTS"
        await problem_response(scope, HTTPStatus.MISDIRECTED_REQUEST, detail)(scope, receive, send)

    def _allows(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in _LOOPBACK or name in self.allowed or host.lower() in self.allowed


class Cors(CORSMiddleware):
    """Starlette's CORS middleware, whose refusals are problems too."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight request, or mark the answer to another one."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            if "origin" in headers and "access-control-request-method" in headers:
                response = self.preflight_response(headers)
                if response.status_code >= HTTPStatus.BAD_REQUEST:
                    response = problem_response(scope, response.status_code, bytes(response.body).decode(), {"Vary": "Origin"})
                await response(scope, receive, send)
                return
        await super().__call__(scope, receive, send)
