"""What tests of logs, metrics and traces share: a collector of traces, and traffic that plants what must never be seen in any of them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from mcp import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SECRET = "Quillfeather"  # a name, an address, a key: whatever a client may send
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADERS = {
    "authorization": f"Bearer {SECRET}",
    "x-api-key": SECRET,
    "cookie": f"session={SECRET}",
    "user-agent": SECRET,
    "referer": f"http://example.org/{SECRET}",
    "x-forwarded-for": SECRET,
    "x-request-id": SECRET,
    "traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-01",
    "tracestate": f"vendor={SECRET}",
}
PLOT = f"{SECRET}, a sheriff, rides out to find the men who robbed the stagecoach. Write to {SECRET}@example.org."


class Collector(ThreadingHTTPServer):
    """Takes spans as an OpenTelemetry collector does, over OTLP/HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _TakeSpans)
        self.requests: list[ExportTraceServiceRequest] = []

    @property
    def url(self) -> str:
        """The address to give as `OTEL_EXPORTER_OTLP_ENDPOINT`."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def spans(self) -> list[Span]:
        """Every span that came."""
        return [span for request in self.requests for of in request.resource_spans for scope in of.scope_spans for span in scope.spans]


class _TakeSpans(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        sent = ExportTraceServiceRequest()
        sent.ParseFromString(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/v1/traces":
            self.server.requests.append(sent)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Keep still."""


@contextmanager
def collect_traces() -> Iterator[Collector]:
    """Yield a running collector."""
    collector = Collector()
    thread = threading.Thread(target=collector.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.shutdown()
        collector.server_close()
        thread.join(5)


def send_traffic(url: str) -> None:
    """Ask every door, well and badly; each request carries `SECRET` in all its places."""
    with httpx.Client(base_url=url, headers=HEADERS, timeout=60) as client:
        title = client.get("/v1/search", params={"q": "ship", "limit": 1}).json()["titles"][0]["title_id"]
        assert client.get("/v1/search", params={"q": f"{SECRET} sheriff"}).status_code == 200
        assert client.get("/v1/search", params={SECRET: SECRET}).status_code == 422
        assert client.get(f"/v1/titles/{title}").status_code == 200
        assert client.get(f"/v1/titles/{SECRET}").status_code == 404
        assert client.get(f"/v1/{SECRET}").status_code == 404
        assert client.post("/v1/predict", json={"texts": [PLOT]}).status_code == 200
        assert client.post("/v1/predict", json={SECRET: PLOT}).status_code == 422
        assert client.post("/v1/predict", content=SECRET).status_code == 422
        assert client.post("/v1/insights", json={"plot": PLOT, "title": SECRET}).status_code == 200
        assert client.request(SECRET.upper()[:8], "/v1/genres").status_code in (400, 405)
        assert client.get(f"/{SECRET}?view={SECRET}").status_code in (200, 404)
        assert client.post("/mcp", json={"jsonrpc": SECRET, "method": SECRET}).status_code == 400
        assert client.get("/metrics").status_code == 200
    asyncio.run(_call_tools(f"{url}/mcp", title))
    host, port = url.removeprefix("http://").split(":")
    for line in (f"GET /?{SECRET} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n", f"{SECRET}\r\n\r\n"):
        with socket.create_connection((host, int(port)), timeout=10) as raw:
            raw.sendall(line.encode())
            with contextlib.suppress(TimeoutError):
                raw.settimeout(1)
                raw.recv(1_000)


async def _call_tools(url: str, title: str) -> None:
    async with Client(url) as client:
        assert not (await client.call_tool("search_titles", {"query": f"{SECRET} ship"})).is_error
        assert not (await client.call_tool("predict_genres", {"texts": [PLOT]})).is_error
        assert not (await client.call_tool("get_title", {"title_id": title})).is_error
        assert (await client.call_tool("get_title", {"title_id": SECRET})).is_error
        assert (await client.call_tool("get_title", {SECRET: SECRET})).is_error
        assert (await client.call_tool(SECRET, {})).is_error
