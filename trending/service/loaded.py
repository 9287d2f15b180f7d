"""A service that is lent out while another may take its place: it is closed when it is retired and the last request that uses it ends."""

from __future__ import annotations

import threading

from trending.service.service import TitleService


class Loaded:
    """A service with the number of requests that use it."""

    def __init__(self, service: TitleService) -> None:
        """Take an opened service."""
        self.service = service
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False

    def enter(self) -> bool:
        """Count a request in; False if it was retired meanwhile."""
        with self._lock:
            self._users += not self._retired
            return not self._retired

    def leave(self) -> None:
        """Count a request out."""
        with self._lock:
            self._users -= 1
            last = self._retired and not self._users
        if last:
            self.service.close()

    def retire(self) -> None:
        """Lend it to nobody any more."""
        with self._lock:
            self._retired = True
            idle = not self._users
        if idle:
            self.service.close()
