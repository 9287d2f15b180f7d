"""One server that does something and doesn't, in turn, asked over one connection: two processes of the same code differ by more than what is measured."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.timing import ROOT, own_environment


class Server:
    """The server's process and a connection to it."""

    def __init__(self, pid: int, port: int) -> None:
        """Connect; `pid` is the process's."""
        self.pid = pid
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method: str, path: str, body: str | None = None) -> bytes:
        """Ask once; returns what came.

        Raises:
            SystemExit: If the server refuses.
        """
        status, content = self._fetch(method, path, body)
        if status != 200:
            raise SystemExit(f"{path}: {status}")
        return content

    def is_ready(self) -> bool:
        """Say whether it answers."""
        return self._fetch("GET", "/ready")[0] == 200

    def switch(self) -> None:
        """Let it do what it didn't, or not what it did."""
        self._fetch("GET", SWITCH)

    def _fetch(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        self.connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def read_cpu(self) -> float:
        """Return the processor time it has taken, in seconds."""
        return read_cpu(self.pid)


SWITCH = "/switch"  # is no door of the service's; the code that is served listens for it


def read_cpu(pid: int) -> float:
    """Read what the scheduler counts, in nanoseconds, of every thread: ticks are too coarse. Returns seconds."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


@contextmanager
def serve(code: str, home: Path, folder: Path, **settings: str) -> Iterator[Server]:
    """Run a server's code while the block runs, once it answers.

    Args:
        code: Python, given the port as its argument.
        home: With a release.
        folder: For its log and whatever else it writes.
        settings: Variables besides.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = own_environment(folder) | {
        "TRENDING_HOME": str(home),
        "TRENDING_RATE_LIMIT": "",
        "TRENDING_ENCODER": os.environ.get("TRENDING_ENCODER", "auto"),
        **settings,
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", code, str(port)], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        server = Server(process.pid, port)
        while True:
            try:
                if server.is_ready():
                    break
            except OSError:
                server.connection.close()
                if process.poll() is not None:
                    raise SystemExit((folder / "log").read_text()) from None
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(20)
