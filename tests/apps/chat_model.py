"""An OpenAI-compatible server on loopback that says what a script tells it to, in pieces, as a model would stream it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Step = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]
HANG_SECONDS = 60


class ScriptedModel:
    """What is said next, and what was asked.

    A step is `{"text": ...}`, `{"calls": [(tool, arguments), ...]}`, `{"status": 500}` or `{"hang": True}`, or a function of the request that returns one.
    The last is repeated.
    """

    def __init__(self, url: str, steps: Sequence[Step]) -> None:
        self.url = url
        self.steps = list(steps)
        self.requests: list[dict[str, Any]] = []
        self.released = threading.Event()

    def take(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the next step."""
        self.requests.append(request)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        return step(request) if callable(step) else step


@contextmanager
def serve_model(*steps: Step) -> Iterator[ScriptedModel]:
    """Yield a running server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            step = model.take(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            if "status" in step:
                self.send_error(step["status"])
                return
            if step.get("hang"):
                model.released.wait(HANG_SECONDS)
                return
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for chunk in _make_chunks(step):
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                self.wfile.flush()
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    model = ScriptedModel(f"http://127.0.0.1:{server.server_port}/v1", steps)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        model.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _make_chunks(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    head = {"id": "c1", "object": "chat.completion.chunk", "created": int(time.time()), "model": "scripted"}
    text = step.get("text", "")
    for start in range(0, len(text), 9):
        yield {**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": text[start : start + 9]}, "finish_reason": None}]}
    for index, (name, arguments) in enumerate(step.get("calls", [])):
        given = arguments if isinstance(arguments, str) else json.dumps(arguments)
        call = {"index": index, "id": f"call{index}", "type": "function", "function": {"name": name, "arguments": given}}
        yield {**head, "choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": [call]}, "finish_reason": None}]}
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls" if step.get("calls") else "stop"}]}
    yield {**head, "choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}
