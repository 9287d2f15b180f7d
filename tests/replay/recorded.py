"""Recorded answers of real services: what lies in the shared data's `fixtures` folder, by host, path and query."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

# Never part of what identifies a recording: they were redacted, or are the caller's own.
_PRIVATE = {"api_key", "__fault"}


class Recordings:
    """The recordings, looked up by address."""

    def __init__(self, folder: Path | None) -> None:
        """Index the folder; None has no recordings."""
        self._folder = folder
        self._files: dict[tuple[str, str, tuple[tuple[str, str], ...]], dict[str, Any]] = {}
        for entry in json.loads((folder / "index.json").read_text(encoding="utf-8")) if folder else []:
            parts = urlsplit(entry["url"])
            self._files.setdefault((parts.netloc, parts.path, _query(parse_qsl(parts.query, keep_blank_values=True))), entry)

    def find(self, host: str, path: str, query: list[tuple[str, str]]) -> web.Response | None:
        """Return the recorded answer to a request."""
        entry = self._files.get((host, path, _query(query)))
        if entry is None or self._folder is None:
            return None
        body = (self._folder / entry["file"]).read_bytes()
        return web.Response(body=body, status=entry["status"] or 200, headers={"Content-Type": entry["content_type"] or "application/octet-stream"})

    def find_json(self, host: str, path: str, query: list[tuple[str, str]]) -> Any:
        """Return the JSON of a recorded answer, or None."""
        found = self.find(host, path, query)
        return None if found is None else json.loads(bytes(found.body or b""))  # type: ignore[arg-type]


def _query(pairs: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in pairs if name not in _PRIVATE))
