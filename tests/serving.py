"""A service as a process of its own, on a free port."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 60.0  # seconds until it is there


@contextmanager
def serve_process(make_command: Callable[[int], Sequence[str]], environment: Mapping[str, str], folder: Path, log: Path) -> Iterator[str]:
    """Run a service while the block runs; yields its address once it listens. That it still runs at the end of the block is asserted.

    Args:
        make_command: Given the port, returns the command line.
        environment: All of it.
        folder: Where it runs.
        log: Gets what it prints.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with log.open("wb") as stream:
        process = subprocess.Popen(make_command(port), cwd=folder, env=environment, stdout=stream, stderr=stream)
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _listens(port):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        assert process.poll() is None, log.read_text(encoding="utf-8")
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
