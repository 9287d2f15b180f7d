"""Killed and racing publishers: what a reader sees is always whole, and the same publish then succeeds."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.data.dataset_samples import Publisher, make_tables, read_all
from trending.datasets.manifest import DataManifest
from trending.datasets.store import DataStore

ROOT = Path(__file__).resolve().parents[2]
# Publishes argv[1]; dies before or after the n-th call of something on the way, if that is asked for.
PUBLISH = """
import functools, importlib, os, signal, sys
from pathlib import Path
from trending.datasets.manifest import parse_manifest
from trending.datasets.store import DataStore

def die_at(owner, name, number, when):
    original, calls = getattr(owner, name), []
    @functools.wraps(original)
    def wrapped(*arguments, **named):
        calls.append(1)
        if len(calls) == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if len(calls) == number and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(owner, name, wrapped)

directory, manifest = Path(sys.argv[1]), Path(sys.argv[2])
if len(sys.argv) > 3:
    module, owner, name, number, when = sys.argv[3].split()
    found = importlib.import_module(module)
    die_at(found if owner == "-" else getattr(found, owner), name, int(number), when)
print("go", flush=True)
print(DataStore.from_settings().publish(directory, parse_manifest(manifest.read_bytes(), "manifest")))
"""
MOMENTS = {
    "while the workspace is made": "dvc.repo.init - init_dvcignore 1 before",
    "while the folder is copied": "shutil - copyfile 3 after",
    "before DVC adds it": "dvc.repo Repo add 1 before",
    "while DVC fills its cache": "dvc_objects.fs.generic - transfer 1 after",
    "after DVC added it": "dvc.repo Repo add 1 after",
    "while DVC sends it": "dvc_objects.fs.local LocalFileSystem put_file 2 after",
    "while DVC moves a file into place": "os - replace 3 before",
    "after DVC sent it": "dvc.repo Repo push 1 after",
    "before DVC's pointer is written": "trending.datasets.files StoreFiles write 1 before",
    "between DVC's pointer and the manifest": "trending.datasets.files StoreFiles write 1 after",
    "while the manifest is written": "os - fsync 2 after",
    "between the manifest and LATEST": "trending.datasets.files StoreFiles write 2 after",
    "while LATEST is written": "os - fsync 3 after",
    "after LATEST": "trending.datasets.files StoreFiles write 3 after",
}


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    """An empty store where the settings point."""
    return Publisher(DataStore.from_settings(), tmp_path / "incoming")


def _start(prepared: tuple[Path, DataManifest], moment: str | None = None) -> subprocess.Popen[str]:
    directory, manifest = prepared
    file = directory.with_suffix(".json")
    file.write_text(manifest.model_dump_json())
    command = [sys.executable, "-c", PUBLISH, str(directory), str(file), *([moment] if moment else [])]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n", process.communicate()[1]
    return process


def _check_whole(publisher: Publisher, versions: list[str], latest: str | None) -> None:
    """Everything that is listed can be read back, by who has the workspace and by who has nothing."""
    assert publisher.store.versions() == versions
    assert publisher.store.latest() == latest
    for version in versions:
        publisher.store.verify(version)
        publisher.store.pull(version)


@pytest.mark.parametrize("first", [True, False], ids=["first version", "second version"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_nothing_half_written_shows_and_the_same_publish_then_succeeds(publisher: Publisher, moment: str, first: bool) -> None:
    old = [] if first else [publisher.publish(make_tables(3))]
    if moment == "while the workspace is made" and not first:
        pytest.skip("it is made once")
    directory, manifest = prepared = publisher.prepare(make_tables(4))
    process = _start(prepared, MOMENTS[moment])
    assert process.wait(60) == -9, process.communicate()
    process.communicate()
    new = [manifest.version]
    written = ["between the manifest and LATEST", "while LATEST is written", "after LATEST"].count(moment) > 0
    named = moment == "after LATEST"
    _check_whole(publisher, old + (new if written else []), manifest.version if named else (old or [None])[0])
    assert publisher.store.publish(directory, manifest) == manifest.version
    _check_whole(publisher, old + new, manifest.version)
    assert read_all(publisher.store.pull()) == read_all(directory)


def test_a_run_that_starts_over_takes_up_the_version_a_killed_one_left_whole(publisher: Publisher) -> None:
    """Killed before its last act: made again a day later from the same parent, the rows are the same and so is the version."""
    first = publisher.publish(make_tables(3))
    left = publisher.prepare(make_tables(4))
    _start(left, MOMENTS["between the manifest and LATEST"]).communicate()
    assert publisher.publish(make_tables(4)) == left[1].version
    assert publisher.store.versions() == [first, left[1].version]
    assert publisher.store.latest() == left[1].version


def test_a_publisher_killed_at_random_moments_leaves_only_whole_versions(publisher: Publisher) -> None:
    old = publisher.publish(make_tables(3))
    trial = publisher.prepare(make_tables(5))
    started = time.monotonic()
    _start(trial).communicate()
    usual = time.monotonic() - started
    chance = random.Random(7)
    latest = trial[1].version
    for rows in range(6, 11):
        prepared = publisher.prepare(make_tables(rows))
        process = _start(prepared)
        time.sleep(chance.uniform(0, usual))
        process.kill()
        process.communicate()
        for version in publisher.store.versions():
            publisher.store.verify(version)
        assert publisher.store.latest() in {latest, prepared[1].version}
        assert publisher.store.publish(*prepared) == prepared[1].version
        latest = prepared[1].version
    assert publisher.store.versions()[0] == old


def test_two_publishers_at_once_make_one_version_of_the_same_rows(publisher: Publisher) -> None:
    prepared = publisher.prepare(make_tables(4))
    processes = [_start(prepared), _start(prepared)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [out for out, _ in outputs] == [f"{prepared[1].version}\n"] * 2, outputs
    _check_whole(publisher, [prepared[1].version], prepared[1].version)


def test_two_publishers_of_different_rows_from_one_parent_never_lose_the_first(publisher: Publisher) -> None:
    first = publisher.publish(make_tables(3))
    candidates = [publisher.prepare(make_tables(rows)) for rows in (4, 5)]
    processes = [_start(candidate) for candidate in candidates]
    outputs = [process.communicate(timeout=120) for process in processes]
    codes = [process.returncode for process in processes]
    assert sorted(codes) == [0, 1]
    won = candidates[codes.index(0)][1].version
    assert "its rows would be lost" in outputs[codes.index(1)][1]
    _check_whole(publisher, [first, won], won)


def test_readers_of_one_version_at_once_all_get_it_whole(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish()
    expected = read_all(publisher.store.pull())
    code = "import sys; from pathlib import Path; from trending.datasets.store import DataStore; print(DataStore(sys.argv[1], Path(sys.argv[2])).pull())"
    command = [sys.executable, "-c", code, publisher.store.url, str(tmp_path / "shared" / "data")]
    processes = [subprocess.Popen(command, cwd=ROOT, env=os.environ.copy(), stdout=subprocess.PIPE, text=True) for _ in range(3)]
    folders = {process.communicate(timeout=120)[0].strip() for process in processes}
    assert len(folders) == 1
    assert read_all(Path(folders.pop())) == expected
