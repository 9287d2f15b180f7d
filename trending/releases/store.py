"""Where releases lie: a folder or an object store, one sub-folder per version and a `CURRENT` pointer that is replaced atomically.

A version exists once its folder is complete: locally it appears by a rename, remotely its `release.json` is written last.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import fsspec
from filelock import FileLock
from fsspec.implementations.local import LocalFileSystem

from trending.errors import NotFoundError, ReleaseError, TrendingError, UsageError
from trending.folders import staged_directory
from trending.provenance import VERSION_PATTERN
from trending.releases.bundle import Release, load_bundle, verify_bundle
from trending.releases.manifest import MANIFEST_FILE, Manifest, parse_manifest
from trending.settings import load_settings

CURRENT_FILE = "CURRENT"
_STALE_SECONDS = 3_600
_TRAIN = "run: python run.py --pipeline training"
log = logging.getLogger(__name__)


class ReleaseStore:
    """Lists, publishes, promotes and opens releases."""

    def __init__(self, url: str, cache: Path) -> None:
        """Take the store's address, and a folder for local copies of remote releases."""
        try:
            self.fs, root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(str(error), where="TRENDING_RELEASES", mend="give a folder, or an address whose fsspec package is installed") from error
        self.root = str(root).rstrip("/")
        self.url = url
        self.local = isinstance(self.fs, LocalFileSystem)
        self.cache = cache

    @classmethod
    def from_settings(cls) -> ReleaseStore:
        """Return the store the settings name."""
        settings = load_settings()
        return cls(settings.releases_url, settings.cache_dir / "releases")

    def versions(self) -> list[str]:
        """Return the complete versions, oldest first."""
        if not self.fs.isdir(self.root):
            return []
        names = (path.rstrip("/").rsplit("/", 1)[-1] for path in self.fs.ls(self.root, detail=False))
        return sorted(name for name in names if not name.startswith(".") and self.fs.exists(f"{self.root}/{name}/{MANIFEST_FILE}"))

    def current_version(self) -> str | None:
        """Return the version `CURRENT` names, whether or not it can be served; None if nothing was published."""
        pointer = f"{self.root}/{CURRENT_FILE}"
        # What isn't text names no release: whoever opens it says so.
        return self.fs.cat_file(pointer).decode("utf-8", errors="replace").strip() or None if self.fs.exists(pointer) else None

    def directory(self, version: str) -> Path:
        """Return a local folder with the release, fetching it if it lies elsewhere.

        Raises:
            NotFoundError: If there is no such version.
        """
        self._check_known(version)
        if self.local:
            return Path(self.root) / version
        copy = self.cache / version
        self.cache.mkdir(parents=True, exist_ok=True)
        with FileLock(self.cache / f".{version}.lock"):  # the processes of a service start together
            try:
                verify_bundle(copy)
            except ReleaseError:
                shutil.rmtree(copy, ignore_errors=True)
                with staged_directory(copy) as staging:
                    self.fs.get(f"{self.root}/{version}/", f"{staging}/", recursive=True)
                    verify_bundle(staging)
        return copy

    def manifest(self, version: str) -> Manifest:
        """Return a release's manifest without fetching or checking its other files."""
        self._check_known(version)
        return parse_manifest(self.fs.cat_file(f"{self.root}/{version}/{MANIFEST_FILE}"), f"{self.url}/{version}")

    def verify(self, version: str) -> Manifest:
        """Check a release, as it lies in the store, file by file; raises `ReleaseError` if anything is wrong."""
        self._check_known(version)
        if self.local:
            return verify_bundle(Path(self.root) / version)
        with tempfile.TemporaryDirectory(prefix="verify-") as folder:
            self.fs.get(f"{self.root}/{version}/", f"{folder}/", recursive=True)
            return verify_bundle(Path(folder))

    def check_writable(self) -> None:
        """Refuse a store that can't be written to before hours are spent on what should go there.

        Raises:
            UsageError: If it can't.
        """
        try:
            if self.local:
                Path(self.root).mkdir(parents=True, exist_ok=True)
                tempfile.TemporaryFile(dir=self.root).close()
        except OSError as error:
            raise UsageError(f"can't be written ({error.strerror})", where=self.url, mend="set TRENDING_HOME to a folder you may write") from error

    def publish(self, bundle: Path) -> str:
        """Copy a bundle in, whole or not at all, and make it current; a version that is already there and whole is kept.

        Returns:
            The version.
        """
        manifest = verify_bundle(bundle)
        self._sweep()
        if not self._holds(manifest.version):
            self._copy_in(bundle, manifest.version)
        self.promote(manifest.version)
        return manifest.version

    def promote(self, version: str) -> None:
        """Verify a release, then let `CURRENT` name it."""
        self.verify(version)
        if self.local:
            descriptor, staged = tempfile.mkstemp(prefix=".current-", dir=self.root)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(version + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            Path(staged).chmod(0o644)
            Path(staged).replace(Path(self.root) / CURRENT_FILE)
        else:
            self.fs.pipe_file(f"{self.root}/{CURRENT_FILE}", (version + "\n").encode())

    def rollback(self) -> str:
        """Promote the newest whole release that is older than the current one.

        Returns:
            Its version.

        Raises:
            ReleaseError: If there is none.
        """
        current = self.current_version()
        for version in reversed([name for name in self.versions() if current is None or name < current]):
            try:
                self.promote(version)
            except ReleaseError as error:
                log.warning("skipping a damaged release: %s", error)
                continue
            return version
        raise ReleaseError(f"no whole release is older than {current or 'none'}", where=self.url, mend=_TRAIN)

    def open(self, version: str | None = None) -> Release:
        """Open a release, by default the current one; if that is damaged, the newest whole one that is older, with a warning.

        Raises:
            ReleaseError: If nothing was published or nothing is whole.
            NotFoundError: If the version that was asked for doesn't exist.
        """
        if version is not None:
            return load_bundle(self.directory(version))
        current = self.current_version()
        if current is None:
            raise ReleaseError("no release is published", where=self.url, mend=_TRAIN)
        if VERSION_PATTERN.fullmatch(current) is None:
            # Not "the newest there is": that may be the very one someone rolled back from.
            raise ReleaseError(f"{CURRENT_FILE} is damaged", where=self.url, mend="run: python run.py release promote VERSION")
        for candidate in [current, *reversed([name for name in self.versions() if name < current])]:
            try:
                release = load_bundle(self.directory(candidate))
            except TrendingError as error:
                log.warning("release %s can't be served: %s", candidate, error)
                continue
            if candidate != current:
                log.warning("serving %s instead of %s", candidate, current)
            return release
        raise ReleaseError(f"release {current} can't be served and no older one is whole", where=self.url, mend=_TRAIN)

    def _check_known(self, version: str) -> None:
        if VERSION_PATTERN.fullmatch(version) is None or not self.fs.exists(f"{self.root}/{version}/{MANIFEST_FILE}"):
            raise NotFoundError(f"no release {version!r}", where=self.url, mend="see: python run.py release list")

    def _holds(self, version: str) -> bool:
        """Say whether a version is there and whole; what is there but not whole is removed."""
        if not self.fs.exists(f"{self.root}/{version}"):
            return False
        try:
            self.verify(version)
        except TrendingError:
            self.fs.rm(f"{self.root}/{version}", recursive=True)
            return False
        return True

    def _copy_in(self, bundle: Path, version: str) -> None:
        if self.local:
            try:
                with staged_directory(Path(self.root) / version) as staging:
                    shutil.copytree(bundle, staging, dirs_exist_ok=True)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # else another process has just published the same
                    raise ReleaseError(f"can't be written ({error.strerror})", where=self.url, mend="free space, or set TRENDING_HOME elsewhere") from error
            return
        files = sorted(path for path in bundle.rglob("*") if path.is_file())
        for path in sorted(files, key=lambda path: path.name == MANIFEST_FILE):
            self.fs.put_file(str(path), f"{self.root}/{version}/{path.relative_to(bundle).as_posix()}")

    def _sweep(self) -> None:
        """Remove what killed runs have left half-copied."""
        if not self.local:
            return
        root = Path(self.root)
        root.mkdir(parents=True, exist_ok=True)
        for left in [*root.glob(".incoming-*"), *root.glob(".current-*")]:
            with suppress(FileNotFoundError):  # another publisher sweeps as well
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
