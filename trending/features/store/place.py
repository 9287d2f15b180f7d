"""The place a feature store lies at: its small files, read and replaced whole, and a lock so that one run at a time writes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from trending.errors import TrendingError
from trending.features.store.config import SETTING, is_remote
from trending.files import StoreFiles


class Place:
    """Files below a store's address."""

    def __init__(self, url: str) -> None:
        """Take the address; see `locate_store`."""
        self.url = url
        with self._reached():
            self._files = StoreFiles(url)

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None if there is no such file."""
        with self._reached():
            return self._files.read(name)

    def write(self, name: str, content: bytes) -> None:
        """Put a file in place, whole or not at all."""
        with self._reached():
            self._files.write(name, content)

    def names(self, folder: str, suffix: str) -> list[str]:
        """Return the names of a folder's files that end in `suffix`, without it."""
        with self._reached():
            return self._files.names(folder, suffix)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing a local store; on AWS nothing keeps two runs apart."""
        if is_remote(self.url):
            yield
            return
        folder = Path(self.url)
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            yield

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except TrendingError as error:
            raise type(error)(error.what, where=self.url, mend=f"check {SETTING}, and for S3 the network and the credentials") from error
