"""Asks a running service the questions its users ask, each door once: `python infra/docker/smoke.py URL`. Standard library only, so that it runs anywhere.

Keys come from `TRENDING_SMOKE_API_KEY` and `TRENDING_SMOKE_MCP_TOKEN`, where the service wants them. Not a test of answers' quality: a delivery stops here
if something doesn't answer at all, or not as it should.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

_PLOT = "A sheriff rides out after the men who robbed the stagecoach."
_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "smoke", "version": "1"}},
}


class SmokeError(Exception):
    """What didn't answer as it should."""


def ask(url: str, body: Any = None, token: str | None = None) -> str:
    """Return the text of an answer with a status of 200.

    Raises:
        SmokeError: If there is none.
    """
    headers = {"accept": "application/json, text/event-stream, text/html", "content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data=None if body is None else json.dumps(body).encode(), headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return str(answer.read().decode("utf-8"))
    except urllib.error.HTTPError as error:
        raise SmokeError(f"{url}: {error.code} {_shorten(error.read(300).decode('utf-8', 'replace'))}") from error
    except (OSError, ValueError) as error:
        raise SmokeError(f"{url}: {error}") from error


def _shorten(text: str) -> str:
    return " ".join(text.split())[:300]


def read_part(url: str, answer: str, *path: str | int) -> Any:
    """Return what lies at a path of keys and positions in an answer of JSON.

    Raises:
        SmokeError: If the answer is something else.
    """
    try:
        part = json.loads(answer)
        for step in path:
            part = part[step]
    except (ValueError, LookupError, TypeError) as error:
        raise SmokeError(f"{url}: answers {_shorten(answer)}") from error
    return part


def ask_until(url: str, end: float, accept: Callable[[str], str | None]) -> str:
    """Ask again and again until an answer is accepted, and return what was made of it.

    Args:
        url: What is asked.
        end: When to give up, by `time.monotonic`.
        accept: Makes something of an answer; None or a SmokeError to ask again.

    Raises:
        SmokeError: If none is accepted in time.
    """
    while True:
        try:
            answer = ask(url)
            if (found := accept(answer)) is not None:
                return found
            problem = f"{url}: answers {_shorten(answer)}"
        except SmokeError as error:
            problem = str(error)
        if time.monotonic() > end:
            raise SmokeError(f"still not well: {problem}")
        time.sleep(0.2)


def wait_until_ready(base: str, seconds: float, release: str | None = None) -> str:
    """Return the release that is served, once the page is there too and the release is the given one, if one is.

    Raises:
        SmokeError: If it isn't after that time.
    """
    end = time.monotonic() + seconds

    def find_release(answer: str) -> str | None:
        served = str(read_part(f"{base}/ready", answer, "release"))
        return served if release in (None, served) else None

    served = ask_until(f"{base}/ready", end, find_release)
    ask_until(f"{base}/", end, lambda answer: "" if "gradio" in answer else None)
    return served


def check_doors(base: str, api_key: str | None, mcp_token: str | None) -> None:
    """Ask REST and MCP, as the page was asked already.

    Raises:
        SmokeError: If one of them doesn't answer as it should.
    """
    predict, search = f"{base}/v1/predict", f"{base}/v1/search?q=detective&limit=1"
    if not read_part(predict, ask(predict, {"texts": [_PLOT]}, api_key), "predictions", 0, "genres"):
        raise SmokeError(f"{predict}: no genre for: {_PLOT}")
    if not read_part(search, ask(search, token=api_key), "titles"):
        raise SmokeError(f"{search}: no title")
    if "trending_http_requests_total" not in ask(f"{base}/metrics"):
        raise SmokeError(f"{base}/metrics: requests aren't counted")
    if '"serverInfo"' not in ask(f"{base}/mcp", _HELLO, mcp_token):
        raise SmokeError(f"{base}/mcp: no MCP server")


def main(argv: list[str] | None = None) -> int:
    """Run the checks; returns the exit code."""
    parser = argparse.ArgumentParser(prog="smoke.py", description=__doc__.splitlines()[0])
    parser.add_argument("url", help="where the service is, such as http://localhost:8000")
    parser.add_argument("--wait", type=float, default=120, metavar="SECONDS", help="how long it may take to become ready")
    parser.add_argument("--release", metavar="VERSION", help="the release it has to serve")
    arguments = parser.parse_args(argv)
    base = arguments.url.rstrip("/")
    if not base.startswith(("http://", "https://")):
        parser.error(f"{arguments.url} is no address of a service: begin it with http:// or https://")
    try:
        release = wait_until_ready(base, arguments.wait, arguments.release)
        check_doors(base, os.environ.get("TRENDING_SMOKE_API_KEY"), os.environ.get("TRENDING_SMOKE_MCP_TOKEN"))
    except SmokeError as error:
        print(f"smoke.py: {error}", file=sys.stderr)
        return 1
    print(f"{base}: release {release}; REST, MCP and page answer")
    return 0


if __name__ == "__main__":
    sys.exit(main())
