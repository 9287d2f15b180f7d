"""The small files of a store (manifests, DVC's pointers, `LATEST`, `CURRENT`, the trail): read whole, replaced whole, wherever they lie."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import fsspec
from filelock import FileLock, Timeout
from fsspec.implementations.local import LocalFileSystem

from trending.errors import TrendingError, UsageError


class StoreFiles:
    """Files below one address: a folder or an fsspec address."""

    def __init__(self, url: str, setting: str = "TRENDING_DATA") -> None:
        """Take the address and the name of the setting it comes from; nothing is asked of it yet."""
        self.url, self._setting = url, setting
        try:
            self._fs, root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(str(error), where=setting, mend="give a folder, or an address whose fsspec package is installed") from error
        self.root = str(root).rstrip("/")
        self._local = isinstance(self._fs, LocalFileSystem)

    def address(self, name: str) -> str:
        """Return the whole address of what lies under a relative name."""
        return f"{self.root}/{name}" if self._local else f"{self.url.rstrip('/')}/{name}"

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None if there is no such file."""
        with self._reached():
            self._fs.invalidate_cache()  # else a file is missed that another process has put into a folder listed before
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
            _write_aside(path, content).replace(path)

    def create(self, name: str, content: bytes) -> bool:
        """Put a file in place, whole or not at all, unless there is one; says whether it did. Of several who try at once one succeeds."""
        with self._reached():
            if self._local:
                path = Path(self.root) / name
                staged = _write_aside(path, content)
                try:
                    os.link(staged, path)
                except FileExistsError:
                    return False
                finally:
                    staged.unlink()
                return True
            try:
                self._fs.pipe_file(f"{self.root}/{name}", content, mode="create")
            except FileExistsError:
                return False
        # A store that knows no condition has written over what another wrote at the same time: the later of the two stands.
        return self.read(name) == content

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with self._reached(), suppress(FileNotFoundError):
            self._fs.rm_file(f"{self.root}/{name}")

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

    def tree(self, folder: str) -> list[str]:
        """Return the relative names of all files below a folder."""
        with self._reached():
            self._fs.invalidate_cache()
            found = self._fs.find(f"{self.root}/{folder}")
        return sorted(str(path).removeprefix(f"{self.root}/") for path in found)

    @contextmanager
    def locked(self, name: str, seconds: float) -> Iterator[None]:
        """Keep other processes of this machine out by a lock file, as long as the block takes; an object store has none, and keeps nobody out.

        Raises:
            TrendingError: If another holds it longer than so many seconds, or the folder can't be written to.
        """
        if not self._local:
            yield
            return
        path = Path(self.root) / name
        lock = FileLock(path, timeout=seconds)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout as error:
            raise TrendingError("another process is writing", where=str(path), mend="wait for its end") from error
        except OSError as error:
            raise TrendingError(f"can't be written ({error.strerror or error})", where=self.url, mend=f"check {self._setting}") from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        # Each store's library has errors of its own, with no base they share.
        except Exception as error:
            mend = f"check {self._setting}, and for an object store the network and the credentials"
            raise TrendingError(f"can't be read or written ({type(error).__name__}: {error})", where=self.url, mend=mend) from error


def _write_aside(path: Path, content: bytes) -> Path:
    """Write a file beside the one it will become; what is in it is on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, staged = tempfile.mkstemp(prefix=".incoming-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(staged).chmod(0o644)
    except OSError:
        Path(staged).unlink()
        raise
    return Path(staged)
