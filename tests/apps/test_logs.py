"""What log lines hold, whoever writes them, where a running service can't be made to fail on demand."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from apps.observing.logs import bind, choose_format, configure_logging
from apps.observing.measures import Measures
from apps.observing.requests import ObserveRequests

RunCli = Callable[..., Any]
SECRET = "Quillfeather"


class Stderr(io.TextIOWrapper):
    """A standard error that can be read back."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def read_text(self) -> str:
        """Return what was written."""
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stderr]:
    """A standard error to write on; loggers are afterwards as they were."""
    written, loggers = Stderr(), [logging.getLogger(name) for name in ("", "apps", "trending", "uvicorn")]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    # Not `sys.stderr` itself, which pytest changes between a fixture and its test.
    monkeypatch.setattr("apps.observing.logs.sys", SimpleNamespace(stderr=written))
    yield written
    for logger, handlers, level, propagate in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)
    structlog.reset_defaults()


def fail() -> None:
    try:
        {}[SECRET]
    except KeyError as error:
        raise ValueError(f"{SECRET} is no number") from error


def test_an_exception_is_told_by_kind_and_place_and_not_by_what_it_quotes(stderr: Stderr) -> None:
    configure_logging("json", "here")
    bind(request_id="abc")
    try:
        fail()
    except ValueError:
        logging.getLogger("apps.api").exception("unexpected error at %s", "/v1/predict")
    line = json.loads(stderr.read_text())
    assert SECRET not in stderr.read_text()
    assert (line["event"], line["level"], line["logger"]) == ("unexpected error at /v1/predict", "error", "apps.api")
    assert (line["service"], line["request_id"]) == ("here", "abc")
    assert [one["type"] for one in line["exception"]] == ["ValueError", "KeyError"]
    assert line["exception"][0]["frames"][-1].endswith(" fail")


def test_a_librarys_message_is_put_back_to_what_is_constant_in_it(stderr: Stderr) -> None:
    configure_logging("json", "here")
    logging.getLogger("some.library").warning("dropped %r: malformed", SECRET)
    logging.getLogger("some.library").warning(f"Invalid host: {SECRET}")
    constant, unknown = map(json.loads, stderr.read_text().splitlines())
    assert SECRET not in stderr.read_text()
    assert constant["event"] == "dropped %r: malformed"
    assert constant["place"] == unknown["place"].rpartition(":")[0] + ":" + constant["place"].rpartition(":")[2]
    assert unknown["place"].partition("test_logs.py:")[1]


def test_our_own_messages_stay_whole(stderr: Stderr) -> None:
    configure_logging("json", "here")
    logging.getLogger("trending.service").info("serving release %s", "20300101")
    assert json.loads(stderr.read_text())["event"] == "serving release 20300101"


def test_at_a_terminal_a_line_is_text_and_keeps_everything(stderr: Stderr) -> None:
    configure_logging("text", "here")
    try:
        fail()
    except ValueError:
        logging.getLogger("some.library").exception("could not read %s", SECRET)
    assert f"could not read {SECRET}" in stderr.read_text()
    assert f"ValueError: {SECRET} is no number" in stderr.read_text()


@pytest.mark.parametrize(("asked", "terminal", "chosen"), [("", True, "text"), ("", False, "json"), ("json", True, "json"), ("text", False, "text")])
def test_the_format_is_the_one_asked_for_or_else_fits_who_reads(
    stderr: Stderr, monkeypatch: pytest.MonkeyPatch, asked: str, terminal: bool, chosen: str
) -> None:
    monkeypatch.setattr(stderr, "isatty", lambda: terminal)
    assert choose_format(asked) == chosen


@pytest.mark.anyio
async def test_a_request_is_answered_though_nobody_reads_the_log(stderr: Stderr) -> None:
    configure_logging("json", "here")

    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"here"})

    async def send(message: Any) -> None:
        sent.append(message)

    sent: list[Any] = []
    observed = ObserveRequests(app, Measures(), lambda _: "/", lambda _: False)
    stderr.buffer.close()
    await observed({"type": "http", "method": "GET", "path": "/", "headers": []}, None, send)  # type: ignore[arg-type]
    assert sent[-1]["body"] == b"here"
    observed.settle()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("messages", "status"),
    [
        ([{"type": "http.disconnect"}], 499),
        ([{"type": "http.request", "body": b"wri", "more_body": True}, {"type": "http.disconnect"}], 499),
        ([{"type": "http.request", "body": b"written"}, {"type": "http.disconnect"}], 500),
        ([{"type": "http.request", "body": b"answer"}, {"type": "http.disconnect"}], 200),
    ],
)
async def test_who_hangs_up_before_the_answer_began_is_no_error_of_the_service(stderr: Stderr, messages: list[Any], status: int) -> None:
    configure_logging("json", "here")

    async def endpoint(request: Request) -> Response:
        if await request.body() != b"answer":
            raise ValueError("no answer")
        return Response(b"here")

    async def receive() -> Any:
        return messages.pop(0)

    async def send(_: Any) -> None:
        pass

    measures = Measures()
    observed = ObserveRequests(Starlette(routes=[Route("/", endpoint, methods=["POST"])]), measures, lambda _: "/", lambda _: False)
    with suppress(ValueError, ClientDisconnect):
        await observed({"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}, receive, send)
    counted = [sample.labels["status"] for family in measures.registry.collect() for sample in family.samples if sample.name == "trending_http_requests_total"]
    assert counted == [str(status)]
    assert json.loads(stderr.read_text().splitlines()[-1])["level"] == ("error" if status == 500 else "info")


@pytest.mark.parametrize(("name", "value"), [("LOG_FORMAT", "xml"), ("METRICS", "statsd"), ("SERVICE_NAME", "two words")])
def test_a_setting_that_means_nothing_is_refused_in_one_line(run_cli: RunCli, name: str, value: str) -> None:
    done = run_cli("serve", "api", "--port", "0", settings={f"TRENDING_{name}": value})
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"TRENDING_{name}" in done.stderr


def test_over_stdio_stdout_is_the_protocols_whatever_is_set(run_cli: RunCli) -> None:
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}
    hello["params"] = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}  # type: ignore[assignment]
    given = json.dumps(hello) + "\nno message at all\n"
    done = run_cli(
        "serve", "mcp", stdin=given, settings={"TRENDING_METRICS": "emf", "TRENDING_LOG_FORMAT": "json", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines
    assert all(line["jsonrpc"] == "2.0" for line in lines)
