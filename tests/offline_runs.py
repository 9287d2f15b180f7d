"""Reads back what W&B wrote offline: the SDK has no reader of its own files any more, so this is one for tests.

A `.wandb` file is 7 bytes of header and a log in LevelDB's format: blocks of 32 KiB with fragments, each of them a checksum (4 bytes), a length
(2), a type (1: whole, 2: first, 3: middle, 4: last) and a part of a protobuf `Record`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_BLOCK, _HEADER = 32_768, 7


@dataclass
class Logged:
    """An artifact: its files (name in it -> where the copy lies), and what it is called."""

    name: str
    type: str
    aliases: list[str]
    metadata: dict[str, Any]
    files: dict[str, Path]


@dataclass
class OfflineRun:
    """An offline run, as a later sync would send it."""

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
        content = json.loads((self.folder / "files" / self.summary[f"tables/{name}"]["path"]).read_text(encoding="utf-8"))
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
    found = OfflineRun(folder)
    (file,) = folder.glob("run-*.wandb")
    for record in _read_records(file.read_bytes()):
        kind = record.WhichOneof("record_type")
        found.kinds.add(kind)
        if kind == "run":
            found.run = {"project": record.run.project, "entity": record.run.entity, "name": record.run.display_name, "host": record.run.host}
            _update(found.config, record.run.config.update)
        elif kind == "config":
            _update(found.config, record.config.update)
        elif kind == "summary":
            _update(found.summary, record.summary.update)
        elif kind == "history":
            row: dict[str, Any] = {}
            _update(row, record.history.item)
            found.history.append(row)
        elif kind == "metric":
            found.axes[record.metric.glob_name or record.metric.name] = record.metric.step_metric
        elif kind == "artifact":
            found.artifacts.append(_read_artifact(record.artifact))
        elif kind == "files":
            found.files += [one.path for one in record.files.files]
        elif kind == "exit":
            found.finished = record.exit.exit_code == 0
    return found


def _read_records(data: bytes) -> Iterator[Any]:
    from wandb.proto import wandb_internal_pb2

    place, parts = _HEADER, b""
    while place + _HEADER <= len(data):
        left = _BLOCK - place % _BLOCK
        if left < _HEADER:
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + _HEADER])
        place += _HEADER
        parts += data[place : place + length]
        place += length
        if kind in {1, 4}:
            yield wandb_internal_pb2.Record.FromString(parts)
            parts = b""


def _update(into: dict[str, Any], items: Any) -> None:
    for item in items:
        *parents, last = list(item.nested_key) or [item.key]
        place = into
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = json.loads(item.value_json)


def _read_artifact(record: Any) -> Logged:
    files = {one.path: Path(one.local_path) for one in record.manifest.contents}
    return Logged(record.name, record.type, list(record.aliases), json.loads(record.metadata or "{}"), files)
