"""Publishing, listing, opening and rolling back of releases in a folder."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from trending.errors import NotFoundError, ReleaseError, TrendingError
from trending.models.base import GenreModel
from trending.models.predictor import Predictor
from trending.releases import ReleaseStore, verify_bundle
from trending.releases.manifest import read_manifest
from trending.releases.promotion import promote, roll_back

MakeBundle = Callable[..., Path]
HOSTILE = ["../outside", "..", ".", "", "a/b", "/etc", ".hidden", "x\0y", "CURRENT", "..\\outside"]


def test_published_release_opens_with_the_same_manifest(store: ReleaseStore, bundle: Path) -> None:
    assert store.open().manifest == read_manifest(bundle)


def test_published_release_predicts_as_the_model_it_was_built_from(store: ReleaseStore, fitted_models: Mapping[str, GenreModel]) -> None:
    """The bundle gives back the champion bit by bit."""
    opened = store.open()
    original = Predictor(fitted_models[opened.manifest.model_kind], opened.predictor.calibrator, opened.predictor.thresholds)
    texts = [original.prepare(text) for text in ("A sheriff hunts outlaws.", "Two robots fall in love on a space station.", "")]
    assert (opened.predictor.predict_proba(texts) == original.predict_proba(texts)).all()


def test_current_names_the_published_version_in_one_line(store: ReleaseStore, bundle: Path) -> None:
    version = read_manifest(bundle).version
    assert (Path(store.root) / "CURRENT").read_text(encoding="utf-8") == f"{version}\n"
    assert store.current_version() == version


def test_versions_are_listed_oldest_first_whatever_order_they_came_in(store: ReleaseStore, make_bundle: MakeBundle) -> None:
    first = store.versions()
    later, earlier = store.publish(make_bundle(2)), store.publish(make_bundle(1))
    assert store.versions() == [*first, earlier, later]
    assert store.current_version() == earlier


def test_nothing_is_listed_and_nothing_opens_before_the_first_publish() -> None:
    empty = ReleaseStore.from_settings()
    assert empty.versions() == []
    assert empty.current_version() is None
    with pytest.raises(ReleaseError, match="no release is published"):
        empty.open()


def test_publishing_twice_changes_nothing(store: ReleaseStore, bundle: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        files = [path for path in Path(store.root).rglob("*") if path.is_file() and path.name != "CURRENT"]
        return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}

    before = state()
    assert store.publish(bundle) == store.current_version()
    assert state() == before


@pytest.mark.parametrize("damage", ["model/terms.json", "release.json", "catalogue.sqlite"])
def test_publish_replaces_a_damaged_copy_of_the_same_version(store: ReleaseStore, bundle: Path, damage: str) -> None:
    version = read_manifest(bundle).version
    (store.directory(version) / damage).write_bytes(b"damaged")
    assert store.publish(bundle) == version
    assert store.verify(version) == read_manifest(bundle)


@pytest.mark.parametrize("missing", ["model/terms.json", "release.json"])
def test_publish_replaces_an_incomplete_copy_of_the_same_version(store: ReleaseStore, bundle: Path, missing: str) -> None:
    version = read_manifest(bundle).version
    (store.directory(version) / missing).unlink()
    assert store.publish(bundle) == version
    assert store.verify(version) == read_manifest(bundle)


def test_publish_refuses_a_damaged_bundle_and_leaves_the_store_as_it_was(store: ReleaseStore, make_bundle: MakeBundle) -> None:
    before = sorted(Path(store.root).rglob("*"))
    broken = make_bundle(1)
    (broken / "data_card.md").write_text("changed")
    with pytest.raises(ReleaseError, match=r"data_card\.md"):
        store.publish(broken)
    assert sorted(Path(store.root).rglob("*")) == before


def test_left_over_incoming_folders_are_never_listed_and_swept_once_they_are_stale(store: ReleaseStore, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever date the files have that were copied: a bundle may have lain in a cache for days."""
    left, whole = Path(store.root) / ".incoming-left-abc", [read_manifest(bundle).version]
    shutil.copytree(bundle, left)
    now = time.time()
    os.utime(left, (now - 90_000, now - 90_000))
    store.publish(bundle)
    assert (store.versions(), left.exists()) == (whole, True)
    monkeypatch.setattr(time, "time", lambda: now + 7_200)
    store.publish(bundle)
    assert (store.versions(), left.exists()) == (whole, False)


