"""Folders that travel between steps as artifacts: made here by a step, stored by ZenML after it has returned, and cleared away afterwards."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from zenml.materializers.path_materializer import PathMaterializer
from zenml.utils import io_utils

from trending.provenance import hash_file


def new_folder(prefix: str) -> Path:
    """Return an empty folder that lasts as long as the process: ZenML stores its copy only once the step has returned."""
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}-"))
    atexit.register(discard, folder)
    return folder


def discard(*folders: Path) -> None:
    """Remove the copies ZenML made of a step's inputs, which it would leave behind."""
    for folder in folders:
        for path in (folder, *folder.rglob("*")):  # a snapshot's folder is read-only
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)


def copy_of(folder: Path) -> Path:
    """Return a copy of a read-only folder for ZenML to store, which it and later steps may clear away."""
    copy = new_folder(folder.name)
    for file in folder.iterdir():
        shutil.copyfile(file, copy / file.name)
    return copy


class FolderMaterializer(PathMaterializer):
    """Stores a folder as it is: ZenML's own way compresses, which takes seconds for weights and gains a fifth."""

    # Only where a step asks for it.
    SKIP_REGISTRATION: ClassVar[bool] = True

    def save(self, data: Path) -> None:
        """Copy the folder into the artifact."""
        io_utils.copy_dir(str(data), self.uri, overwrite=True)

    def compute_content_hash(self, data: Path) -> str:
        """Return a hash of names and contents: the same folder, made again, is the same artifact to the steps that read it."""
        digest = hashlib.sha256()
        for file in sorted(path for path in data.rglob("*") if path.is_file()):
            digest.update(f"{file.relative_to(data).as_posix()}\0{hash_file(file)}\0".encode())
        return digest.hexdigest()

    def load(self, data_type: type[Any]) -> Path:
        """Copy the folder back; the step that asked for it clears it away."""
        with self.get_temporary_directory(delete_at_exit=False) as directory:
            io_utils.copy_dir(self.uri, str(directory), overwrite=True)
            return Path(directory)


class ShardsMaterializer(FolderMaterializer):
    """Stores a folder of numbered folders, over which a step can be mapped: whoever works on one of them fetches that one alone."""

    SKIP_REGISTRATION: ClassVar[bool] = True

    def get_item_count(self, data: Path) -> int:
        """Return how many there are."""
        return sum(1 for _ in data.iterdir())

    def load_item(self, data_type: type[Any], index: int) -> Path:
        """Copy one of them; the step that asked for it clears it away."""
        with self.get_temporary_directory(delete_at_exit=False) as directory:
            io_utils.copy_dir(f"{self.uri}/{index:05d}", str(directory), overwrite=True)
            return Path(directory)
