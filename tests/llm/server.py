"""An OpenAI-compatible server on loopback that behaves as its script says: well, badly, or as an injection asks.

The model named in the request chooses the behaviour (`openai/good`, `openai/hang`, ...), so that one server can be two models at once. It is real HTTP, as
faults of transport (a hang, a drip, a broken connection) can't be told by a double of the client.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIMIT = 2.5  # seconds that tests let a client wait
SLACK = 2.0  # of a busy machine
# What a behaviour gives: the status and the content of the assistant's message.
Behaviour = Callable[[dict[str, Any]], tuple[int, str]]


def read_request(request: dict[str, Any]) -> dict[str, Any]:
    """Return the material a request carries, as a model would read it."""
    user = next(message["content"] for message in request["messages"] if message["role"] == "user")
    return json.loads(user.split("\n", 1)[1].rsplit("\n", 1)[0])


def write_good(request: dict[str, Any]) -> dict[str, Any]:
    """Return a faithful answer to whatever material a request carries."""
    material = read_request(request)
    quotes = [
        {"theme": "acting", "quotes": [{"text": " ".join(review["text"].split()[:12]), "review": review["number"]}]}
        for review in material["reviews"][:1]
        if not review["spoiler"]
    ]
    return {
        "summary": material["plot"] and " ".join(material["plot"].split()[:40]).rstrip(",;") + ".",
        "score": material["measured_score"],
        "score_reasons": [] if material["measured_score"] is None else ["Reviews are what the score rests on."],
        "tags": [{"name": "tense", "evidence": []}],
        "genres": ["Drama"],
        "praise": quotes,
        "complaints": [],
    }


class ScriptedServer(ThreadingHTTPServer):
    """Counts calls per model, keeps requests, and answers by `behaviours`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: Counter[str] = Counter()
        self.counting = threading.Lock()
        self.requests: list[dict[str, Any]] = []
        self.behaviours: dict[str, Behaviour] = {"good": lambda request: (200, json.dumps(write_good(request)))}
        self.released = threading.Event()

    @property
    def url(self) -> str:
        """The address to give as `TRENDING_LLM_API_BASE`."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep still when a client goes away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def log_message(self, *args: Any) -> None:
        """Keep still."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model = request["model"]
        with self.server.counting:
            self.server.calls[model] += 1
            self.server.requests.append(request)
        with suppress(OSError):
            self._behave(model, request)

    def _behave(self, model: str, request: dict[str, Any]) -> None:
        if model == "hang":
            self.server.released.wait(30)
        elif model == "drip":
            self._drip()
        elif model == "break":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif model == "huge":
            self._pour()
        elif model.isdigit():
            self._send(int(model), json.dumps({"error": {"message": "PWNED by <script>evil.com</script>", "type": "x"}}))
        elif model == "no-choices":
            self._send(200, json.dumps({"id": "1", "object": "chat.completion", "created": 1, "model": model, "choices": []}))
        elif model == "not-json":
            self._send(200, "<html>It works!</html>")
        else:
            status, content = self.server.behaviours[model](request)
            self._answer(status, content, request)

    def _answer(self, status: int, content: str, request: dict[str, Any]) -> None:
        if request.get("stream"):
            self._stream(content, request)
            return
        message = {"role": "assistant", "content": content}
        usage = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        self._send(status, json.dumps({"id": "1", "object": "chat.completion", "created": 1, "model": request["model"], "choices": choices, "usage": usage}))

    def _stream(self, content: str, request: dict[str, Any]) -> None:
        """Send text word by word; content that begins with CALL is a tool call with the arguments that follow, in two pieces."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        name, _, arguments = content.removeprefix("CALL ").partition(" ")
        if content.startswith("CALL "):
            half = len(arguments) // 2
            pieces: list[dict[str, Any]] = [
                {"tool_calls": [{"index": 0, "id": "call_7", "type": "function", "function": {"name": name, "arguments": arguments[:half]}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": arguments[half:]}}]},
            ]
        else:
            pieces = [{"content": word} for word in content.split(" ") for word in (word, " ")][:-1]
        for piece in pieces:
            self._event({"choices": [{"index": 0, "delta": piece, "finish_reason": None}]}, request)
            if request["model"] == "half":
                self.server.released.wait(30)
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, request)
        self._event({"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 5, "total_tokens": 55}}, request)
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def _event(self, event: dict[str, Any], request: dict[str, Any]) -> None:
        self.wfile.write(
            b"data: " + json.dumps({"id": "1", "object": "chat.completion.chunk", "created": 1, "model": request["model"], **event}).encode() + b"\n\n"
        )
        self.wfile.flush()

    def _send(self, status: int, body: str) -> None:
        encoded = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def _drip(self) -> None:
        """Send a byte every now and then: no read ever times out."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        for _ in range(300):
            if self.server.released.is_set():
                break
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)

    def _pour(self) -> None:
        """Send a body without end."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(10**10))
        self.end_headers()
        while not self.server.released.is_set():
            self.wfile.write(b" " * 1_000_000)


@contextmanager
def serve_script() -> Iterator[ScriptedServer]:
    """Yield a running server."""
    server = ScriptedServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
