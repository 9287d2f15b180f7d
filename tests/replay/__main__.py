"""Run the replay server by hand: `python -m tests.replay --port 8099 [--fixtures DIR] [--latency-ms 80]`, on loopback only."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from aiohttp import web

from tests.replay.server import Options, ReplayServer


async def _run(options: Options, port: int) -> None:
    runner = web.AppRunner(ReplayServer(options).app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    # Whoever started the server holds the other end of its input: when it closes, there is nobody left to serve.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    await runner.cleanup()


def main() -> None:
    """Parse arguments, print the port, serve until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.replay", description="A replay server on loopback; it ends with its standard input.")
    parser.add_argument("--port", type=int, default=0, help="default: a free one, which is printed")
    parser.add_argument("--fixtures", type=Path, help="folder of recorded answers with their index.json")
    parser.add_argument("--shows", type=int, default=1_000, help="shows of the synthetic TVmaze")
    parser.add_argument("--pages", type=int, default=200, help="pages of the synthetic site")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="wait before every answer")
    arguments = parser.parse_args()
    asyncio.run(_run(Options(arguments.fixtures, arguments.shows, arguments.pages, arguments.latency_ms / 1_000), arguments.port))


if __name__ == "__main__":
    main()
