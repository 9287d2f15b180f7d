"""The release as tools, resources and prompts for AI assistants (Model Context Protocol), over stdio and streamable HTTP. One more door to the service."""

from apps.mcp.server import create_server
from apps.mcp.stdio import run_stdio
from apps.mcp.web import create_http_app

__all__ = ["create_http_app", "create_server", "run_stdio"]
