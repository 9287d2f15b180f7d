"""The local DVC workspace: its cache, the versions checked out of it, and the traffic with DVC's remote. Its loss costs time only.

One process works in it at a time. What a killed one left behind is cleared before the next begins, so that DVC never trusts it.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trending.datasets.manifest import MANIFEST_FILE
from trending.errors import TrendingError, UsageError
from trending.folders import staged_directory

if TYPE_CHECKING:
    from dvc.repo import Repo

LOCK_SECONDS = 600.0
_REMOTE = "store"
_LOGGERS = ("dvc", "dvc_data", "dvc_objects")
_QUIET = logging.CRITICAL + 1


@dataclass(frozen=True)
class Pointer:
    """What DVC needs to find a version again."""

    content: bytes  # of the .dvc file
    md5: str


class Workspace:
    """Checked-out versions under one folder; every method but `folder` and `locked` wants the lock held."""

    def __init__(self, root: Path, remote: str) -> None:
        """Take the workspace's folder and the address of DVC's remote."""
        self.root = root
        self.remote = remote

    def folder(self, version: str) -> Path:
        """Return where a version lies once it is checked out."""
        return self.root / version

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out.

        Raises:
            TrendingError: If another one works in it for too long.
            UsageError: If the folder can't be written to.
        """
        import filelock

        path = self.root.with_name(f"{self.root.name}.lock")
        lock = filelock.FileLock(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=LOCK_SECONDS)
        except filelock.Timeout as error:
            raise TrendingError("another process is at work on the data versions", where=str(path), mend="try again when it has ended") from error
        except OSError as error:
            raise UsageError(f"can't be written ({error.strerror})", where=str(path), mend="set TRENDING_HOME to a folder you may write") from error
        try:
            yield
        finally:
            lock.release()

    def add(self, directory: Path, version: str) -> None:
        """Copy a folder in as a version, in place of what a killed run may have left under its name."""
        self._prepare()
        shutil.rmtree(self.folder(version), ignore_errors=True)
        with staged_directory(self.folder(version)) as staging:
            shutil.copytree(directory, staging, dirs_exist_ok=True, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns(MANIFEST_FILE))

    def push(self, version: str) -> Pointer:
        """Hand a version to DVC and send what the remote lacks of it.

        Raises:
            TrendingError: If it can't be sent, or the remote doesn't hold it afterwards.
        """
        pointer, unlike = self.root / f"{version}.dvc", [""]
        for _ in range(2):
            # Anew each time, for DVC remembers what it believes the remote to hold.
            with self._open() as repo:
                (stage,) = repo.add([str(self.folder(version))])
                repo.push(targets=[str(pointer)])
                unlike = _remove_unlike(repo, stage.outs[0].hash_info.value)
                if not unlike:
                    return Pointer(pointer.read_bytes(), stage.outs[0].hash_info.value)
        raise TrendingError(f"{unlike[0]} was sent, and isn't there", where=self.remote, mend="check the store, then publish again")

    def fetch(self, version: str, pointer: bytes) -> None:
        """Check a version out anew, from the cache where that has it and from the remote where not.

        Raises:
            TrendingError: If it can't be had.
        """
        from dvc.exceptions import CheckoutError, DownloadError

        with self._open() as repo:
            shutil.rmtree(self.folder(version), ignore_errors=True)
            path = self.root / f"{version}.dvc"
            path.write_bytes(pointer)
            try:
                repo.pull(targets=[str(path)], force=True)
            except (CheckoutError, DownloadError) as error:
                raise TrendingError("files of it are missing from DVC's remote or damaged there", where=self.remote) from error

    def finish(self, version: str, manifest: bytes) -> None:
        """Lay the manifest beside the files, and protect all from being edited by mistake."""
        folder = self.folder(version)
        (folder / MANIFEST_FILE).write_bytes(manifest)
        for path in folder.rglob("*"):
            if path.is_file():
                path.chmod(0o444)

    def forget(self) -> None:
        """Drop everything: what can't be trusted is fetched again."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _prepare(self) -> None:
        """Make the workspace, or clear what a killed process left half-done in it."""
        from dvc.repo import Repo

        if not (self.root / ".dvc" / "config").is_file():
            self.forget()
            with staged_directory(self.root) as staging, self._surroundings(staging / ".dvc" / "tmp"):
                Repo.init(str(staging), no_scm=True).close()
                # A manifest names DVC's hash of the folder it lies in, so it can't be part of it.
                (staging / ".dvcignore").write_text(f"/*/{MANIFEST_FILE}\n", encoding="utf-8")
        shutil.rmtree(self.root / ".dvc" / "tmp", ignore_errors=True)
        for left in [*self.root.glob("[0-9]*.dvc"), *self.root.glob(".incoming-*")]:
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    @contextmanager
    def _open(self) -> Iterator[Repo]:
        """Open DVC's repository, its messages kept off the terminal and its errors turned into one line."""
        from dvc.repo import Repo

        self._prepare()
        config = {
            "core": {"remote": _REMOTE, "analytics": False, "check_update": False},
            # No links: a file edited in a version would be edited in the cache and in all versions.
            "cache": {"type": ["reflink", "copy"]},
            "remote": {_REMOTE: {"url": self.remote, "verify": True}},
        }
        try:
            with self._surroundings(self.root / ".dvc" / "tmp" / "state"), Repo(str(self.root), config=config) as repo:
                yield repo
        except TrendingError:
            raise
        # DVC lets through whatever the store's library raises.
        except Exception as error:
            raise TrendingError(f"DVC failed ({type(error).__name__}: {error})", where=self.remote) from error

    @contextmanager
    def _surroundings(self, state: Path) -> Iterator[None]:
        """Keep DVC from its analytics, from the user's own DVC configuration, and from what it remembers of files.

        What it remembers it takes for true: a file changed within one tick of the clock, an object lost from the remote.
        """
        wanted = {"DVC_NO_ANALYTICS": "1", "DVC_STUDIO_OFFLINE": "1"}
        wanted |= dict.fromkeys(("DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"), str(state))
        with ExitStack() as undo:
            for name, value in wanted.items():
                undo.callback(_restore_variable, name, os.environ.get(name))
                os.environ[name] = value
            for name in _LOGGERS:
                logger = logging.getLogger(name)
                undo.callback(logger.setLevel, logger.level)
                logger.setLevel(_QUIET)
            yield


def _restore_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _remove_unlike(repo: Any, md5: str) -> list[str]:
    """Return what of a version the remote lacks or holds with another size.

    Whatever is there of that is removed, and the version's listing too: DVC sends nothing that is there by name, nor what a listing there names.
    """
    cache, remote = repo.cache.local, repo.cloud.get_remote_odb()
    listing = json.loads(Path(cache.oid_to_path(md5)).read_bytes())
    unlike: list[str] = []
    for oid in sorted({md5, *(entry["md5"] for entry in listing)}):
        there = remote.oid_to_path(oid)
        if not remote.fs.exists(there) or remote.fs.size(there) != Path(cache.oid_to_path(oid)).stat().st_size:
            unlike.append(there)
    for there in {*unlike, remote.oid_to_path(md5)} if unlike else ():
        if remote.fs.exists(there):
            remote.fs.remove(there)
    return unlike
