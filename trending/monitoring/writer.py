"""The process that describes what a service was asked and answered, and writes it down: `python -m trending.monitoring.writer URL`.

It reads lines of JSON on stdin (`trending.monitoring.recorder` writes them) until that ends. On stdout it says what became of rows, a line of JSON a time:
`stored`, `lost`, and `words` for the service's log, which never quote a text (`trending.monitoring.child` reads them).
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import select
import signal
import sys
import time
from typing import Any

import numpy as np
import orjson

from trending.errors import UsageError
from trending.monitoring.descriptors import FACT_COLUMNS, LABEL_COLUMNS, UNKNOWN, describe_facts, describe_predictions, describe_text
from trending.monitoring.llm import describe_call, describe_check
from trending.monitoring.profiles import has_whylogs
from trending.monitoring.recordings import Group, Kind, open_store

FLUSH_SECONDS = 60.0
_CHUNK = 1 << 20
_MAX_GROUPS = 48  # a day of texts and calls of one release: more wait for nothing but a store that is away
_KEPT_CHARS = 2_000  # of a text, where texts are kept
_OVER = dt.timedelta(hours=1, minutes=5)  # after its beginning nothing more comes for an hour


class Writer:
    """Keeps the hours that aren't over in memory, and writes them again and again."""

    def __init__(self, url: str, keep_texts: bool = False) -> None:
        """Take the store's address.

        Args:
            url: Of the store.
            keep_texts: Whether samples hold texts beside their descriptors.

        Raises:
            UsageError: If there is no such kind of address.
        """
        self._store = open_store(url)
        self._url = url
        self._keep_texts = keep_texts
        self._groups: dict[tuple[str, dt.datetime, Kind], Group] = {}
        self._trouble = ""
        if not has_whylogs():
            say("whylogs is not installed here: samples are recorded, profiles are not")

    def take(self, line: bytes) -> None:
        """Take one message of the service; one that can't be described mustn't cost the others."""
        message = orjson.loads(line)
        try:
            self._describe(message)
        except Exception as error:  # what it says may quote a text
            say(f"something could not be recorded ({type(error).__name__})", lost=message.get("passed") or len(message["keys"]))

    def flush(self) -> None:
        """Write every group that has grown; what can't be written is tried again next time."""
        trouble, stored = "", 0
        for group in self._groups.values():
            if group.seen > group.written:
                try:
                    stored += group.write(self._store)
                except Exception as error:  # of whylogs, too
                    trouble = getattr(error.__cause__, "strerror", None) or type(error.__cause__ or error).__name__
                    break
        told = f"recordings can't be written to {self._url} ({trouble}): they are kept and tried again" if trouble else "recordings are written again"
        say(told if trouble != self._trouble else "", stored=stored, lost=self._forget())
        self._trouble = trouble

    def _forget(self) -> int:
        """Let go of hours that are over and written, and of the oldest where too many wait; returns how many rows are lost with them."""
        now, lost = dt.datetime.now(dt.UTC), 0
        self._groups = {key: group for key, group in self._groups.items() if group.seen > group.written or now < group.hour + _OVER}
        while len(self._groups) > _MAX_GROUPS:
            oldest = self._groups.pop(min(self._groups, key=lambda key: self._groups[key].hour))
            lost += oldest.seen - oldest.written
        return lost

    def _describe(self, message: dict[str, Any]) -> None:
        if "passed" in message:
            self._find(message["of"], message).pass_over(message["passed"], message["bound"])
        elif "texts" in message:
            kept = [text[:_KEPT_CHARS] for text in message["texts"]] if self._keep_texts else None
            self._find("texts", message).add(_describe_texts(message), message["keys"], kept)
        else:
            row = describe_call(**message["call"]) if "call" in message else describe_check(**message["check"])
            self._find("llm", message).add(np.array([row]), message["keys"])

    def _find(self, kind: Kind, message: dict[str, Any]) -> Group:
        release, hour = message["release"], dt.datetime.fromtimestamp(message["time"], dt.UTC).replace(minute=0, second=0, microsecond=0)
        if (key := (release, hour, kind)) not in self._groups:
            self._groups[key] = Group(kind, release, hour)
        return self._groups[key]


def _describe_texts(message: dict[str, Any]) -> Any:
    texts = np.array([describe_text(text) for text in message["texts"]])
    facts = np.broadcast_to(np.array(describe_facts(message["kind"], message["year"])), (len(texts), len(FACT_COLUMNS)))
    predictions = describe_predictions(np.array(message["scores"]), message["found"])
    return np.column_stack([texts, facts, predictions, np.full((len(texts), len(LABEL_COLUMNS)), UNKNOWN)])


def say(words: str, *, stored: int = 0, lost: int = 0) -> None:
    """Say something to the service; nobody has to be there to hear it."""
    try:
        sys.stdout.buffer.write(orjson.dumps({"stored": stored, "lost": lost, "words": words}) + b"\n")
        sys.stdout.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the process ends


def run(writer: Writer, source: int) -> None:
    """Take what comes from a file descriptor until it ends, and write it down: at once, so that a store that is away is known early, every minute, and last."""
    rest, due = b"", 0.0
    while True:
        ready, _, _ = select.select([source], [], [], max(0.0, due - time.monotonic()) if due else None)
        if ready:
            chunk = os.read(source, _CHUNK)
            if not chunk:
                break
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                writer.take(line)
        if time.monotonic() >= due:
            writer.flush()
            due = time.monotonic() + FLUSH_SECONDS
    writer.flush()


def main() -> None:
    """Parse arguments and run until stdin ends: signals are meant for the service, which then ends it."""
    parser = argparse.ArgumentParser(prog="python -m trending.monitoring.writer", description="Record what a service is asked and answers.")
    parser.add_argument("url", help="where recordings go")
    parser.add_argument("--keep-texts", action="store_true", help="keep texts in samples")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        run(Writer(arguments.url, arguments.keep_texts), sys.stdin.fileno())
    except UsageError as error:
        say(str(error))
        sys.exit(2)


if __name__ == "__main__":
    main()
