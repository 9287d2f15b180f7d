"""The server over streamable HTTP: which hosts, origins and tokens it takes, how much and how often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.types import Scope

from apps.http.clients import KeyRing, name_address
from apps.http.hosts import is_loopback
from apps.mcp.answering import Lender
from apps.mcp.factory import Server
from apps.mcp.server import create_server
from trending.errors import UsageError

if TYPE_CHECKING:
    from trending.settings import Settings

PATH = "/mcp"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104
_MAX_SESSIONS = 2_000


def create_http_app(live: Lender, host: str = "127.0.0.1") -> Starlette:
    """Return the server as an ASGI application that answers at `/mcp`.

    An application it is mounted in routes that path to it unchanged, and enters `app.router.lifespan_context(app)` for as long as it serves.

    Args:
        live: Lends the service over the current release.
        host: The address that is listened on.

    Raises:
        UsageError: If it would be open to the network without tokens.
    """
    from trending.settings import load_settings

    settings = load_settings()
    if not is_loopback(host) and not settings.mcp_tokens:
        raise UsageError("the MCP server would be open to the network", where=host or "every address", mend="set TRENDING_MCP_TOKENS, or listen on 127.0.0.1")
    return guard_server(create_server(live, settings.mcp_tokens), host)


def guard_server(server: Server, host: str = "127.0.0.1") -> Starlette:
    """Return a server's application with its guards: host, rate, size, then (by the SDK) origin and token."""
    from apps.http.bodies import BodyLimit
    from apps.http.hosts import AllowedHosts, Cors
    from apps.http.rates import RateLimit
    from trending.settings import load_settings

    settings = load_settings()
    hosts = [*_LOOPBACK, *settings.allowed_hosts, *([host] if host not in _ANYWHERE else [])]
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=settings.max_body_bytes,
        max_sessions=_MAX_SESSIONS,
        transport_security=TransportSecuritySettings(allowed_hosts=_with_ports(hosts), allowed_origins=_list_origins(hosts, settings)),
    )
    keys = KeyRing(settings.mcp_tokens)

    def name_client(scope: Scope) -> str:
        return keys.find(scope) or name_address(scope)

    # The last one added is the first one asked.
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(RateLimit, limit=settings.rate_limit, name_client=name_client)
    if settings.cors_origins:
        app.add_middleware(
            Cors, allow_origins=settings.cors_origins, allow_methods=["GET", "POST", "DELETE"], allow_headers=["*"], expose_headers=["Mcp-Session-Id"]
        )
    app.add_middleware(AllowedHosts, allowed=hosts, prefix=PATH)
    return app


def _with_ports(hosts: Sequence[str]) -> list[str]:
    """Return host names as the SDK compares them: one without a port is taken with any."""
    names = [host.removesuffix(":*") for host in hosts]
    return [name for host in names for name in ([host] if _has_port(host) else [host, f"{host}:*"])]


def _list_origins(hosts: Sequence[str], settings: Settings) -> list[str]:
    return [f"{scheme}://{host}" for host in _with_ports(hosts) for scheme in ("http", "https")] + settings.cors_origins


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and not host.endswith("]")
