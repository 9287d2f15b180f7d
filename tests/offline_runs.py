"""Reads back what W&B wrote offline, by the SDK's own reader of its files (`wandb leet inspect`): what a later sync would send."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Logged:
    """An artifact: its files (name in it -> where the copy lies), and what it is called."""

    name: str
    type: str
    aliases: list[str]
    metadata: dict[str, Any]
    files: dict[str, Path]


@dataclass
class OfflineRun:
    """An offline run."""

    folder: Path
    kinds: set[str] = field(default_factory=set)
    run: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[Logged] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    axes: dict[str, str] = field(default_factory=dict)
    finished: bool = False

    def table(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a table that was logged."""
        content = json.loads((self.folder / "files" / self.summary[f"tables/{name}.path"]).read_text(encoding="utf-8"))
        return [dict(zip(content["columns"], row, strict=True)) for row in content["data"]]

    def curve(self, name: str) -> list[float]:
        """Return what was logged under a name, in its order."""
        return [row[name] for row in self.history if name in row]

    def model(self) -> Logged:
        """Return the one model that was logged."""
        (found,) = [one for one in self.artifacts if one.type == "model"]
        return found


def list_offline_runs(home: Path) -> list[OfflineRun]:
    """Read the offline runs under a folder that was `WANDB_DIR`, oldest first."""
    return [_read(folder) for folder in sorted((home / "wandb").glob("offline-run-*"))]


def _read(folder: Path) -> OfflineRun:
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(folder)]
    quiet = {**os.environ, "WANDB_ERROR_REPORTING": "false", "WANDB_CACHE_DIR": str(folder.parent / "cache")}
    printed = subprocess.run(command, env=quiet, capture_output=True, text=True, check=True, timeout=60).stdout
    found = OfflineRun(folder)
    for line in printed.splitlines():
        record = json.loads(line)
        kind = record["type"]
        content = record.get(kind, {})
        found.kinds.add(kind)
        if kind == "run":
            found.run = content
            found.config |= content["config"]["update"]
        elif kind in {"config", "summary"}:
            getattr(found, kind).update(content["update"])
        elif kind == "history":
            found.history.append(content["item"])
        elif kind == "metric":
            found.axes[content.get("glob_name") or content["name"]] = content.get("step_metric", "")
        elif kind == "artifact":
            found.artifacts.append(_read_artifact(content))
        elif kind == "files":
            found.files += [one["path"] for one in content["files"]]
        elif kind == "exit":
            found.finished = content["exit_code"] == 0
    return found


def _read_artifact(content: dict[str, Any]) -> Logged:
    metadata = content.get("metadata", {})
    files = {one["path"]: Path(one["local_path"]) for one in content["manifest"]["contents"]}
    return Logged(content["name"], content["type"], content["aliases"], json.loads(metadata) if isinstance(metadata, str) else metadata, files)