def test_no_staging_is_left_after_a_publish(store: ReleaseStore) -> None:
    assert sorted(path.name for path in Path(store.root).iterdir()) == sorted([*store.versions(), "CURRENT", "audit"])
    assert sorted(path.name for path in (Path(store.root) / "audit").iterdir() if path.name != ".lock") == ["00000001.json"]


def test_rollback_goes_to_the_next_older_version(store: ReleaseStore, make_bundle: MakeBundle) -> None:
    oldest = store.versions()[0]
    middle, newest = store.publish(make_bundle(1)), store.publish(make_bundle(2))
    assert store.current_version() == newest
    assert [roll_back(store).version, roll_back(store).version] == [middle, oldest]
    assert store.current_version() == oldest


def test_rollback_from_the_oldest_is_refused_and_changes_nothing(store: ReleaseStore) -> None:
    before = store.current_version()
    with pytest.raises(ReleaseError, match="no whole release is older"):
        roll_back(store)
    assert store.current_version() == before


def test_bundle_holds_no_pickle(store: ReleaseStore) -> None:
    """Neither by name nor by the first bytes of a pickle or of a zip of pickles."""
    files = [path for path in store.directory(store.versions()[0]).rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        assert path.suffix not in {".pkl", ".pickle", ".joblib", ".npy", ".npz", ".pt"}
        assert not path.read_bytes()[:2].startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK"))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("act", [ReleaseStore.directory, ReleaseStore.manifest, ReleaseStore.verify, ReleaseStore.open, promote], ids=lambda act: act.__name__)
def test_hostile_version_names_are_not_found(store: ReleaseStore, make_bundle: MakeBundle, name: str, act: Callable[[ReleaseStore, str], object]) -> None:
    """Even where the path they would lead to holds a whole release."""
    make_bundle(1).rename(Path(store.root).parent / "outside")
    before = store.current_version()
    with pytest.raises(NotFoundError):
        act(store, name)
    assert store.current_version() == before


@pytest.mark.parametrize("name", ["../outside", "..", ".", "", "a/b", ".hidden", "x\0y", "CURRENT"])
def test_bundles_with_hostile_version_names_are_refused_and_nothing_is_written(store: ReleaseStore, make_bundle: MakeBundle, name: str) -> None:
    hostile = make_bundle(1, version=name)
    home = Path(store.root).parent
    before, current = sorted(home.rglob("*")), store.current_version()
    with pytest.raises(TrendingError):
        store.publish(hostile)
    assert sorted(home.rglob("*")) == before
    assert store.current_version() == current


@pytest.mark.parametrize("pointer", [b"../outside\n", b"/etc\n", b"20200101T000000Z-00000000\n", b"a\nb\n"])
def test_current_that_names_no_release_never_opens_one_outside(store: ReleaseStore, make_bundle: MakeBundle, pointer: bytes) -> None:
    make_bundle(1).rename(Path(store.root).parent / "outside")
    outside = read_manifest(Path(store.root).parent / "outside").version
    (Path(store.root) / "CURRENT").write_bytes(pointer)
    try:
        opened = store.open().manifest.version
    except ReleaseError:
        opened = None
    assert opened != outside


def test_publish_mends_a_garbled_current(store: ReleaseStore, bundle: Path) -> None:
    (Path(store.root) / "CURRENT").write_bytes(b"\xff\xfe")
    version = store.publish(bundle)
    assert store.current_version() == version
    assert store.open().manifest == verify_bundle(bundle)


def test_published_files_are_as_readable_as_those_beside_them(store: ReleaseStore) -> None:
    """A service under another user must be able to read every file of the bundle, or none."""
    modes = {path.relative_to(store.root).as_posix(): oct(path.stat().st_mode & 0o777) for path in Path(store.root).rglob("*") if path.is_file()}
    assert len(set(modes.values())) == 1, modes
