"""Releases in an object store (fsspec's `memory://`): the same promises, with local copies."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trending.errors import NotFoundError, ReleaseError
from trending.releases import ReleaseStore
from trending.releases.manifest import read_manifest
from trending.releases.promotion import promote, roll_back

MakeBundle = Callable[..., Path]


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[ReleaseStore]:
    """An empty remote store."""
    store = ReleaseStore(f"memory://releases-{uuid.uuid4().hex}", tmp_path / "cache")
    yield store
    if store.fs.exists(store.root):
        store.fs.rm(store.root, recursive=True)


def _other_machine(remote: ReleaseStore, tmp_path: Path) -> ReleaseStore:
    return ReleaseStore(remote.url, tmp_path / "other-cache")


def test_publish_and_open_with_a_local_copy(remote: ReleaseStore, bundle: Path, tmp_path: Path) -> None:
    version = remote.publish(bundle)
    other = _other_machine(remote, tmp_path)
    opened = other.open()
    assert opened.manifest == read_manifest(bundle)
    assert opened.directory == tmp_path / "other-cache" / version
    assert opened.catalogue.count() > 1_000
    assert other.versions() == [version] == remote.versions()


def test_the_local_copy_is_used_again_and_not_fetched_twice(remote: ReleaseStore, bundle: Path, tmp_path: Path) -> None:
    remote.publish(bundle)
    other = _other_machine(remote, tmp_path)
    first = (other.open().directory / "catalogue.sqlite").stat()
    second = (other.open().directory / "catalogue.sqlite").stat()
    assert (first.st_ino, first.st_mtime_ns) == (second.st_ino, second.st_mtime_ns)


def test_current_is_one_line_and_promote_moves_it_for_everyone(remote: ReleaseStore, bundle: Path, make_bundle: MakeBundle, tmp_path: Path) -> None:
    old, new = remote.publish(bundle), remote.publish(make_bundle(1))
    other = _other_machine(remote, tmp_path)
    assert other.open().manifest.version == new
    promote(remote, old)
    assert remote.fs.cat_file(f"{remote.root}/CURRENT") == f"{old}\n".encode()
    assert other.open().manifest.version == old
    promote(other, new)
    assert roll_back(remote).version == old


def test_publishing_twice_is_the_same_as_once(remote: ReleaseStore, bundle: Path) -> None:
    version = remote.publish(bundle)
    before = {name: remote.fs.cat_file(name) for name in remote.fs.find(remote.root)}
    assert remote.publish(bundle) == version
    assert {name: remote.fs.cat_file(name) for name in remote.fs.find(remote.root)} == before


def test_a_half_uploaded_version_is_not_listed_and_publish_completes_it(remote: ReleaseStore, bundle: Path) -> None:
    """`release.json` is written last, so a killed upload lacks it."""
    version = read_manifest(bundle).version
    remote.fs.pipe_file(f"{remote.root}/{version}/model_card.md", b"half")
    assert remote.versions() == []
    with pytest.raises(NotFoundError):
        promote(remote, version)
    assert remote.publish(bundle) == version
    assert remote.open().manifest == read_manifest(bundle)


def test_a_half_uploaded_version_with_a_file_too_many_is_replaced(remote: ReleaseStore, bundle: Path) -> None:
    version = read_manifest(bundle).version
    remote.fs.pipe_file(f"{remote.root}/{version}/model/left-over.json", b"half")
    assert remote.publish(bundle) == version
    assert remote.open().manifest == read_manifest(bundle)


def test_a_release_damaged_in_the_store_is_refused_and_leaves_no_local_copy(remote: ReleaseStore, bundle: Path, tmp_path: Path) -> None:
    version = remote.publish(bundle)
    remote.fs.pipe_file(f"{remote.root}/{version}/model_card.md", b"damaged")
    other = _other_machine(remote, tmp_path)
    with pytest.raises(ReleaseError, match=r"model_card\.md"):
        promote(other, version)
    with pytest.raises(ReleaseError):
        other.open()
    assert [path.name for path in other.cache.iterdir() if path.suffix != ".lock"] == []


def test_publish_replaces_a_copy_damaged_in_the_store(remote: ReleaseStore, bundle: Path, tmp_path: Path) -> None:
    """Whether or not the publisher still has a good local copy of it."""
    version = remote.publish(bundle)
    remote.open()
    remote.fs.pipe_file(f"{remote.root}/{version}/model_card.md", b"damaged")
    assert remote.publish(bundle) == version
    assert _other_machine(remote, tmp_path).open().manifest == read_manifest(bundle)


def test_a_damaged_local_copy_is_fetched_again(remote: ReleaseStore, bundle: Path) -> None:
    """The cache is a folder whose loss costs time only."""
    remote.publish(bundle)
    (remote.open().directory / "model_card.md").write_text("damaged")
    assert remote.open().manifest == read_manifest(bundle)


@pytest.mark.parametrize("name", ["../outside", "..", "", "a/b", ".hidden", "CURRENT"])
def test_hostile_version_names_are_not_found(remote: ReleaseStore, bundle: Path, name: str) -> None:
    remote.publish(bundle)
    with pytest.raises(NotFoundError):
        remote.open(name)


def test_workers_that_start_together_fetch_a_release_once(remote: ReleaseStore, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = remote.publish(bundle)
    fetched: list[str] = []
    fetch = type(remote.fs).get
    monkeypatch.setattr(type(remote.fs), "get", lambda self, *args, **options: (fetched.append(version), fetch(self, *args, **options))[1])
    barrier = threading.Barrier(6)

    def start(_: int) -> str:
        barrier.wait(10)
        return _other_machine(remote, tmp_path).open().manifest.version

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(start, range(6))) == [version] * 6
    assert fetched == [version]
