"""One shape for every log line of a service, whoever writes it: JSON for machines, text for a person at a terminal.

JSON lines can be kept and sent elsewhere: what might quote a client (messages of libraries and of exceptions) is left out of them in favour of its place in
the code. Text keeps everything.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, Literal

import orjson
import structlog

LogFormat = Literal["json", "text"]
_OWN = ("apps", "trending", "uvicorn")  # whose messages are known to quote nobody
_MOST_FRAMES = 12
_MOST_CAUSES = 5

_fields: ContextVar[Mapping[str, str]] = ContextVar("log_fields", default={})  # noqa: B039 - never changed, only replaced


def bind(**fields: str) -> None:
    """Add fields to every line that is written on behalf of the request at hand, in whatever thread."""
    _fields.set({**_fields.get(), **fields})


def read_bound() -> Mapping[str, str]:
    """Return those fields, for a line that is written later."""
    return _fields.get()


def choose_format(asked: str) -> LogFormat:
    """Return the format asked for; by default text for a terminal, else JSON."""
    if asked in ("json", "text"):
        return "json" if asked == "json" else "text"
    return "text" if sys.stderr.isatty() else "json"


def configure_logging(log_format: LogFormat, service: str) -> None:
    """Let structlog and the standard library's loggers write such lines on stderr.

    Args:
        log_format: How lines look.
        service: What the service is called.
    """

    def complete(_: object, level: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        # One step instead of structlog's three, as every request pays for it.
        return {"timestamp": dt.datetime.now(dt.UTC).isoformat(), "level": level, "service": service, **_fields.get(), **line}

    foreign: list[Any] = [complete, structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name]
    if log_format == "json":
        foreign += [_hide_foreign_words, _describe_exception]
        renderer: Any = _dump
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[complete, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer) if log_format == "json" else structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    to_text = [_to_text] if log_format == "json" else []
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=foreign,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, *to_text],
            pass_foreign_args=log_format == "json",
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in _OWN:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.INFO)


def _dump(_: object, __: str, line: MutableMapping[str, Any]) -> bytes:
    return orjson.dumps(line, default=repr)


def _to_text(_: object, __: str, line: Any) -> str:
    return bytes(line).decode()


def _hide_foreign_words(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put a library's message back to its constant part, or to the place it comes from where there is none."""
    record: logging.LogRecord = line["_record"]
    args = line.pop("positional_args", ())
    if record.name.partition(".")[0] not in _OWN:
        line["event"] = str(record.msg) if args else "a library's message; its place in the code is given instead, as it may quote a client"
        line["place"] = f"{record.pathname}:{record.lineno}"
    return line


def _describe_exception(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say of an exception and its causes what they are and where they were raised, but not what they say."""
    record: logging.LogRecord = line["_record"]
    line.pop("exc_info", None)
    record.exc_info, given = None, record.exc_info
    error = given[1] if given else None
    if error is not None:
        line["exception"] = [_describe_one(one) for one in _list_causes(error)]
    return line


def _list_causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found and len(found) < _MOST_CAUSES:
        found.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return found


def _describe_one(error: BaseException) -> dict[str, Any]:
    frames, step = [], error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        frames.append(f"{code.co_filename}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return {"type": type(error).__qualname__, "frames": frames[-_MOST_FRAMES:]}
