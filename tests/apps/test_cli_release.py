"""`run.py release`: by its `main`, and for the exit codes that scripts rely on as a process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from trending.releases import Release, ReleaseStore

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]
MakeBundle = Callable[..., Path]


@dataclass
class Desk:
    """A store with an older and a current release, and the command line over it."""

    store: ReleaseStore
    old: str
    new: str
    call: Callable[..., subprocess.CompletedProcess[str]]

    def read(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run with --json and return the one object on stdout."""
        done = self.call("release", *arguments, "--json")
        assert done.returncode == code, done.stderr
        assert done.stdout.count("\n") == 1
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def desk(store: ReleaseStore, make_bundle: MakeBundle, run_main: RunCli) -> Desk:
    """Two releases, the second current."""
    old = store.versions()[0]
    home = Path(store.root).parent
    return Desk(store, old, store.publish(make_bundle(1)), lambda *arguments: run_main(*arguments, home=home))


def test_list_names_all_and_marks_the_current_one(desk: Desk) -> None:
    found = desk.read("list")
    assert found["current"] == desk.new
    assert [(row["version"], row["current"]) for row in found["releases"]] == [(desk.old, False), (desk.new, True)]
    assert all(0 < row["macro_f1"] < 1 and row["data"] == "starter" for row in found["releases"])
    lines = desk.call("release", "list").stdout.splitlines()
    assert [line[: 2 + len(desk.old)] for line in lines] == [f"  {desk.old}", f"* {desk.new}"]


def test_list_of_an_empty_store_is_empty_and_no_failure(run_main: RunCli, tmp_path: Path) -> None:
    assert json.loads(run_main("release", "list", "--json", home=tmp_path).stdout) == {"releases": [], "current": None}
    shown = run_main("release", "list", home=tmp_path)
    assert (shown.returncode, "no release yet" in shown.stdout) == (0, True)


def test_list_shows_a_damaged_manifest_and_the_others_still(desk: Desk) -> None:
    (desk.store.directory(desk.new) / "release.json").write_text("{")
    rows = desk.read("list")["releases"]
    assert [row["version"] for row in rows] == [desk.old, desk.new]
    assert "release.json" in rows[1]["damaged"]


def test_show_is_the_manifest_of_the_current_or_the_named_release(desk: Desk) -> None:
    assert desk.read("show") == desk.store.manifest(desk.new).model_dump(mode="json")
    assert desk.read("show", desk.old)["version"] == desk.old
    assert json.loads(desk.call("release", "show").stdout) == desk.read("show")


def test_lineage_tells_code_data_and_rights(release: Release, run_cli: RunCli) -> None:
    manifest = release.manifest
    found = json.loads(run_cli("release", "lineage", "--json").stdout)
    assert found["release"] == manifest.version
    assert found["code"] == (manifest.git_sha or "unknown")
    assert (found["data"], found["data_fingerprint"], found["rows"]) == ("starter", "0" * 64, manifest.data.rows)
    assert found["rights"] == "open_*"
    shown = run_cli("release", "lineage").stdout
    assert all(str(value) in shown for value in found.values() if isinstance(value, str | int))
    assert [(one["action"], one["number"]) for one in found["audit"]] == [("published", 1)]
    assert "published by" in shown


def test_promote_and_rollback_move_current(desk: Desk) -> None:
    assert desk.read("promote", desk.old)["current"] == desk.old
    assert desk.store.current_version() == desk.old
    assert desk.read("promote", desk.new)["current"] == desk.new
    assert desk.read("rollback")["current"] == desk.old
    assert desk.store.current_version() == desk.old
    refused = desk.call("release", "rollback", "--json")
    assert (refused.returncode, refused.stdout, len(refused.stderr.strip().splitlines())) == (1, "", 1)
    assert desk.store.current_version() == desk.old


def test_rollback_to_a_named_version(desk: Desk) -> None:
    assert desk.read("rollback", desk.old)["current"] == desk.old


def test_promote_refuses_a_damaged_release(desk: Desk) -> None:
    (desk.store.directory(desk.old) / "model_card.md").write_text("changed")
    done = desk.call("release", "promote", desk.old, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "model_card.md" in done.stderr
    assert desk.store.current_version() == desk.new


def test_verify_exits_0_when_all_is_whole_and_1_on_damage(desk: Desk, run_cli: RunCli) -> None:
    assert desk.read("verify") == {"ok": True, "releases": {desk.old: None, desk.new: None}, "trail": None, "repaired": None}
    (desk.store.directory(desk.new) / "model" / "extra.json").write_text("{}")
    found = desk.read("verify", code=1)
    assert found["ok"] is False
    assert found["releases"][desk.old] is None
    assert "model/extra.json" in found["releases"][desk.new]
    shown = run_cli("release", "verify", desk.new, home=Path(desk.store.root).parent)
    assert (shown.returncode, "model/extra.json" in shown.stdout) == (1, True)
    assert desk.read("verify", desk.old)["ok"] is True


def test_verify_counts_a_current_release_that_lost_its_manifest_as_damage(desk: Desk) -> None:
    """It isn't listed any more, but CURRENT still names it."""
    (desk.store.directory(desk.new) / "release.json").unlink()
    done = desk.call("release", "verify", "--json")
    assert done.returncode != 0


@pytest.mark.parametrize("action", ["show", "promote", "rollback", "verify", "lineage"])
@pytest.mark.parametrize("version", ["20200101T000000Z-00000000", "../outside"])
def test_an_unknown_version_is_refused_in_one_line(run_main: RunCli, action: str, version: str) -> None:
    done = run_main("release", action, version, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert version in done.stderr


@pytest.mark.parametrize("arguments", [["promote"], ["list", "20200101T000000Z-00000000"], ["destroy"], []])
def test_a_wrong_command_line_is_refused_in_one_line(run_main: RunCli, arguments: list[str]) -> None:
    done = run_main("release", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("action", ["show", "rollback", "verify", "lineage"])
def test_without_a_release_it_says_how_to_make_one(run_main: RunCli, tmp_path: Path, action: str) -> None:
    done = run_main("release", action, "--json", home=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "--pipeline training" in done.stderr
