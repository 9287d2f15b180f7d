"""Removal of all that holds deleted rows: releases are found by the requests alone, nothing is left however often it is killed, and the trail tells of each."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

from tests.apps.companions import make_reviews
from tests.data.dataset_samples import Publisher, make_tables
from tests.pipelines.planted import find_planted
from trending.cleaning.clean import CleaningResult
from trending.datasets.store import DataStore
from trending.datasets.workspace import Workspace
from trending.deletion.delete import Deletion, delete_rows
from trending.deletion.purge import purge
from trending.errors import TrendingError
from trending.files import StoreFiles
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail
from trending.releases.bundle import seal_bundle
from trending.releases.manifest import read_manifest
from trending.settings import load_settings

MakeBundle = Callable[..., Path]


class Killed(BaseException):
    """What a process that dies would be, seen from within."""


@pytest.fixture
def reviews(starter: CleaningResult) -> list[dict[str, Any]]:
    """The reviews that the catalogue of every release here shows, as rows."""
    return make_reviews(starter.titles).to_dict("records")


@pytest.fixture
def data(tmp_path: Path, reviews: list[dict[str, Any]]) -> DataStore:
    """A store with one version, which holds those reviews."""
    tables = make_tables(3)
    tables |= {"signals": [], "reviews": [*tables["reviews"], *(row | {"source": "tvmaze"} for row in reviews)]}
    for row in [*tables["matches"], *tables["trends"]]:
        row["work_id"] = hashlib.sha256(row["title_id"].encode()).hexdigest()[:12]
    for row in tables["reviews"]:
        row["rights_class"] = "open_cc_by_sa"
    found = DataStore.from_settings()
    Publisher(found, tmp_path / "incoming").publish(tables)
    return found


def ask(kind: Any, value: str, data: DataStore, store: ReleaseStore, *, purging: bool = True) -> Deletion:
    """Do what the command does, but for ZenML."""
    done = delete_rows(kind, value, "asked", data, store)
    if purging:
        purge(done.holders, load_settings().home, data, store)
    return done


def test_a_release_is_found_though_no_data_version_knows_its_titles(store: ReleaseStore, starter: CleaningResult) -> None:
    """As one that was learnt from a file."""
    shown = str(starter.titles["title_id"].iloc[0])
    assert ask("title", "starter:none", DataStore.from_settings(), store).holders.releases == []
    assert ask("title", shown, DataStore.from_settings(), store).holders.releases == store.versions()


@pytest.mark.parametrize("kind", ["author", "review"])
def test_a_release_that_was_current_goes_with_the_next_purge(
    data: DataStore, store: ReleaseStore, make_bundle: MakeBundle, reviews: list[dict[str, Any]], kind: str
) -> None:
    """Though the first has removed every data version that could tell whose its reviews are."""
    value = reviews[0][{"author": "author_hash", "review": "review_id"}[kind]]
    first = store.current_version()
    assert ask(kind, value, data, store).holders.releases == [first]
    assert len(data.versions()) == 1
    second = store.publish(make_bundle(1))
    assert ask(kind, value, data, store).holders.releases == [first, second]
    assert store.versions() == [second]


def test_a_release_learnt_from_a_version_that_held_rows_goes_though_it_shows_none(
    data: DataStore, store: ReleaseStore, make_bundle: MakeBundle, reviews: list[dict[str, Any]]
) -> None:
    before = data.latest()
    bundle = make_bundle(1)
    manifest = read_manifest(bundle)
    seal_bundle(bundle, manifest.model_copy(update={"data": manifest.data.model_copy(update={"version": before})}))
    learnt = store.publish(bundle)
    store.publish(make_bundle(2))
    assert ask("title", "tvmaze:00001", data, store).holders.releases == [learnt]
    assert learnt not in store.versions()


def kill_everywhere(kind: Any, value: str, data: DataStore, store: ReleaseStore, spare: Path, patch: pytest.MonkeyPatch) -> Iterator[int]:
    """Purge, killed before the first removal, the second and so on, and then again to the end; yield after each, and begin anew from the same state."""
    home = load_settings().home
    done = delete_rows(kind, value, "asked", data, store)
    shutil.copytree(home, spare)
    places = [(StoreFiles, "remove"), (LocalFileSystem, "rm_file"), (LocalFileSystem, "rm"), (Workspace, "forget")]
    for moment in range(1, 200):
        shutil.rmtree(home)
        shutil.copytree(spare, home)
        with patch.context() as killing:
            counted: list[int] = []
            for owner, name in places:
                killing.setattr(owner, name, _die_at(getattr(owner, name), moment, counted))
            try:
                purge(done.holders, home, data, store)
            except Killed:
                pass
            else:
                return
        ask(kind, value, data, store)
        yield moment


def test_a_purge_killed_between_any_two_removals_of_a_release_leaves_nothing_once_it_is_repeated(
    store: ReleaseStore, make_bundle: MakeBundle, starter: CleaningResult, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown, other = str(starter.titles["title_id"].iloc[0]), make_bundle(1)
    with closing(sqlite3.connect(other / "catalogue.sqlite", isolation_level=None)) as connection:
        connection.execute("DELETE FROM titles WHERE title_id = ?", (shown,))
    seal_bundle(other, read_manifest(other))
    old, moment = store.current_version(), 0
    store.publish(other)
    for moment in kill_everywhere("title", shown, DataStore.from_settings(), store, tmp_path / "spare", monkeypatch):
        assert not (Path(store.root) / str(old)).exists(), f"killed before removal {moment}"
        removed = [entry.action for entry in AuditTrail(store).entries() if entry.details.get("release") == old]
        assert removed == ["deleted"], f"killed before removal {moment}"
    assert moment > 5


@pytest.mark.slow
def test_a_purge_killed_between_any_two_removals_of_data_leaves_nothing_once_it_is_repeated(
    data: DataStore, reviews: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home, author = load_settings().home, reviews[0]["author_hash"]
    theirs = [str(row["review_id"]).encode() for row in reviews if row["author_hash"] == author]
    assert list(find_planted(home / "data", words=theirs)), "or the search finds nothing"
    moment = 0
    for moment in kill_everywhere("author", author, data, ReleaseStore.from_settings(), tmp_path / "spare", monkeypatch):
        assert not list(find_planted(home, words=theirs)), f"killed before removal {moment}"
        assert data.versions() == [data.latest()]
    assert moment > 5


def _die_at(act: Callable[..., Any], moment: int, counted: list[int]) -> Callable[..., Any]:
    def acting(*arguments: Any, **options: Any) -> Any:
        counted.append(1)
        if len(counted) >= moment:
            raise Killed
        return act(*arguments, **options)

    return acting


@pytest.mark.parametrize("where", ["folder", "object store"])
def test_what_a_publisher_was_killed_over_goes_once_none_can_be_at_it(
    data: DataStore, make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    store = ReleaseStore.from_settings() if where == "folder" else ReleaseStore("memory://purge", tmp_path / "cache")
    store.publish(make_bundle(0))
    left = ".incoming-20300105T000000Z-00000000-x" if store.local else "20300105T000000Z-00000000"
    for file in (path for path in make_bundle(5).rglob("*") if path.is_file() and path.name != "release.json"):
        store.fs.makedirs(f"{store.root}/{left}", exist_ok=True)
        store.fs.put_file(str(file), f"{store.root}/{left}/{file.name}")
    held = ask("title", "tvmaze:00001", data, store).holders
    assert held.releases == [left]
    assert store.unfinished() == [left], "somebody may be at it"
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3_700)
    ask("title", "tvmaze:00001", data, store)
    assert store.unfinished() == []
    assert not store.fs.exists(f"{store.root}/{left}")
    assert len(store.versions()) == 1


def test_what_can_not_be_removed_is_named_and_the_rest_is(data: DataStore, store: ReleaseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = load_settings().home / "cache"
    for name in ("others", "vectors"):
        (cache / name).mkdir(parents=True)
    remove = shutil.rmtree

    def refuse(path: Path, *given: Any, **more: Any) -> None:
        if Path(path) == cache / "others":
            raise PermissionError(13, "Permission denied")
        remove(path, *given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        with pytest.raises(TrendingError, match=r"can't be removed: .*others \(Permission denied\)"):
            ask("title", "tvmaze:00001", data, store)
    assert (cache / "others").is_dir()
    assert not (cache / "vectors").exists()
    assert len(data.versions()) == 1


def test_what_nobody_published_to_the_end_goes_from_the_remote(data: DataStore, store: ReleaseStore) -> None:
    left = load_settings().home / "data" / "remote" / "files" / "md5" / "00" / "11112222333344445555666677778888"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"rows of a version whose publisher was killed")
    ask("title", "tvmaze:99999", data, store)
    assert not left.exists()
    data.verify()
