"""`run.py serve`: the services, in this process, until interrupted."""

from __future__ import annotations

import argparse
import logging
import socket

from trending.errors import UsageError


def run(arguments: argparse.Namespace) -> None:
    """Serve one door or all of them; /ready answers as soon as the release is loaded."""
    # The MCP SDK gives the root logger a handler, which would say what run.py's says a second time.
    logging.getLogger("trending").propagate = False
    over_stdio = arguments.app == "mcp" and arguments.transport != "http"
    if arguments.transport is not None and arguments.app != "mcp":
        raise UsageError(f"{arguments.app} is served over HTTP only", where="--transport", mend="leave it out; it goes with: serve mcp")
    if over_stdio:
        from apps.mcp import run_stdio

        run_stdio()
        return
    _check_address(arguments.host, arguments.port)

    from apps.server import DOORS, serve
    from trending.releases import ReleaseStore

    serve(ReleaseStore.from_settings(), DOORS if arguments.app == "all" else (arguments.app,), arguments.host, arguments.port)


def _check_address(host: str, port: int) -> None:
    if not 0 <= port <= 65_535:
        raise UsageError(f"{port} is not a port", where="--port", mend="choose from 1024 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(f"can't listen there ({error.strerror})", where=f"{host}:{port}", mend="choose another with --port") from error
