"""The service, loaded behind the server's back: the server says hello at once, and whoever asks for something waits until it is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trending.service.live import LiveService
    from trending.service.service import TitleService


def open_current() -> LiveService:
    """Open the current release where the settings say."""
    from trending.releases import ReleaseStore
    from trending.service.live import LiveService

    live = LiveService(ReleaseStore.from_settings())
    live.open()
    return live


class Loading:
    """Lends the service as soon as a thread has opened it."""

    def __init__(self, open_live: Callable[[], LiveService] = open_current) -> None:
        """Take what opens it; nothing happens before `start`."""
        self._open_live = open_live
        self._live: Future[LiveService] = Future()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to load, once."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._load, name="release-loader", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Close what was opened; what is still loading ends with the process."""
        if self._live.done() and self._live.exception() is None:
            self._live.result().close()

    @contextmanager
    def lease(self) -> Iterator[TitleService]:
        """Yield the service for one question, once it is there.

        Raises:
            TrendingError: If there is nothing to serve.
        """
        self.start()
        with self._live.result().lease() as service:
            yield service

    def _load(self) -> None:
        try:
            self._live.set_result(self._open_live())
        except BaseException as error:  # told to everyone who asks
            self._live.set_exception(error)
