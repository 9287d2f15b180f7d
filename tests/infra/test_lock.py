"""The lock and what installs from it."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WANTED = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"], *PROJECT["optional-dependencies"]["aws"]]


@pytest.mark.parametrize("line", LINES)
def test_each_line_is_a_name_and_a_version_and_nothing_else(line: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line)


def test_no_cuda_library_is_locked() -> None:
    assert not [line for line in LINES if line.startswith(("nvidia", "triton", "cuda"))]


@pytest.mark.parametrize("wanted", WANTED)
def test_the_lock_satisfies_what_the_project_asks_for(wanted: str) -> None:
    requirement = Requirement(wanted)
    locked = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in LINES)}
    assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)], prereleases=True)


@pytest.mark.parametrize(("place", "backend"), [("", "cpu"), ("somewhere", None)])
def test_torch_is_the_cpu_build_unless_the_machine_has_wheels_of_its_own(place: str, backend: str | None) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_", "MAKE"))}
    database = subprocess.run(["make", "-pn", "help"], cwd=ROOT, env={**kept, "PIP_FIND_LINKS": place}, capture_output=True, text=True, check=True).stdout
    found = re.search(r"^UV_TORCH_BACKEND = (\w+)$", database, flags=re.MULTILINE)
    assert (found and found[1]) == backend


@pytest.mark.parametrize("wanted", WANTED)
def test_every_dependency_has_a_floor(wanted: str) -> None:
    """Without one, resolvers "succeed" with releases from years ago."""
    assert any(part.operator in (">=", "==", "~=") for part in Requirement(wanted).specifier)
