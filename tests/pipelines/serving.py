"""A real server over a runner's home."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from tests.pipelines.running import Runner
from tests.serving import serve_process


def serve_api(runner: Runner) -> AbstractContextManager[str]:
    """Serve the API while the block runs; yields its address."""
    environment = runner.environment | {"TRENDING_RATE_LIMIT": "", "TRENDING_MONITORING": "off"}
    command = [sys.executable, str(runner.root / "run.py"), "serve", "api", "--port"]
    return serve_process(lambda port: [*command, str(port)], environment, runner.root, runner.home / "server.log")
