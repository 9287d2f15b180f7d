"""Starting the replay server for a test or a benchmark, as a process of its own, and steering it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

ROOT = Path(__file__).resolve().parents[2]
_DIRECT = build_opener(ProxyHandler({}))


class Replay:
    """A running replay server."""

    def __init__(self, port: int) -> None:
        """Remember where it is."""
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    @property
    def tvmaze(self) -> str:
        """The base URL of the synthetic TVmaze."""
        return f"{self.url}/synthetic.tvmaze"

    def recorded(self, host: str) -> str:
        """Return the base URL of a host's recordings."""
        return f"{self.url}/{host}"

    def log(self, prefix: str = "/") -> list[dict[str, Any]]:
        """Return what was asked, in order; without robots.txt unless the prefix says so."""
        entries = json.loads(_DIRECT.open(f"{self.url}/__log", timeout=30).read())
        return [entry for entry in entries if entry["path"].startswith(prefix) and (entry["path"] != "/robots.txt" or prefix == "/robots.txt")]

    def paths(self, prefix: str = "/") -> list[str]:
        """Return the paths that were asked for, in order."""
        return [entry["path"] for entry in self.log(prefix)]

    def fault(self, prefix: str, mode: str, **details: Any) -> None:
        """Switch a fault on: see `tests.replay.faults.Fault`."""
        self.steer(fault={"prefix": prefix, "mode": mode, **details})

    def update(self, number: int, when: int, *, in_index: bool = True) -> None:
        """Change a show of the synthetic TVmaze, or add one."""
        self.steer(update={"number": number, "when": when, "in_index": in_index})

    def clear(self) -> None:
        """Forget the log and all faults."""
        self.steer(clear=["log", "faults"])

    def steer(self, **wishes: Any) -> None:
        """Send the server what a test wishes for: see `ReplayServer._steer`."""
        _DIRECT.open(Request(f"{self.url}/__steer", json.dumps(wishes).encode(), {"Content-Type": "application/json"}), timeout=30).read()


@contextmanager
def replay_server(*, fixtures: Path | None = None, shows: int = 1_000, pages: int = 200, latency: float = 0.0) -> Iterator[Replay]:
    """Run a replay server on a free port of loopback.

    Args:
        fixtures: Folder of recorded answers.
        shows: Shows of the synthetic TVmaze.
        pages: Pages of the synthetic site.
        latency: Seconds before every answer.
    """
    command = [sys.executable, "-m", "tests.replay", "--shows", str(shows), "--pages", str(pages), "--latency-ms", str(latency * 1_000)]
    command += ["--fixtures", str(fixtures)] if fixtures else []
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the server was started without pipes")
        try:
            yield Replay(int(process.stdout.readline()))
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
