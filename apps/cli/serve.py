"""`run.py serve`: the services, in this process, until interrupted."""

from __future__ import annotations

import argparse
import socket

from trending.errors import UsageError
from trending.releases import ReleaseStore


def run(arguments: argparse.Namespace) -> None:
    """Serve the API; answers /ready as soon as the release is loaded."""
    if not 0 <= arguments.port <= 65_535:
        raise UsageError(f"{arguments.port} is not a port", where="--port", mend="choose from 1024 to 65535")
    _check_address(arguments.host, arguments.port)

    store = ReleaseStore.from_settings()

    import uvicorn

    from apps.api import create_app

    # Every request is counted in /metrics; a line each as well would only slow it down.
    uvicorn.run(create_app(store), host=arguments.host, port=arguments.port, log_level="info", access_log=False, timeout_graceful_shutdown=10)


def _check_address(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(f"can't listen there ({error.strerror})", where=f"{host}:{port}", mend="choose another with --port") from error
