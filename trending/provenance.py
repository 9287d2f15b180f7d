"""What releases and data versions share: how versions are named, which run and code they come from, and the hash of a file."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

from pydantic import BaseModel, ConfigDict

VERSION_PATTERN = re.compile(r"\d[A-Za-z0-9._-]{0,99}")


class RunOrigin(BaseModel):
    """The ZenML run something came out of; empty if it was built without one."""

    # A key nobody knows is a change made after the fact, which a manifest's digest alone would not see.
    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    pipeline: str = ""
    run_id: str = ""
    run_name: str = ""
    stack: str = ""
    model_name: str = ""
    model_version: str = ""


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_git_sha() -> str:
    """Return the commit of the code, marked if it has local changes; empty where there is no git."""
    root = Path(__file__).resolve().parents[1]
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"], cwd=root, capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return described.stdout.strip()
