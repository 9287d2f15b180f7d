"""Killed and racing publishers: what a reader sees is always whole, and the same publish then succeeds."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import random
import signal
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.data.dataset_samples import Publisher, make_tables, read_all
from trending.datasets.manifest import DataManifest
from trending.datasets.store import DataStore
from trending.errors import TrendingError

# A forked child is a process of its own, killed for real, without the seconds that imports take.
FORK = multiprocessing.get_context("fork")
Prepared = tuple[Path, DataManifest]
MOMENTS = {
    "while the workspace is made": "dvc.repo.init - init_dvcignore 1 before",
    "while the folder is copied": "shutil - copyfile 3 after",
    "before DVC adds it": "dvc.repo Repo add 1 before",
    "while DVC fills its cache": "dvc_objects.fs.generic - transfer 1 after",
    "after DVC added it": "dvc.repo Repo add 1 after",
    "while DVC sends it": "dvc_objects.fs.local LocalFileSystem put_file 2 after",
    "while DVC moves a file into place": "os - replace 3 before",
    "after DVC sent it": "dvc.repo Repo push 1 after",
    "before DVC's pointer is written": "trending.files StoreFiles write 1 before",
    "between DVC's pointer and the manifest": "trending.files StoreFiles write 1 after",
    "while the manifest is written": "os - fsync 2 after",
    "between the manifest and LATEST": "trending.files StoreFiles write 2 after",
    "while LATEST is written": "os - fsync 3 after",
    "after LATEST": "trending.files StoreFiles write 3 after",
}


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    """An empty store where the settings point."""
    return Publisher(DataStore.from_settings(), tmp_path / "incoming")


def _die_at(moment: str) -> None:
    """Let this process kill itself before or after the n-th call of something on the way."""
    module, owner_name, name, number, when = moment.split()
    owner = importlib.import_module(module)
    owner = owner if owner_name == "-" else getattr(owner, owner_name)
    original, calls = getattr(owner, name), []

    def wrapped(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if (len(calls), when) == (int(number), "before"):
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if (len(calls), when) == (int(number), "after"):
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, wrapped)


def _publish(prepared: Prepared, moment: str | None, outcome: Path) -> None:
    if moment:
        _die_at(moment)
    try:
        outcome.write_text(DataStore.from_settings().publish(*prepared))
    except TrendingError as error:
        outcome.write_text(f"refused: {error}")


@dataclass
class Child:
    """A process that publishes."""

    process: Any
    outcome: Path

    def end(self) -> str:
        """Wait for it, and return the version or why it was refused."""
        self.process.join(120)
        return self.outcome.read_text() if self.outcome.exists() else f"exit code {self.process.exitcode}"


def _start(prepared: Prepared, moment: str | None = None) -> Child:
    outcome = prepared[0].with_name(f"outcome-{uuid.uuid4().hex}")
    process = FORK.Process(target=_publish, args=(prepared, moment, outcome))
    process.start()
    return Child(process, outcome)


def _check_whole(publisher: Publisher, versions: list[str], latest: str | None) -> None:
    """Everything that is listed can be read back, by who has the workspace and by who has nothing."""
    assert publisher.store.versions() == versions
    assert publisher.store.latest() == latest
    for version in versions:
        publisher.store.verify(version)
        publisher.store.pull(version)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_nothing_half_written_shows_and_the_same_publish_then_succeeds(publisher: Publisher, moment: str) -> None:
    old = [] if moment in ("while the workspace is made", "after LATEST") else [publisher.publish(make_tables(3))]
    directory, manifest = prepared = publisher.prepare(make_tables(4))
    assert _start(prepared, MOMENTS[moment]).end() == "exit code -9"
    written = moment in ("between the manifest and LATEST", "while LATEST is written", "after LATEST")
    new = [manifest.version]
    _check_whole(publisher, old + (new if written else []), manifest.version if moment == "after LATEST" else (old or [None])[0])
    assert publisher.store.publish(directory, manifest) == manifest.version
    _check_whole(publisher, old + new, manifest.version)
    assert read_all(publisher.store.pull()) == read_all(directory)


def test_a_run_that_starts_over_takes_up_the_version_a_killed_one_left_whole(publisher: Publisher) -> None:
    """Killed before its last act: made again a day later from the same parent, the rows are the same and so is the version."""
    first = publisher.publish(make_tables(3))
    left = publisher.prepare(make_tables(4))
    _start(left, MOMENTS["between the manifest and LATEST"]).end()
    assert publisher.publish(make_tables(4)) == left[1].version
    assert publisher.store.versions() == [first, left[1].version]
    assert publisher.store.latest() == left[1].version


def test_a_publisher_killed_at_random_moments_leaves_only_whole_versions(publisher: Publisher) -> None:
    publisher.publish(make_tables(3))
    trial = publisher.prepare(make_tables(5))
    started = time.monotonic()
    _start(trial).end()
    usual = time.monotonic() - started
    chance = random.Random(7)
    latest = trial[1].version
    for rows in range(6, 12):
        prepared = publisher.prepare(make_tables(rows))
        child = _start(prepared)
        time.sleep(chance.uniform(0, usual))
        child.process.kill()
        child.end()
        publisher.store.verify(publisher.store.versions()[-1])
        assert publisher.store.latest() in {latest, prepared[1].version}
        latest = publisher.store.publish(*prepared)
        assert latest == prepared[1].version
    for version in publisher.store.versions():
        publisher.store.verify(version)


def test_two_publishers_at_once_make_one_version_of_the_same_rows(publisher: Publisher) -> None:
    prepared = publisher.prepare(make_tables(4))
    assert [child.end() for child in (_start(prepared), _start(prepared))] == [prepared[1].version] * 2
    _check_whole(publisher, [prepared[1].version], prepared[1].version)


def test_two_publishers_of_different_rows_from_one_parent_never_lose_the_first(publisher: Publisher) -> None:
    first = publisher.publish(make_tables(3))
    candidates = [publisher.prepare(make_tables(rows)) for rows in (4, 5)]
    outcomes = [child.end() for child in [_start(candidate) for candidate in candidates]]
    won = next(outcome for outcome in outcomes if not outcome.startswith("refused"))
    assert next(outcome for outcome in outcomes if outcome.startswith("refused")).count("its rows would be lost") == 1
    _check_whole(publisher, [first, won], won)


def test_readers_of_one_version_at_once_all_get_it_whole(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish()
    expected = read_all(publisher.store.pull())
    place = tmp_path / "shared" / "data"
    readers = [FORK.Process(target=lambda: sys.exit(read_all(DataStore(publisher.store.url, place).pull()) != expected)) for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(120)
    assert [reader.exitcode for reader in readers] == [0, 0, 0]
