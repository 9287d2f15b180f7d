"""Packs the server and the current release into an MCP bundle, which assistants install with a click, and completes `server.json` for a registry.

Run as `python -m apps.mcp.bundle FOLDER [--url URL]`; the URL is where the bundle will be downloaded from. Not for images or wheels.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apps.mcp.loading import Loading
from apps.mcp.server import create_server
from trending import __version__
from trending.errors import TrendingError
from trending.releases import ReleaseStore

ROOT = Path(__file__).resolve().parents[2]
BUNDLE_FILE = "trending-now.mcpb"
SERVER_FILE = "server.json"
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of zip files: the same content gives the same bytes
_LEFT_OUT = {"__pycache__"}


def build_bundle(folder: Path, store: ReleaseStore, url: str | None = None) -> Path:
    """Write the bundle and its `server.json` into a folder, and return the bundle's path.

    Args:
        folder: Made if it isn't there.
        store: Its current release goes into the bundle.
        url: Where the bundle will be downloaded from; without it `server.json` names no package.

    Raises:
        ReleaseError: If no release is published.
    """
    release = store.open()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / BUNDLE_FILE
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            _write(archive, "manifest.json", json.dumps(_make_manifest(), indent=2).encode())
            _write(archive, "pyproject.toml", (ROOT / "infra/mcpb/pyproject.toml").read_bytes())
            for name in ("LICENSE", "run.py"):
                _write(archive, name, (ROOT / name).read_bytes())
            for file in (*_walk(ROOT / "apps"), *_walk(ROOT / "trending")):
                _write(archive, file.relative_to(ROOT).as_posix(), file.read_bytes())
            version = release.manifest.version
            for file in _walk(release.directory):
                _write(archive, f"releases/{version}/{file.relative_to(release.directory).as_posix()}", file.read_bytes())
            _write(archive, "releases/CURRENT", f"{version}\n".encode())
    finally:
        release.catalogue.close()
    server = json.loads((ROOT / SERVER_FILE).read_text(encoding="utf-8")) | {"version": __version__}
    if url:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        server["packages"] = [{"registryType": "mcpb", "identifier": url, "fileSha256": digest, "transport": {"type": "stdio"}}]
    (folder / SERVER_FILE).write_text(json.dumps(server, indent=2) + "\n", encoding="utf-8")
    return path


def _make_manifest() -> dict[str, Any]:
    """Return the manifest with the server's own tools in it."""
    manifest: dict[str, Any] = json.loads((ROOT / "infra/mcpb/manifest.json").read_text(encoding="utf-8"))
    tools = asyncio.run(create_server(Loading()).list_tools())
    return manifest | {"version": __version__, "tools": [{"name": tool.name, "description": tool.description} for tool in tools]}


def _walk(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file() and not _LEFT_OUT & set(path.parts))


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _FIRST_DAY)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m apps.mcp.bundle", description="pack the MCP server and the current release into an MCP bundle")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", help="where the bundle will be downloaded from, for server.json")
    arguments = parser.parse_args()
    try:
        path = build_bundle(arguments.folder, ReleaseStore.from_settings(), arguments.url)
    except TrendingError as error:
        print(f"bundle: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{path}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
