"""Killed publishers, racing publishers and racing readers: what a reader sees is always whole."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trending.releases import ReleaseStore
from trending.releases.manifest import read_manifest
from trending.releases.promotion import promote

MakeBundle = Callable[..., Path]
StartPython = Callable[..., "subprocess.Popen[str]"]
PUBLISH = """
import sys
from pathlib import Path
from trending.releases import ReleaseStore
store = ReleaseStore.from_settings()
print("go", flush=True)
while len(sys.argv) > 2 and not Path(sys.argv[2]).exists():
    pass
store.publish(Path(sys.argv[1]))
"""
PROMOTE = """
import sys, time
from trending.releases import ReleaseStore
from trending.releases.promotion import promote
store = ReleaseStore.from_settings()
until = time.monotonic() + 1.5
while time.monotonic() < until:
    for version in sys.argv[1:]:
        promote(store, version)
"""


def _check_whole(store: ReleaseStore, allowed: set[str]) -> None:
    """CURRENT names a whole release, and so does everything that is listed."""
    current = store.current_version()
    assert current in allowed
    assert set(store.versions()) <= allowed
    for version in store.versions():
        store.verify(version)
    assert store.open().manifest.version == current


def _start_publishing(start_python: StartPython, store: ReleaseStore, directory: Path) -> subprocess.Popen[str]:
    process = start_python(Path(store.root).parent, "-c", PUBLISH, str(directory))
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    return process


def test_a_publisher_killed_at_any_moment_leaves_only_whole_releases(store: ReleaseStore, make_bundle: MakeBundle, start_python: StartPython) -> None:
    old, incoming = store.versions()[0], make_bundle(1, padding=64)
    new = read_manifest(incoming).version
    started = time.monotonic()
    store.publish(incoming)
    usual = time.monotonic() - started
    chance = random.Random(7)
    for _ in range(6):
        promote(store, old)
        shutil.rmtree(Path(store.root) / new, ignore_errors=True)
        process = _start_publishing(start_python, store, incoming)
        time.sleep(chance.uniform(0, usual))
        process.kill()
        process.communicate()
        _check_whole(store, {old, new})
        for left in Path(store.root).glob(".incoming-*"):
            shutil.rmtree(left)
    assert store.publish(incoming) == new
    _check_whole(store, {new, old})
    assert store.current_version() == new


def test_a_publisher_killed_while_it_copies_is_forgotten_and_the_next_one_works(
    store: ReleaseStore, make_bundle: MakeBundle, start_python: StartPython
) -> None:
    """Killed for sure between the first and the last byte; its left-overs stay in the way of nobody."""
    old, incoming = store.versions()[0], make_bundle(1, padding=200)
    process = _start_publishing(start_python, store, incoming)
    while not list(Path(store.root).glob(".incoming-*/padding.bin")) and process.poll() is None:
        pass
    process.kill()
    process.communicate()
    assert list(Path(store.root).glob(".incoming-*")), "the kill came too late to show anything"
    _check_whole(store, {old})
    assert store.current_version() == old
    new = store.publish(incoming)
    _check_whole(store, {old, new})
    assert store.current_version() == new


def test_readers_see_one_of_two_versions_while_they_are_promoted_back_and_forth(
    store: ReleaseStore, make_bundle: MakeBundle, start_python: StartPython, caplog: pytest.LogCaptureFixture
) -> None:
    versions = [store.versions()[0], store.publish(make_bundle(1))]
    process = start_python(Path(store.root).parent, "-c", PROMOTE, *versions)
    seen: list[str | None] = []
    while process.poll() is None:
        seen += [store.open().manifest.version, *(store.current_version() for _ in range(20))]
    assert process.returncode == 0, process.communicate()[0]
    assert set(seen) == set(versions)
    assert not caplog.records, "no reader had to fall back"


def _publish_at_once(start_python: StartPython, store: ReleaseStore, directories: list[Path]) -> list[str]:
    """Publish each from a process of its own, started on the same signal; return what failed."""
    signal = directories[0].parent / "start"
    processes = [start_python(Path(store.root).parent, "-c", PUBLISH, str(directory), str(signal)) for directory in directories]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
    signal.touch()
    outputs = [process.communicate()[0] for process in processes]
    return [output for process, output in zip(processes, outputs, strict=True) if process.returncode]


def test_two_publishers_of_the_same_bundle_at_once_both_succeed(store: ReleaseStore, make_bundle: MakeBundle, start_python: StartPython) -> None:
    old, incoming = store.versions()[0], make_bundle(1, padding=60)
    assert _publish_at_once(start_python, store, [incoming, incoming]) == []
    _check_whole(store, {old, read_manifest(incoming).version})
    assert store.current_version() == read_manifest(incoming).version


def test_two_publishers_of_different_bundles_at_once_both_succeed(store: ReleaseStore, make_bundle: MakeBundle, start_python: StartPython) -> None:
    incoming = [make_bundle(day, padding=20) for day in (1, 2)]
    assert _publish_at_once(start_python, store, incoming) == []
    names = {read_manifest(directory).version for directory in incoming}
    _check_whole(store, {*names, store.versions()[0]})
    assert names <= set(store.versions())
    assert store.current_version() in names
