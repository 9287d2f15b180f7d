"""The server for one assistant that starts it: messages on stdin and stdout, everything else on stderr."""

from __future__ import annotations

import logging
import sys
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from apps.mcp.loading import Loading
from apps.mcp.server import create_server


def run_stdio(loading: Loading | None = None) -> None:
    """Serve until stdin ends. The first message is answered before anything is loaded.

    Args:
        loading: What loads the service; by default the current release where the settings say.
    """
    # A client shows these lines as they are; the SDK's own handler would draw boxes.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    loaded = loading or Loading()
    server = create_server(loaded)

    async def load_after_hello(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        loaded.start()
        return result

    server.middleware.append(load_after_hello)
    try:
        server.run()
    finally:
        loaded.close()
