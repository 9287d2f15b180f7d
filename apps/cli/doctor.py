"""`run.py doctor`: what is installed, configured and reachable, and how to mend what isn't."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import click
import yaml

from trending.datasets.store import DataStore
from trending.errors import TrendingError
from trending.releases import ReleaseStore
from trending.settings import load_settings

_PACKAGES = ("zenml", "pandas", "pyarrow", "duckdb", "dvc", "scrapy", "scikit-learn", "xgboost", "pandera", "deepchecks", "fastapi", "uvicorn", "safetensors")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `mend` says what to do if it isn't well."""

    name: str
    ok: bool
    found: str
    mend: str = ""


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Look at everything; a check that itself fails is a finding, not a crash."""
    findings = [
        finding
        for check in (_check_python, _check_packages, _check_settings, _check_home, _check_data, _check_release, _check_zenml)
        for finding in _guard(check)
    ]
    if not arguments.json:
        _show(findings)
    return {"ok": all(one.ok for one in findings), "checks": [asdict(one) for one in findings]}


def _guard(check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except TrendingError as error:
        return [Finding(check.__name__.removeprefix("_check_"), False, error.what, error.mend or str(error))]


def _check_python() -> list[Finding]:
    fits = (3, 11) <= sys.version_info[:2] < (3, 13)
    return [Finding("python", fits, platform.python_version(), "" if fits else "use Python 3.11 or 3.12")]


def _check_packages() -> list[Finding]:
    findings = []
    for name in _PACKAGES:
        try:
            findings.append(Finding(name, True, version(name)))
        except PackageNotFoundError:
            findings.append(Finding(name, False, "not installed", "run: make install (or pip install -e .)"))
    return findings


def _check_settings() -> list[Finding]:
    changed = sorted(name for name in os.environ if name.startswith("TRENDING_"))
    load_settings()
    return [Finding("settings", True, ", ".join(changed) or "defaults")]


def _check_home() -> list[Finding]:
    home = load_settings().home
    place = next(parent for parent in (home, *home.parents) if parent.exists())
    writable = place.is_dir() and os.access(place, os.W_OK)
    free = shutil.disk_usage(place).free / 1e9
    return [
        Finding("home", writable, str(home), "" if writable else "set TRENDING_HOME to a folder you may write"),
        Finding("disk", free > 1, f"{free:.0f} GB free", "" if free > 1 else "free a gigabyte"),
    ]


def _check_data() -> list[Finding]:
    store = DataStore.from_settings()
    latest = store.latest()
    if latest is None:
        return [Finding("data", True, "no version yet (made by: python run.py --pipeline ingestion)")]
    rows = store.manifest(latest).tables
    return [Finding("data", True, f"{latest} ({rows['titles'].rows:,} titles, {rows['reviews'].rows:,} reviews, {rows['signals'].rows:,} signals)")]


def _check_release() -> list[Finding]:
    store = ReleaseStore.from_settings()
    release = store.open()
    manifest = release.manifest
    current = store.current_version()
    served = Finding("release", manifest.version == current, f"{manifest.version} ({manifest.model_kind}, {release.catalogue.count():,} titles)", "")
    return [
        served if served.ok else Finding("release", False, f"{current} is damaged; {manifest.version} is served instead", "run: python run.py release rollback")
    ]


def _check_zenml() -> list[Finding]:
    folder = Path(os.environ.get("ZENML_CONFIG_PATH") or click.get_app_dir("zenml"))
    config = folder / "config.yaml"
    if not config.exists():
        return [Finding("zenml state", True, f"{folder} (made by the first run)")]
    store = (yaml.safe_load(config.read_text(encoding="utf-8")) or {}).get("store") or {}
    url = urlsplit(str(store.get("url", "")))
    if url.scheme in ("http", "https") and not _answers(url):
        return [Finding("zenml state", False, f"{folder}: the server at {url.netloc} doesn't answer", "start it, or run: python run.py dashboard --stop")]
    return [Finding("zenml state", True, str(folder))]


def _answers(url: SplitResult) -> bool:
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        socket.create_connection((str(url.hostname), port), timeout=3).close()
    except OSError:
        return False
    return True


def _show(findings: list[Finding]) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for one in findings:
        mark = "[green]✓[/]" if one.ok else "[red]✗[/]"
        console.print(f"{mark} {one.name:<13} ", end="")
        console.print(one.found + (f"  →  {one.mend}" if one.mend and not one.ok else ""), markup=False)
