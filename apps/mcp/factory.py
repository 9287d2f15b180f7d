"""How every MCP server here is made: the same errors, schemas and tokens, whatever its tools. The conformance tests' own server is made so too."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mcp.server.apps import Apps
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.server.mcpserver.resources import ResourceSecurity
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, CallToolResult, EmptyResult, GetPromptResult, InputRequiredResult, SetLevelRequestParams, Tool
from pydantic import AnyHttpUrl

from apps.http.clients import KeyRing
from apps.mcp.errors import blame_failure, explain_failure, explain_prompt, explain_unread, refuse_unknown
from apps.mcp.outlines import Outliner, trim_input
from trending import __version__
from trending.telemetry import ToolCall, ToolOutcome, span, tell

_LISTS_FRESH_MS = 3_600_000  # what a server offers changes with its code only
_READS_FRESH_MS = 60_000  # a new release may be published at any time


class Server(MCPServer[Any]):
    """The SDK's server with short schemas, and with errors that say how to mend them."""

    _arguments: Mapping[str, list[str]] = MappingProxyType({})

    async def list_tools(self) -> list[Tool]:
        """List the tools; their schemas are as short as they can be."""
        outliner = Outliner()
        return [
            tool.model_copy(
                update={
                    "input_schema": trim_input(tool.input_schema),
                    "output_schema": outliner.outline(tool.output_schema) if tool.output_schema else None,
                }
            )
            for tool in await super().list_tools()
        ]

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None) -> CallToolResult | InputRequiredResult:
        """Call a tool, and tell of it.

        Raises:
            ToolError: If it fails; one line says why.
        """
        if name not in self._arguments:  # looked up anew only for tools that were added since
            self._arguments = {tool.name: list(tool.input_schema.get("properties", {})) for tool in await super().list_tools()}
        started, known = time.perf_counter(), self._arguments.get(name)
        told = name if known is not None else "unknown"  # what clients make up is no label
        outcome: ToolOutcome = "cancelled"
        try:
            with span("call tool", tool=told):
                result = await self._call_known(name, known, arguments, context)
            outcome = "answered"
            return result
        except ToolError as error:
            outcome = blame_failure(error)
            raise
        except Exception:
            outcome = "failed"
            raise
        finally:
            tell(ToolCall(told, outcome, time.perf_counter() - started))

    async def _call_known(
        self, name: str, known: Sequence[str] | None, arguments: dict[str, Any], context: Context[Any, Any] | None
    ) -> CallToolResult | InputRequiredResult:
        if known is None:
            raise ToolError(f"no tool {name[:80]!r}; there are {', '.join(self._arguments)}")
        if unknown := [one for one in arguments if one not in known]:
            raise refuse_unknown(name, unknown, known)
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            raise explain_failure(name, error) from error.__cause__

    async def read_resource(self, uri: Any, context: Context[Any, Any] | None = None) -> Any:
        """Read a resource.

        Raises:
            ResourceError: If it can't be read; one line says why.
        """
        try:
            return await super().read_resource(uri, context)
        except ResourceError as error:
            raise explain_unread(error) from error.__cause__

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """Make a prompt.

        Raises:
            MCPError: If there is no such prompt, or not with these arguments; one line says why.
        """
        known = {prompt.name: [one.name for one in prompt.arguments or [] if one.required] for prompt in await self.list_prompts()}
        if name not in known:
            raise MCPError(INVALID_PARAMS, f"no prompt {name[:80]!r}; there are {', '.join(known)}")
        if missing := [one for one in known[name] if one not in (arguments or {})]:
            raise MCPError(INVALID_PARAMS, f"{name}: {', '.join(missing)}: missing")
        try:
            return await super().get_prompt(name, arguments, context)
        except ValueError as error:
            raise explain_prompt(name, error) from error


class _Tokens:
    """Tells the SDK which bearer tokens are right."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return who a token belongs to; sessions are bound to that name, and no other token may go on with them."""
        name = self._keys.find({"headers": [(b"authorization", b"Bearer " + token.encode("latin-1", "replace"))]})
        return AccessToken(token="", client_id=name, scopes=[]) if name else None


def build_server(name: str, *, title: str, description: str, instructions: str, tokens: Sequence[str] = (), apps: Apps | None = None) -> Server:
    """Return a server without tools.

    Args:
        name: What clients know it by.
        title: What people read.
        description: One sentence.
        instructions: What assistants are told about the order of calls.
        tokens: Bearer tokens that are asked for over HTTP; none: open.
        apps: User interfaces that come with tools.
    """
    lists, reads = CacheHint(ttl_ms=_LISTS_FRESH_MS, scope="public"), CacheHint(ttl_ms=_READS_FRESH_MS, scope="public")
    server = Server(
        name,
        title=title,
        description=description,
        instructions=instructions,
        version=__version__,
        extensions=[apps] if apps else [],
        log_level="WARNING",
        # Nothing here changes while a client looks on, but a new release; the cache hints tell when to look again.
        subscriptions=False,
        # Parameters are keys of a database, never paths.
        resource_security=ResourceSecurity(reject_path_traversal=False, reject_absolute_paths=False),
        cache_hints={
            "tools/list": lists,
            "prompts/list": lists,
            "resources/list": lists,
            "resources/templates/list": lists,
            "resources/read": reads,
        },
        # No token is issued here, so the issuer is never shown to anyone; the SDK asks for one whenever tokens are checked.
        auth=AuthSettings(issuer_url=AnyHttpUrl("http://localhost"), resource_server_url=None) if tokens else None,
        token_verifier=_Tokens(KeyRing(tokens)) if tokens else None,
    )
    server._lowlevel_server.add_request_handler("logging/setLevel", SetLevelRequestParams, _accept_level)
    return server


async def _accept_level(_: ServerRequestContext[Any, Any], __: SetLevelRequestParams) -> EmptyResult:
    """Take any level from clients of 2025: no log is sent to them, so each is kept to."""
    return EmptyResult()
