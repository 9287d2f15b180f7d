"""The engine's side of the worker process: starting it, handing it its secrets, hearing of its progress, and never leaving it behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import orjson

from trending.errors import InputError, NotFoundError, QualityError, TrendingError, UsageError
from trending.processes import child_environment
from trending.sources.crawl.job import Job, read_json

Progress = Callable[[dict[str, int]], None]
_FAMILY: dict[str, type[TrendingError]] = {kind.__name__: kind for kind in (InputError, NotFoundError, QualityError, UsageError)}
_SECONDS_TO_DIE = 5.0


def run_worker(job: Job, key: str | None, salt: bytes, on_progress: Progress | None) -> dict[str, Any]:
    """Run the job in a process of its own, to its end.

    Args:
        job: The job.
        key: The source's API key, if it needs one.
        salt: What reviews' authors are hashed with.
        on_progress: Called about once a second with counts so far: responses, parsed, failed.

    Returns:
        What the worker says of it: `reason`, `finished`, `watermark`, `stats`.

    Raises:
        TrendingError: What stopped the crawl before it began, or that the process ended early (it can be resumed).
    """
    # Nothing secret is in the arguments or the environment, which other processes can read.
    secret = orjson.dumps({"key": key, "salt": salt.hex()}) + b"\n"
    with job.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "trending.sources.crawl.worker", str(job.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=child_environment(),
            start_new_session=True,  # Ctrl-C reaches this process only, which then ends the worker
        )
    try:
        _follow(process, secret, on_progress)
    finally:
        _end(process)
    return _read_outcome(job, process.returncode)


def _follow(process: subprocess.Popen[bytes], secret: bytes, on_progress: Progress | None) -> None:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the worker was started without pipes")
    try:
        process.stdin.write(secret)
        process.stdin.flush()
    except BrokenPipeError:
        return  # it died at once: its log says why
    for line in process.stdout:
        if on_progress is not None and line.startswith(b"{"):
            on_progress(orjson.loads(line))
    process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
    try:
        process.wait(_SECONDS_TO_DIE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read_outcome(job: Job, code: int) -> dict[str, Any]:
    try:
        outcome = read_json(job.out / "outcome.json")
    except FileNotFoundError as error:
        raise TrendingError(f"the crawl ended early (exit code {code})", where=str(job.log), mend="run it again: it goes on where it was") from error
    if "error" in outcome:
        kind, line = outcome["error"]
        job.drop()
        if kind in _FAMILY:
            raise _FAMILY[kind](line)
        raise TrendingError(f"the crawl could not begin: {kind}: {line}", where=job.config.source, mend=f"see {job.log}")
    if code != 0 or outcome["reason"] != "finished":
        raise TrendingError(f"the crawl was stopped ({outcome['reason']})", where=job.config.source, mend="run it again: it goes on where it was")
    return outcome
