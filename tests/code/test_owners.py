"""CODEOWNERS and CONTRIBUTING: every file has an owner, no pattern is for nothing, and every team is told what to ask."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWNERS = [(line.split()[0], line.split()[1:]) for line in (ROOT / ".github" / "CODEOWNERS").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TEAMS = set(re.findall(r"^\| (@[\w-]+/[\w-]+) \|", CONTRIBUTING, flags=re.MULTILINE))


@pytest.fixture(scope="module")
def files() -> list[str]:
    """What git tracks."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("this isn't a clone")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [f"/{name}" for name in listed]


def matches(pattern: str, file: str) -> bool:
    """Say whether a pattern of the few kinds this file uses is for a file: all, a folder from the root on, or one file."""
    assert pattern == "*" or re.fullmatch(r"/[\w./-]+", pattern), f"a kind of pattern this test doesn't know: {pattern}"
    return pattern == "*" or (file.startswith(pattern) if pattern.endswith("/") else file == pattern)


def test_every_file_has_an_owner_and_every_pattern_decides_about_a_file(files: list[str]) -> None:
    deciding = {}
    for file in files:
        found = [pattern for pattern, _ in OWNERS if matches(pattern, file)]
        assert found, file
        deciding.setdefault(found[-1], file)
    assert [pattern for pattern, _ in OWNERS if pattern not in deciding] == []


def test_domain_steps_apps_and_infrastructure_are_owned_by_name(files: list[str]) -> None:
    """What only the first line is for is reviewed by infra, who know little of it: but for these, no folder is left to it."""
    left = {file.rsplit("/", 1)[0] for file in files if [pattern for pattern, _ in OWNERS if matches(pattern, file)] == ["*"]}
    assert left <= {"", "/trending", "/steps", "/docs", "/docs/images", "/docs/notebooks", "/tests", "/tests/code"}


def test_owners_are_the_teams_that_contributing_tells_what_to_ask() -> None:
    assert TEAMS
    assert {team for _, teams in OWNERS for team in teams} == TEAMS
    assert all(teams for _, teams in OWNERS)


def test_contributing_is_short_and_what_it_links_to_exists() -> None:
    assert len(CONTRIBUTING.splitlines()) <= 100
    for link in re.findall(r"\]\(([^)#]+)", CONTRIBUTING):
        assert (ROOT / link).exists(), link
