"""Where releases lie: a folder or an object store, one sub-folder per version and a `CURRENT` pointer that is replaced atomically.

A version exists once its folder is complete: locally it appears by a rename, remotely its `release.json` is written last.
"""

from __future__ import annotations

import errno
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import fsspec
from filelock import FileLock
from fsspec.implementations.local import LocalFileSystem

from trending.errors import NotFoundError, ReleaseError, TrendingError, UsageError
from trending.files import StoreFiles
from trending.folders import staged_directory
from trending.provenance import VERSION_PATTERN, RunOrigin
from trending.releases.audit import AUDIT_DIR
from trending.releases.bundle import Release, load_bundle, verify_bundle
from trending.releases.manifest import MANIFEST_FILE, Manifest, parse_manifest
from trending.releases.promotion import CURRENT_FILE, TRAIN, Follower, keep_out, promote
from trending.settings import load_settings

_STAGING = ".incoming-"  # begins the name of a bundle that is being copied in
_STALE_SECONDS = 3_600
log = logging.getLogger(__name__)


class ReleaseStore:
    """Lists, publishes and opens releases."""

    def __init__(self, url: str, cache: Path) -> None:
        """Take the store's address, and a folder for local copies of remote releases."""
        try:
            self.fs, root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(str(error), where="TRENDING_RELEASES", mend="give a folder, or an address whose fsspec package is installed") from error
        self.root = str(root).rstrip("/")
        self.url = url
        self.local = isinstance(self.fs, LocalFileSystem)
        self.files = StoreFiles(url, "TRENDING_RELEASES")
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
        pointer = self.files.read(CURRENT_FILE)
        # What isn't text names no release: whoever opens it says so.
        return None if pointer is None else pointer.decode("utf-8", errors="replace").strip() or None

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

    def name_model(self, version: str | None) -> str | None:
        """Return the version that a release's model was learnt as; None if there is no such release, or it is damaged."""
        try:
            return None if version is None else self.manifest(version).learnt_as
        except (ReleaseError, NotFoundError):
            return None

    def publish(
        self,
        bundle: Path,
        *,
        reason: str = "",
        verdict: Mapping[str, Any] | None = None,
        run: RunOrigin | None = None,
        followers: Sequence[Follower] = (),
        replaces: str | None = None,
    ) -> str:
        """Copy a bundle in, whole or not at all, and make it current; a version that is already there and whole is kept.

        Args:
            bundle: Its folder.
            reason: As for `trending.releases.promotion.promote`, like all that follow.
            verdict: What publishing rests on.
            run: The run that publishes.
            followers: Told afterwards.
            replaces: The version whose model must be served until then.

        Returns:
            The version.

        Raises:
            MovedError: If another model is served by now; it stays so.
        """
        manifest = verify_bundle(bundle)
        self.sweep()
        told: dict[str, Any] = {"reason": reason, "verdict": verdict, "run": run, "followers": followers, "replaces": replaces}
        if self._holds(manifest.version):
            promote(self, manifest.version, **told)
        else:
            with self._staged(bundle, manifest.version) as appear:
                promote(self, manifest.version, action="published", appear=appear, manifest=manifest, **told)
        return manifest.version

    def remove(self, version: str) -> None:
        """Remove a release for good, its local copy too.

        Raises:
            NotFoundError: If there is no such version.
            UsageError: If it is current.
        """
        self._check_known(version)
        folder = f"{self.root}/{version}"
        with keep_out(self, version):
            shutil.rmtree(self.cache / version, ignore_errors=True)
            self.fs.invalidate_cache()
            # Its manifest last: killed before, what is left is a damaged release, which is served by nobody and removed by whoever asks again.
            for path in self.fs.find(folder):
                if path != f"{folder}/{MANIFEST_FILE}":
                    self.fs.rm_file(path)
            self.fs.rm(folder, recursive=True)

    def unfinished(self) -> list[str]:
        """Return the names of folders that are no release: what somebody publishes at this moment, or was killed over."""
        if not self.fs.isdir(self.root):
            return []
        self.fs.invalidate_cache()
        folders = (entry["name"].rstrip("/").rsplit("/", 1)[-1] for entry in self.fs.ls(self.root, detail=True) if entry["type"] == "directory")
        begun = [name for name in folders if name.startswith(_STAGING) or VERSION_PATTERN.fullmatch(name)]
        return sorted(name for name in begun if name.startswith(_STAGING) or not self.fs.exists(f"{self.root}/{name}/{MANIFEST_FILE}"))

    def sweep(self) -> list[str]:
        """Remove what killed publishers have left half-copied, once it is older than an hour: one that is at work looks the same.

        Returns:
            The names of the folders that were removed.
        """
        swept = []
        for name in self.unfinished():
            with suppress(FileNotFoundError):  # another publisher sweeps as well
                if time.time() - self._find_last_change(name) > _STALE_SECONDS:
                    self.fs.rm(f"{self.root}/{name}", recursive=True)
                    swept.append(name)
        for left in (Path(self.root) / AUDIT_DIR).glob(f"{_STAGING}*") if self.local else ():
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    left.unlink()
        return swept

    def _find_last_change(self, name: str) -> float:
        """Return when a folder was last written to, as seconds of the epoch."""
        folder = f"{self.root}/{name}"
        if self.local:  # a copied file has the date of the one it was copied from, but for this
            return max(path.stat().st_ctime for path in (Path(folder), *Path(folder).rglob("*")))
        return max((self.fs.modified(path).timestamp() for path in self.fs.find(folder)), default=0.0)

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
            raise ReleaseError("no release is published", where=self.url, mend=TRAIN)
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
        raise ReleaseError(f"release {current} can't be served and no older one is whole", where=self.url, mend=TRAIN)

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

    @contextmanager
    def _staged(self, bundle: Path, version: str) -> Iterator[Callable[[], None]]:
        """Copy a bundle in without its being a version yet; yield what makes it one in a moment."""
        if not self.local:
            for path in sorted(path for path in bundle.rglob("*") if path.is_file() and path != bundle / MANIFEST_FILE):
                self.fs.put_file(str(path), f"{self.root}/{version}/{path.relative_to(bundle).as_posix()}")
            yield lambda: self.fs.put_file(str(bundle / MANIFEST_FILE), f"{self.root}/{version}/{MANIFEST_FILE}")
            return
        Path(self.root).mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f"{_STAGING}{version}-", dir=self.root))
        try:
            try:
                shutil.copytree(bundle, staging, dirs_exist_ok=True)
                staging.chmod(0o755)
            except OSError as error:
                raise ReleaseError(f"can't be written ({error.strerror})", where=self.url, mend="free space, or set TRENDING_HOME elsewhere") from error
            yield lambda: self._rename(staging, version)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _rename(self, staging: Path, version: str) -> None:
        try:
            staging.rename(Path(self.root) / version)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # else another process has just published the same
                raise ReleaseError(f"can't be written ({error.strerror})", where=self.url, mend="free space, or set TRENDING_HOME elsewhere") from error
