"""What a service tells of texts and calls of models, handed on to a process of its own that describes it and writes it down.

Whoever tells waits for nothing and nobody: what may be in the hour's random sample is encoded and put into a bounded queue, which a thread empties into the
pipe of that process; the rest is counted. What doesn't fit, or is lost with a process that died or hangs, is counted as dropped. The thread does nothing that
holds Python's lock for long, or requests would wait for it.
"""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from trending.monitoring.child import Child
from trending.monitoring.draw import Draw
from trending.settings import Settings
from trending.telemetry import AnswerChecked, Event, LlmCall, TextsScored

MAX_ROWS, MAX_BYTES = 5_000, 8_000_000
NO_RELEASE = "none"  # a chat may ask a model while nothing is served
_PAUSE = 0.05  # seconds between two looks into the queue
_REST_SECONDS = 30.0  # until a process that died is started again
_LAST_SECONDS = 1.0  # for the last rows to be handed on
_FINISH_SECONDS = 5.0  # for them to be written
_HOUR = 3_600
_MISUSED = 2  # exit code of a process that will never be able to write
log = logging.getLogger(__name__)


class Recorder:
    """Listens to `trending.telemetry`; the process is started when there is something to record."""

    def __init__(self, url: str, name_release: Callable[[], str], count_dropped: Callable[[int], object], *, keep_texts: bool = False) -> None:
        """Take the rest of what it needs; nothing happens before `start`.

        Args:
            url: Where recordings go.
            name_release: Tells which release is served, for calls of models.
            count_dropped: Is told how many rows are lost.
            keep_texts: Whether samples hold texts.
        """
        self._command = [sys.executable, "-m", "trending.monitoring.writer", url, *(["--keep-texts"] if keep_texts else [])]
        self._name_release = name_release
        self._count_dropped = count_dropped
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []
        self._rows = self._bytes = 0
        self._draws: defaultdict[tuple[int, str, str], Draw] = defaultdict(Draw)  # of an hour, a release and a kind
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._hand_on, name="monitoring", daemon=True)
        self._child: Child | None = None
        self._rest_until, self._until = 0.0, math.inf

    @classmethod
    def from_settings(cls, settings: Settings, name_release: Callable[[], str], count_dropped: Callable[[int], object]) -> Recorder | None:
        """Return the recorder that `TRENDING_MONITORING*` describe; None if it is off."""
        if not settings.monitoring_url:
            return None
        return cls(settings.monitoring_url, name_release, count_dropped, keep_texts=settings.monitoring_texts)

    def start(self) -> None:
        """Begin to hand on."""
        self._thread.start()

    def take(self, event: Event) -> None:
        """Take what was told, if it is to be recorded; in whatever thread, and at once."""
        if isinstance(event, TextsScored):
            release = event.release
        elif isinstance(event, LlmCall | AnswerChecked):
            if isinstance(event, LlmCall) and event.outcome in ("not_asked", "cancelled"):
                return
            release = self._name_release() or NO_RELEASE
        else:
            return
        kind, rows = ("texts", len(event.texts)) if isinstance(event, TextsScored) else ("llm", 1)
        now = time.time()
        with self._lock:
            drawn = self._draws[int(now // _HOUR), release, kind].draw(rows)
        if not drawn:
            return
        line = encode_event(now, release, event, drawn)
        with self._lock:
            fits = self._rows + len(drawn) <= MAX_ROWS and self._bytes + len(line) <= MAX_BYTES
            if fits:
                self._waiting.append(line)
                self._rows += len(drawn)
                self._bytes += len(line)
        if not fits:
            self._count_dropped(len(drawn))

    def close(self) -> None:
        """Hand on what waits, let the process write it, and end it; takes a few seconds at most."""
        self._until = time.monotonic() + _LAST_SECONDS
        self._stop.set()
        self._thread.join(_LAST_SECONDS + _FINISH_SECONDS + 1)

    def _hand_on(self) -> None:
        while not self._stop.wait(_PAUSE):
            self._pass_batch()
        self._pass_batch()
        if self._child is not None:
            self._count_lost(self._child.finish(_FINISH_SECONDS), "the service ended")

    def _pass_batch(self) -> None:
        lines, rows = self._collect()
        passed = not lines
        try:
            self._look_after()
            passed = passed or self._write(b"".join(lines), rows)
        except Exception:
            log.exception("what was asked could not be handed on to be recorded")
            self._rest_until = time.monotonic() + _REST_SECONDS
        if not passed:
            self._count_dropped(rows)

    def _collect(self) -> tuple[list[bytes], int]:
        """Empty the queue; returns lines, the last of which count what isn't in the sample, and how many rows they stand for."""
        hour = int(time.time() // _HOUR)
        with self._lock:
            lines, self._waiting = self._waiting, []
            rows, self._rows, self._bytes = self._rows, 0, 0
            for (begun, release, kind), draw in self._draws.items():
                if draw.passed:
                    lines.append(encode_passed(begun * _HOUR, release, kind, draw))
                    rows += draw.passed
                    draw.passed = 0
            for key in [key for key in self._draws if key[0] < hour]:
                del self._draws[key]
        return lines, rows

    def _look_after(self) -> None:
        """Hear what the process says, and give up one that ended or hangs."""
        if self._child is not None:
            self._count_dropped(self._child.listen())
            if fault := self._child.find_fault():
                self._give_up(self._child, fault)

    def _write(self, lines: bytes, rows: int) -> bool:
        """Write into the pipe, as fast as the process reads. Return whether all was written."""
        if self._child is None and time.monotonic() >= self._rest_until:
            self._child = Child(self._command)
            with self._lock:
                lost = sum(draw.forget() for draw in self._draws.values())
            self._count_dropped(lost)
        child, left = self._child, memoryview(lines)
        if child is None:
            return False
        while left := left[child.give(left) :]:
            self._count_dropped(child.listen())
            if fault := child.find_fault() or ("doesn't read on" if time.monotonic() > self._until else None):
                self._give_up(child, fault)
                return False
        child.owed += rows
        return True

    def _give_up(self, child: Child, fault: str) -> None:
        lost = child.finish(0.0)
        self._child, self._rest_until = None, time.monotonic() + _REST_SECONDS
        if child.exit_code == _MISUSED:
            self._rest_until = math.inf
            log.warning("nothing is recorded until the service is started anew")
        else:
            log.warning("the process that records %s (exit code %s); it is started again in %.0f s", fault, child.exit_code, _REST_SECONDS)
        self._count_lost(lost, "it had not written them yet")

    def _count_lost(self, rows: int, why: str) -> None:
        if rows:
            self._count_dropped(rows)
            log.warning("%d rows of recordings are lost: %s", rows, why)


def encode_event(moment: float, release: str, event: Event, drawn: Mapping[int, float]) -> bytes:
    """Return a line of what happened; of several texts, of those that were drawn, each with its key."""
    about: dict[str, Any] = {"time": moment, "release": release, "keys": list(drawn.values())}
    match event:
        case TextsScored():
            chosen = [event.predictions[number] for number in drawn]
            about |= {"texts": [_readable(event.texts[number]) for number in drawn], "kind": event.kind, "year": event.year}
            about |= {"scores": [list(one.scores.values()) for one in chosen], "found": [len(one.genres) for one in chosen]}
        case LlmCall():
            call = {"task": event.task, "outcome": event.outcome, "seconds": event.seconds, "tokens": event.tokens, "cost_usd": event.cost_usd}
            about["call"] = call | {"asked_chars": event.asked_chars, "answer": _readable(event.answer)}
        case AnswerChecked():
            about["check"] = {"task": event.task, "passed": event.passed}
    return orjson.dumps(about) + b"\n"


def encode_passed(moment: float, release: str, kind: str, draw: Draw) -> bytes:
    """Return a line that counts rows which aren't in the sample."""
    return orjson.dumps({"time": moment, "release": release, "of": kind, "passed": draw.passed, "bound": draw.bound}) + b"\n"


def _readable(text: str) -> str:
    """Return a text that can be encoded: JSON may hold halves of characters."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
