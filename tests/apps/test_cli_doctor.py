"""`run.py doctor` as a process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trending.releases import Release, ReleaseStore

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]


def _checks(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    assert done.stdout.count("\n") == 1
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def test_all_is_well_with_a_release(run_cli: RunCli, release: Release) -> None:
    done = run_cli("doctor", "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["ok"] is True
    checks = _checks(done)
    assert {"python", "zenml", "settings", "home", "disk", "release"} <= set(checks)
    assert release.manifest.version in checks["release"]["found"]


def test_without_a_release_it_fails_and_says_how_to_mend_it(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("doctor", "--json", home=tmp_path)
    assert done.returncode == 1
    bad = {name: check["mend"] for name, check in _checks(done).items() if not check["ok"]}
    assert list(bad) == ["release"]
    assert "--pipeline training" in bad["release"]
    assert list(tmp_path.iterdir()) == [], "looking changes nothing"


def test_for_people_each_finding_is_a_line(run_cli: RunCli, tmp_path: Path) -> None:
    well, ill = run_cli("doctor"), run_cli("doctor", home=tmp_path)
    assert (well.returncode, ill.returncode) == (0, 1)
    assert "✗" not in well.stdout
    assert [line for line in ill.stdout.splitlines() if "✗" in line and "--pipeline training" in line]


@pytest.mark.parametrize("harm", ["damaged", "garbled CURRENT", "home is a file", "bad setting"])
def test_whatever_is_wrong_is_a_finding_and_not_a_crash(run_cli: RunCli, store: ReleaseStore, tmp_path: Path, harm: str) -> None:
    home = Path(store.root).parent
    match harm:
        case "damaged":
            (store.directory(store.versions()[0]) / "model_card.md").unlink()
        case "garbled CURRENT":
            (Path(store.root) / "CURRENT").write_bytes(b"\xff\xfe")
        case "home is a file":
            home = tmp_path / "file"
            home.write_text("in the way")
    done = run_cli("doctor", "--json", home=home, settings={"TRENDING_MAX_BODY_BYTES": "many"} if harm == "bad setting" else {})
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    bad = [check for check in _checks(done).values() if not check["ok"]]
    assert bad
    assert all(check["mend"] for check in bad)
