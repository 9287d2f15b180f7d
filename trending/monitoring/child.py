"""The process that describes and writes recordings, as the service sees it: a pipe that never blocks, and what the process says of what it has stored."""

from __future__ import annotations

import logging
import os
import select
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

import orjson

from trending.processes import child_environment

SILENT_SECONDS = 180.0  # it says something every minute; after so long a silence it hangs
_READY_SECONDS = 0.2
_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031
_NICE = 10  # a tenth of what the service gets, where both want the processor
log = logging.getLogger(__name__)


class Child:
    """A running `trending.monitoring.writer`; whoever has one calls `finish` in the end.

    Attributes:
        owed: Rows it was given and hasn't stored yet.
        exit_code: Once it ended.
    """

    def __init__(self, command: Sequence[str]) -> None:
        """Start it, with the processor where the service leaves it."""
        # What it prints on stderr may quote what users wrote.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=child_environment(), bufsize=0)
        assert self._process.stdin is not None  # noqa: S101 - both were asked for
        assert self._process.stdout is not None  # noqa: S101
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        for pipe in (self._stdin, self._stdout):
            os.set_blocking(pipe.fileno(), False)
        with suppress(OSError):  # it is gone already
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICE)
        _widen(self._stdin.fileno())
        self._ready = select.poll()  # unlike select, it knows files beyond the first thousand
        self._ready.register(self._stdin, select.POLLOUT)
        self._heard = time.monotonic()
        self.owed = 0

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def give(self, content: memoryview) -> int:
        """Write what fits into its pipe, after waiting a moment for room; returns how many bytes that were."""
        with suppress(OSError):  # `find_fault` says why
            if self._ready.poll(_READY_SECONDS * 1_000):
                return os.write(self._stdin.fileno(), content)
        return 0

    def listen(self) -> int:
        """Take note of what it has stored, and log what it says; returns how many rows it says are lost."""
        lost = 0
        for line in (self._stdout.read(65_536) or b"").splitlines():  # lines are written whole, and so read whole
            self._heard = time.monotonic()
            said = orjson.loads(line)
            self.owed -= said["stored"] + said["lost"]
            lost += said["lost"]
            if said["words"]:
                log.warning("monitoring: %s", said["words"])
        return lost

    def find_fault(self) -> str | None:
        """Return what is wrong with it; None if nothing is."""
        if self._process.poll() is not None:
            return "ended"
        return "hangs" if time.monotonic() > self._heard + SILENT_SECONDS else None

    def finish(self, seconds: float) -> int:
        """Let it write what it has, and end it if that takes longer; returns how many rows are lost."""
        with suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        lost = self.listen()
        self._stdout.close()
        return lost + max(0, self.owed)


def _widen(pipe: int) -> None:
    """Let a pipe hold more than 64 kB, where the system can."""
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE_BYTES)
