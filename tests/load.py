"""Clients that ask a server without pause, to see whether any request fails while something else goes on."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx

QUESTIONS: list[tuple[str, str, Any]] = [
    ("GET", "/v1/search?q=the", None),
    ("GET", "/v1/trending", None),
    ("POST", "/v1/predict", {"texts": ["A sheriff rides out to find the men who robbed the stagecoach."]}),
]
# What loading a release may take on a machine that is busy with the questions themselves.
PATIENCE = 20.0


class Load:
    """Clients that ask without pause; every answer's time, status and release is kept. No answer is one of status 0."""

    def __init__(self, url: str, clients: int) -> None:
        """Begin."""
        self.answers: list[tuple[float, int, str]] = []
        self._url, self._stop = url, threading.Event()
        self._threads = [threading.Thread(target=self._ask_on, args=(index,)) for index in range(clients)]
        for thread in self._threads:
            thread.start()

    def _ask_on(self, index: int) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as client:
            while not self._stop.is_set():
                try:
                    self.ask(client, index)
                except (httpx.HTTPError, ValueError) as error:
                    self.answers.append((time.perf_counter(), 0, repr(error)))
                    time.sleep(0.05)

    def ask(self, client: httpx.Client, index: int) -> None:
        """Ask what the client of this number asks each time."""
        method, path, body = QUESTIONS[index % len(QUESTIONS)]
        self.send(client, method, path, body)

    def send(self, client: httpx.Client, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> httpx.Response:
        """Send one request, and keep what came of it."""
        answer = client.request(method, path, json=body, headers=headers)
        self.answers.append((time.perf_counter(), answer.status_code, str(answer.json().get("release"))))
        return answer

    def wait_for(self, release: str) -> float:
        """Return when the first answer came of a release."""
        deadline = time.perf_counter() + PATIENCE
        while time.perf_counter() < deadline:
            found = [moment for moment, _, served in self.answers if served == release]
            if found:
                return min(found)
            time.sleep(0.02)
        raise AssertionError(f"{release} isn't served within {PATIENCE} s")

    def end(self) -> None:
        """Stop asking."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
