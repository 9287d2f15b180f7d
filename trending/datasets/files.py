"""The small files of a data store (manifests, DVC's pointers, `LATEST`): read whole, replaced whole, wherever they lie."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from trending.errors import TrendingError, UsageError


class StoreFiles:
    """Files below one address: a folder or an fsspec address."""

    def __init__(self, url: str) -> None:
        """Take the address; nothing is asked of it yet."""
        self.url = url
        try:
            self._fs, root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(str(error), where="TRENDING_DATA", mend="give a folder, or an address whose fsspec package is installed") from error
        self.root = str(root).rstrip("/")
        self._local = isinstance(self._fs, LocalFileSystem)

    def address(self, name: str) -> str:
        """Return the whole address of what lies under a relative name."""
        return f"{self.root}/{name}" if self._local else f"{self.url.rstrip('/')}/{name}"

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None if there is no such file."""
        with self._reached():
            try:
                content: bytes = self._fs.cat_file(f"{self.root}/{name}")
            except FileNotFoundError:
                return None
            return content

    def write(self, name: str, content: bytes) -> None:
        """Put a file in place, whole or not at all."""
        with self._reached():
            if not self._local:
                self._fs.pipe_file(f"{self.root}/{name}", content)
                return
            path = Path(self.root) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, staged = tempfile.mkstemp(prefix=".incoming-", dir=path.parent)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(staged).chmod(0o644)
            Path(staged).replace(path)

    def names(self, folder: str, suffix: str) -> list[str]:
        """Return the sorted names of a folder's files that end in `suffix`, without it; half-written ones are not among them."""
        with self._reached():
            self._fs.invalidate_cache()  # another process may have published since
            try:
                paths = self._fs.ls(f"{self.root}/{folder}", detail=False)
            except FileNotFoundError:
                return []
        names = (path.rsplit("/", 1)[-1] for path in paths)
        return sorted(name.removesuffix(suffix) for name in names if name.endswith(suffix) and not name.startswith("."))

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        # Each store's library has errors of its own, with no base they share.
        except Exception as error:
            mend = "check TRENDING_DATA, and for an object store the network and the credentials"
            raise TrendingError(f"can't be read or written ({type(error).__name__}: {error})", where=self.url, mend=mend) from error
