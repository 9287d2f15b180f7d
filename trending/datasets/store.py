"""Where data versions lie: a folder or an object store with a manifest and a DVC pointer per version, DVC's remote, and an atomic `LATEST`.

A version exists once its manifest is there, which is written after everything it names; `LATEST` is written last of all.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trending.datasets.build import verify_directory
from trending.datasets.manifest import MANIFEST_FILE, RESTORE, DataManifest, parse_manifest, render_manifest
from trending.datasets.workspace import Workspace
from trending.errors import InputError, NotFoundError, QualityError, TrendingError, UsageError
from trending.files import StoreFiles
from trending.provenance import VERSION_PATTERN
from trending.settings import load_settings

if TYPE_CHECKING:
    from trending.datasets.diff import DataDiff

LATEST = "latest"
LATEST_FILE = "LATEST"
_LIST = "see: python run.py data list"
_RUN = "run: python run.py --pipeline ingestion"


class DataStore:
    """Lists, publishes, reads back and compares data versions.

    Methods that take a version take its name, the beginning of it, or `latest`.
    """

    def __init__(self, url: str, cache: Path) -> None:
        """Take the store's address, and a folder for the local DVC workspace."""
        self.url = url
        self._files = StoreFiles(url)
        self._workspace = Workspace(cache, self._files.address("remote"))

    @classmethod
    def from_settings(cls) -> DataStore:
        """Return the store the settings name."""
        settings = load_settings()
        return cls(settings.data_url, settings.cache_dir / "data")

    def versions(self) -> list[str]:
        """Return the complete versions, oldest first."""
        return [name for name in self._files.names("versions", ".json") if VERSION_PATTERN.fullmatch(name)]

    def latest(self) -> str | None:
        """Return the version `LATEST` names; None if nothing was published.

        Raises:
            InputError: If it names none.
        """
        content = self._files.read(LATEST_FILE)
        if content is None:
            return None
        name = content.decode("utf-8", errors="replace").strip()
        if VERSION_PATTERN.fullmatch(name) is None:
            raise InputError(f"{LATEST_FILE} is damaged", where=self.url, mend=f"write the name of a version into it; {_LIST}")
        return name

    def resolve(self, version: str = LATEST) -> str:
        """Return the whole name of a version.

        Raises:
            NotFoundError: If there is none of that name.
            UsageError: If several begin with it.
        """
        if version == LATEST:
            name = self.latest()
            if name is None:
                raise NotFoundError("no data version is published", where=self.url, mend=_RUN)
            return name
        found = [name for name in self.versions() if name.startswith(version)]
        if version in found:
            return version
        if not found or not version:
            raise NotFoundError(f"no data version {version!r}", where=self.url, mend=_LIST)
        if len(found) > 1:
            raise UsageError(f"{len(found)} data versions begin with {version!r}", where=self.url, mend=f"give more of its name; {_LIST}")
        return found[0]

    def manifest(self, version: str = LATEST) -> DataManifest:
        """Return a version's manifest without fetching or checking its files.

        Raises:
            NotFoundError: If there is no such version.
            InputError: If the manifest is damaged.
        """
        return self._read_manifest(self.resolve(version))[0]

    def pull(self, version: str = LATEST) -> Path:
        """Return a local folder with a version, every file of it checked; it is fetched if it isn't there or isn't whole.

        Raises:
            NotFoundError: If there is no such version.
            InputError: If the store holds it no longer as it was published.
        """
        name = self.resolve(version)
        manifest, content = self._read_manifest(name)
        if not self._is_whole(manifest, content):
            with self._workspace.locked():
                if not self._is_whole(manifest, content):  # else another process has just fetched it
                    self._fetch(self._workspace, manifest)
                    self._workspace.finish(name, content)
        return self._workspace.folder(name)

    def verify(self, version: str = LATEST) -> DataManifest:
        """Check a version as it lies in the store, not as it may lie here: all of it is read.

        Raises:
            NotFoundError: If there is no such version.
            InputError: If it isn't what was published.
        """
        manifest, _ = self._read_manifest(self.resolve(version))
        with tempfile.TemporaryDirectory(prefix="verify-") as folder:
            self._fetch(Workspace(Path(folder) / "data", self._workspace.remote), manifest)
        return manifest

    def diff(self, a: str, b: str = LATEST) -> DataDiff:
        """Return what changed from version `a` to version `b`, both fetched if need be.

        Raises:
            NotFoundError: If one of them doesn't exist.
            InputError: If one can't be read back.
        """
        from trending.datasets.diff import diff_versions

        a, b = self.resolve(a), self.resolve(b)
        return diff_versions(self.manifest(a), self.pull(a), self.manifest(b), self.pull(b))

    def publish(self, directory: Path, manifest: DataManifest, *, replaces: str | None = None) -> str:
        """Make a folder a version, whole or not at all, and let `LATEST` name it.

        Args:
            directory: The tables and whatever else the manifest names.
            manifest: As `build_manifest` returned it.
            replaces: The latest version, if another one than that which this one was made from: what goes back to an older one may change it.

        Returns:
            The version; if the tables are those of the latest one, that one's name: nothing new is made.

        Raises:
            InputError: If the folder isn't what the manifest says.
            QualityError: If the manifest doesn't account for every record, or another version was published meanwhile.
            TrendingError: If the store can't be written to.
        """
        manifest.check()
        latest = replaces or manifest.parent
        verify_directory(directory, manifest)
        with self._workspace.locked():
            name = self._find_same(manifest)
            if name is None:
                self._check_latest(latest)
                name = self._add(directory, manifest, latest)
            if name != self.latest():
                self._files.write(LATEST_FILE, f"{name}\n".encode())
        return name

    def roll_back(self, version: str, *, replaces: str) -> str:
        """Let `LATEST` name an older version again, which is read back first; newer ones stay, and what is published next is built on the older one.

        Args:
            version: Of the older one.
            replaces: The latest version until then.

        Returns:
            The version's whole name.

        Raises:
            UsageError: If it is the latest.
            InputError: If it can't be read back.
            QualityError: If another version was published meanwhile.
        """
        name = self.resolve(version)
        if name == self.latest():
            raise UsageError("is the latest", where=f"data version {name}", mend=_LIST)
        self.pull(name)
        with self._workspace.locked():
            if (latest := self.latest()) != replaces:
                raise QualityError(f"{latest} was published meanwhile: its rows would be lost", where=self.url, mend="look at it, then run it again")
            self._files.write(LATEST_FILE, f"{name}\n".encode())
        return name

    def is_damaged(self, version: str) -> bool:
        """Say whether the store lacks or has changed anything of a version: reads all of it, and says no where only this machine can't use it.

        Raises:
            TrendingError: If the store can't be read, or there is no room here to look at it.
        """
        try:
            manifest, _ = self._read_manifest(version)
            if manifest.dvc.encode() not in (self._files.read(f"versions/{version}.dvc") or b""):
                return True
            with tempfile.TemporaryDirectory(prefix="look-") as name:
                for md5, path in self._list_files(manifest):
                    content = self._files.read(f"remote/files/md5/{md5[:2]}/{md5[2:]}")
                    if content is None or ".." in path:
                        return True
                    (Path(name) / path).parent.mkdir(parents=True, exist_ok=True)
                    (Path(name) / path).write_bytes(content)
                verify_directory(Path(name), manifest)
        except (InputError, ValueError, LookupError, TypeError):
            return True
        except OSError as error:
            raise TrendingError(f"can't be looked at ({error.strerror or error})", where=f"data version {version}", mend="make room, then try again") from error
        return False

    def remove(self, versions: Sequence[str]) -> None:
        """Remove versions for good, and whatever DVC holds, here and in its remote, that belongs to no version which stays.

        Killed at any moment it leaves a version that can't be read back, and is brought to its end by being asked again. Nothing may be published meanwhile.

        Raises:
            UsageError: If one of them is the latest.
            InputError: If the files of a version that stays can't be told from theirs.
        """
        latest = self.latest()
        if latest in versions:
            raise UsageError("is the latest", where=f"data version {latest}", mend="publish a newer one first")
        with self._workspace.locked():
            kept = {oid for name in self.versions() if name not in versions for oid in self._list_objects(name)}
            for path in self._files.tree("remote"):
                if "".join(path.split("/")[-2:]) not in kept:
                    self._files.remove(path)
            self._workspace.forget()
            for name in versions:
                self._files.remove(f"versions/{name}.dvc")
                self._files.remove(f"versions/{name}.json")  # last: without it nobody knows of the version

    def _list_objects(self, version: str) -> set[str]:
        """Return DVC's hashes of a version: of its listing, and of the files in it."""
        manifest, _ = self._read_manifest(version)
        return {manifest.dvc, *(md5 for md5, _ in self._list_files(manifest))}

    def _list_files(self, manifest: DataManifest) -> list[tuple[str, str]]:
        """Return DVC's hash and the path of each file of a version."""
        md5 = manifest.dvc
        listing = self._files.read(f"remote/files/md5/{md5[:2]}/{md5[2:]}")
        if listing is None:
            raise InputError("its listing is missing from DVC's remote", where=f"data version {manifest.version}", mend=RESTORE)
        return [(entry["md5"], entry["relpath"]) for entry in json.loads(listing)]

    def _find_same(self, manifest: DataManifest) -> str | None:
        """Return the version with the same tables, if it is the latest or came after: a publisher killed before its last act left it whole."""
        latest = self.latest()
        for name in reversed([name for name in self.versions() if name >= (latest or "")]):
            if self._read_manifest(name)[0].fingerprint == manifest.fingerprint:
                return name
        return None

    def _check_latest(self, expected: str | None) -> None:
        latest = self.latest()
        if expected != latest:
            raise QualityError(f"made from {expected or 'nothing'}, but {latest} is the latest: its rows would be lost", where=self.url, mend=_RUN)

    def _add(self, directory: Path, manifest: DataManifest, latest: str | None) -> str:
        name = manifest.version
        self._workspace.add(directory, name)
        verify_directory(self._workspace.folder(name), manifest)
        pointer = self._workspace.push(name)
        content = render_manifest(manifest.model_copy(update={"dvc": pointer.md5}))
        self._check_latest(latest)  # sending took a while, and other machines know nothing of our lock
        self._files.write(f"versions/{name}.dvc", pointer.content)
        self._files.write(f"versions/{name}.json", content)
        self._workspace.finish(name, content)
        return name

    def _read_manifest(self, name: str) -> tuple[DataManifest, bytes]:
        content = self._files.read(f"versions/{name}.json")
        if content is None:
            raise NotFoundError(f"no data version {name!r}", where=self.url, mend=_LIST)
        return parse_manifest(content, f"data version {name}"), content

    def _is_whole(self, manifest: DataManifest, content: bytes) -> bool:
        folder = self._workspace.folder(manifest.version)
        try:
            verify_directory(folder, manifest)
            return (folder / MANIFEST_FILE).read_bytes() == content
        except (InputError, OSError):
            return False

    def _fetch(self, workspace: Workspace, manifest: DataManifest) -> None:
        """Check a version out; if that fails, once more without the local cache, which may be what is damaged."""
        name = manifest.version
        where = f"data version {name}"
        pointer = self._files.read(f"versions/{name}.dvc")
        if pointer is None:
            raise InputError("its DVC pointer is missing", where=where, mend=RESTORE)
        failures: list[TrendingError] = []
        while len(failures) < 2:
            try:
                workspace.fetch(name, pointer)
                verify_directory(workspace.folder(name), manifest)
                return
            except TrendingError as error:
                failures.append(error)
                workspace.forget()
        raise InputError(f"can't be read back as it was published: {failures[-1].what}", where=where, mend=RESTORE)
