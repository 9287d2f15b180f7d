"""Deletion on request: rows leave every table, what a run brings again stays out and is accounted for, and only a salted hash remembers it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pyarrow.parquet as pq
import pytest

from tests.data.dataset_samples import Publisher, make_tables
from trending.datasets.store import DataStore
from trending.datasets.tables import read_table
from trending.datasets.workspace import Workspace
from trending.deletion.delete import PIPELINE, delete_rows, publish_checked
from trending.deletion.purge import purge
from trending.deletion.requests import DeletionRequests
from trending.deletion.rows import REASON, drop_fresh
from trending.errors import InputError, QualityError, TrendingError, UsageError
from trending.ingestion.account import build_account
from trending.ingestion.assemble import assemble_tables
from trending.ingestion.clean import clean_records, fresh_file
from trending.ingestion.snapshots import read_all, snapshot_quarantine, write_snapshot
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail
from trending.settings import load_settings
from trending.tables import TABLES

SALT = b"s" * 32
AUTHOR, TITLE, REVIEW = "a1b2c3d4" * 4, "tvmaze:00003", "tvmaze:00006:r"


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    """The store the settings name."""
    return Publisher(DataStore.from_settings(), tmp_path / "incoming")


@pytest.fixture
def releases() -> ReleaseStore:
    """The release store the settings name: empty."""
    return ReleaseStore.from_settings()


def make_rows() -> dict[str, list[dict[str, Any]]]:
    """Return tables in which an author wrote two reviews, and a bad record of that author's is in quarantine."""
    tables = make_tables(9)
    for row in [*tables["reviews"], *tables["signals"]]:
        row |= {"rights_class": "open_cc_by_sa"}
    for signal in tables["signals"]:
        signal |= {"period_start": dt.date(2029, 12, 24), "weight": 1.0}
    for table in ("matches", "trends"):  # ingestion names works by hashes
        for row in tables[table]:
            row |= {"work_id": hashlib.sha256(row["title_id"].encode()).hexdigest()[:12]}
    for review in (tables["reviews"][0], tables["reviews"][3]):
        review |= {"author_hash": AUTHOR, "text": "Planted words by an author."}
    record = json.dumps({"source": "tvmaze", "author_hash": AUTHOR, "text": "Planted too."})
    tables["quarantine"] = [
        {"quarantine_id": "q1", "kind": "review", "source": "tvmaze", "reason": "text_too_short", "detail": None, "record": record},
        {"quarantine_id": "q2", "kind": "title", "source": "tvmaze", "reason": "no_title", "detail": None, "record": '{"source_id": "3", "x": NaN}'},
    ]
    return tables


def read_text(folder: Path) -> str:
    """Return every value of every table, and every page."""
    tables = "\n".join(str(read_table(folder, name).to_pylist()) for name in TABLES)
    return tables + "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.suffix in (".md", ".html", ".json"))


def test_an_authors_reviews_leave_the_next_version_and_nothing_else_does(publisher: Publisher, releases: ReleaseStore) -> None:
    before = publisher.publish(make_rows())
    done = delete_rows("author", AUTHOR, "asked by letter", publisher.store, releases)
    assert done.rows == {"reviews": 2, "quarantine": 1}
    assert done.version == publisher.store.latest() != before
    old, new = publisher.store.manifest(before), publisher.store.manifest()
    assert (new.parent, new.run.pipeline) == (before, PIPELINE)
    changed = {name for name in TABLES if old.tables[name].fingerprint != new.tables[name].fingerprint}
    assert changed == {"reviews", "quarantine"}
    assert new.tables["reviews"].rows == old.tables["reviews"].rows - 2
    text = read_text(publisher.store.pull())
    assert AUTHOR not in text
    assert "Planted" not in text
    assert done.holders.versions == [before]


@pytest.mark.parametrize("kind", ["title", "review"])
def test_a_title_leaves_every_table_and_a_review_its_own(publisher: Publisher, releases: ReleaseStore, kind: str) -> None:
    publisher.publish(make_rows())
    value = {"title": TITLE, "review": REVIEW}[kind]
    done = delete_rows(kind, value, "asked", publisher.store, releases)  # type: ignore[arg-type]
    assert done.rows == {"title": {"titles": 1, "identifiers": 1, "reviews": 1, "matches": 1, "trends": 1}, "review": {"reviews": 1}}[kind]
    folder = publisher.store.pull()
    assert value not in read_text(folder)
    ranks = read_table(folder, "trends").column("rank").to_pylist()
    assert ranks == list(range(1, len(ranks) + 1))


def test_what_is_remembered_tells_nobody_what_was_deleted(publisher: Publisher, releases: ReleaseStore) -> None:
    publisher.publish(make_rows())
    delete_rows("author", AUTHOR, "asked", publisher.store, releases)
    home = load_settings().home
    kept = [path for path in home.rglob("*") if path.is_file() and ("deletions" in path.parts or "audit" in path.parts)]
    assert len(kept) >= 3
    assert all(AUTHOR.encode() not in path.read_bytes() and AUTHOR not in path.name for path in kept)
    (request,) = DeletionRequests.from_settings().list_all()
    assert (request.kind, request.reason) == ("author", "asked")
    (entry,) = AuditTrail.from_store(releases).entries()
    assert (entry.action, entry.details["rows"], entry.details["request"]) == ("deleted", {"reviews": 2, "quarantine": 1}, request.digest)
    assert AuditTrail.from_store(releases).verify() is None


def test_asking_twice_makes_one_request_and_no_second_version(publisher: Publisher, releases: ReleaseStore) -> None:
    publisher.publish(make_rows())
    first = delete_rows("review", REVIEW, "asked", publisher.store, releases)
    again = delete_rows("review", REVIEW, "asked again", publisher.store, releases)
    assert (again.rows, again.version, again.request) == ({}, first.version, first.request)
    assert len(DeletionRequests.from_settings().list_all()) == 1


def test_a_request_killed_before_its_entry_is_entered_with_its_rows_when_it_is_made_again(
    publisher: Publisher, releases: ReleaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(make_rows())
    with monkeypatch.context() as killing:
        killing.setattr(AuditTrail, "append", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            delete_rows("author", AUTHOR, "asked", publisher.store, releases)
    done = delete_rows("author", AUTHOR, "asked", publisher.store, releases)
    delete_rows("author", AUTHOR, "asked", publisher.store, releases)
    first, second = AuditTrail.from_store(releases).entries()
    assert done.rows == first.details["rows"] == {"reviews": 2, "quarantine": 1}
    assert first.details["data_version"] == publisher.store.latest()
    assert (second.details["rows"], second.details["data_version"]) == ({}, None)


def test_a_version_made_before_the_request_is_refused(publisher: Publisher) -> None:
    made = publisher.prepare(make_rows())
    DeletionRequests.from_settings().record("title", TITLE, "asked", "tests")
    with pytest.raises(QualityError, match="asked to be deleted"):
        publish_checked(publisher.store, *made)
    assert publisher.store.versions() == []


def test_a_request_made_while_a_version_is_published_takes_its_rows_out(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """It found no latest version, or an older one."""
    publish, made = DataStore.publish, publisher.prepare(make_rows())

    def ask_first(*arguments: Any, **options: Any) -> str:
        DeletionRequests.from_settings().record("title", TITLE, "asked", "tests")
        return publish(*arguments, **options)

    monkeypatch.setattr(DataStore, "publish", ask_first)
    assert publish_checked(publisher.store, *made) == publisher.store.latest()
    assert TITLE not in read_text(publisher.store.pull())


def test_what_was_asked_for_before_there_was_any_is_kept_out_later(publisher: Publisher, releases: ReleaseStore) -> None:
    assert delete_rows("author", AUTHOR, "asked", publisher.store, releases).version is None
    assert DeletionRequests.from_settings().marks()


def test_purge_removes_older_versions_from_store_remote_and_cache_and_never_the_latest(publisher: Publisher, releases: ReleaseStore) -> None:
    before = publisher.publish(make_rows())
    done = delete_rows("author", AUTHOR, "asked", publisher.store, releases)
    gone = purge(done.holders, load_settings().home, publisher.store, releases)
    assert (gone.versions, gone.releases) == ([before], [])
    assert publisher.store.versions() == [done.version]
    publisher.store.verify()
    assert AUTHOR not in read_text(publisher.store.pull())
    for path in load_settings().home.rglob("*"):
        if path.is_file() and path.read_bytes()[:4] == b"PAR1":
            assert AUTHOR not in str(pq.read_table(path).to_pylist()), path
    with pytest.raises(UsageError, match="is the latest"):
        publisher.store.remove([str(done.version)])


def bring(tmp_path: Path, records: list[tuple[str, dict[str, Any]]], parent: Path | None = None) -> tuple[Path, Any]:
    """Clean records, keep out what was deleted, put the rest together, and check the account; returns the tables and the report."""
    snapshots, fresh, kept, out = (tmp_path / name for name in ("snapshots", "fresh", "kept", "out"))
    for folder in (snapshots, fresh, kept, out):
        folder.mkdir()
    snapshot = write_snapshot("tvmaze", records, snapshots, {})
    account = clean_records(records, fresh, SALT)
    dropped = drop_fresh(fresh, kept, DeletionRequests.from_settings().marks())
    report = assemble_tables(kept, parent, out)
    report.add_refused(dropped, REASON)
    build_account(read_all([snapshot]), account, report).check()
    return out, report


def make_records() -> list[tuple[str, dict[str, Any]]]:
    """Return what a crawl brings: three titles, a review by the author of each, one without text, and a signal each."""
    licence = {"data_licence": "CC BY-SA 4.0", "rights_class": "open_cc_by_sa", "source": "tvmaze"}
    records: list[tuple[str, dict[str, Any]]] = []
    for number in ("1", "2", "3"):
        plot = f"In town number {number} a clockmaker finds a map and leaves to look for the sea, which nobody there has seen."
        records.append(("title", {"source_id": number, "title": f"The Clockmaker {number}", "type": "movie", "year": 2001, "plot": plot, **licence}))
        for review, text in (("a", f"Planted words, number {number}, and a fine film."), ("b", "")):
            records.append(
                ("review", {"source_review_id": number + review, "title_source_id": number, "text": text, "author_hash": AUTHOR, "language": "en", **licence})
            )
        signal = {"title_id": f"tvmaze:{number}", "kind": "views", "market": "global", "value": 5.0, "period_start": "2026-01-01", "days": 7}
        records.append(("signal", signal | licence))
    return records


def test_a_run_that_brings_them_again_keeps_them_out_and_accounts_for_each(tmp_path: Path) -> None:
    requests = DeletionRequests.from_settings()
    requests.record("author", AUTHOR, "asked", "tests")
    requests.record("title", "tvmaze:2", "asked", "tests")
    tables, report = bring(tmp_path, make_records())
    text = read_text(tables)
    assert AUTHOR not in text
    assert "Planted" not in text
    assert "tvmaze:2" not in text
    assert read_table(tables, "titles").column("title_id").to_pylist() == ["tvmaze:1", "tvmaze:3"]
    assert report.reasons[REASON] == 3 + 1 + 1  # reviews, the title and its signal; those without text were refused before
    reasons = read_table(tables, "quarantine").column("reason").to_pylist()
    assert reasons == [REASON] * len(reasons)
    again = tmp_path / "again"
    again.mkdir()
    (replayed,) = read_all([snapshot_quarantine(tables, again)])
    assert replayed.counts == {}, "there is nothing to try again"


def test_without_requests_the_same_run_keeps_them(tmp_path: Path) -> None:
    """Or the test before would show nothing."""
    DeletionRequests.from_settings().record("title", "tvmaze:999", "asked", "tests")
    tables, report = bring(tmp_path, make_records())
    assert "Planted words" in read_text(tables)
    assert read_table(tables, "reviews").num_rows == 3
    assert REASON not in report.reasons


def test_rows_nobody_asked_about_come_through_unchanged(tmp_path: Path) -> None:
    DeletionRequests.from_settings().record("title", "tvmaze:999", "asked", "tests")
    fresh, kept = tmp_path / "fresh", tmp_path / "kept"
    fresh.mkdir()
    kept.mkdir()
    clean_records(make_records(), fresh, SALT)
    assert not drop_fresh(fresh, kept, DeletionRequests.from_settings().marks())
    for name in ("titles", "identifiers", "reviews", "signals", "quarantine"):
        before, after = (pq.read_table(fresh_file(folder, name)) for folder in (fresh, kept))
        assert sorted(map(str, before.to_pylist())) == sorted(map(str, after.to_pylist()))
        assert after.schema.names == before.schema.names


@pytest.mark.parametrize(
    ("kind", "value", "reason"), [("author", "Jane Doe", "asked"), ("title", "no-colon", "asked"), ("review", "", "asked"), ("author", AUTHOR, "  ")]
)
def test_what_can_not_be_deleted_is_refused_before_anything_is_written(kind: Any, value: str, reason: str) -> None:
    with pytest.raises(UsageError):
        DeletionRequests.from_settings().record(kind, value, reason, "tests")
    assert not load_settings().home.exists()


@pytest.mark.parametrize("harm", ["salt gone", "request damaged"])
def test_with_a_damaged_request_nothing_comes_in(harm: str) -> None:
    """Rather than what was deleted."""
    requests = DeletionRequests.from_settings()
    requests.record("author", AUTHOR, "asked", "tests")
    folder = load_settings().home / "data" / "deletions"
    if harm == "salt gone":
        (folder / "salt").unlink()
    else:
        next(folder.glob("*.json")).write_text("{")
    with pytest.raises(InputError):
        requests.marks()


def test_a_version_that_only_can_not_be_read_here_and_now_ends_it_before_anything_is_removed(
    publisher: Publisher, releases: ReleaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk; what the store holds no longer whole is another matter, below."""
    before = publisher.publish(make_rows())
    publisher.store._workspace.forget()
    full = TrendingError("DVC failed (OSError: No space left on device)")
    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "fetch", lambda *_: (_ for _ in ()).throw(full))
        with pytest.raises(TrendingError, match="No space left"):
            delete_rows("review", REVIEW, "asked", publisher.store, releases)
    assert publisher.store.versions() == [before]
    assert not publisher.store.is_damaged(before)
    remote = load_settings().home / "data" / "remote" / "files" / "md5"
    harmed = next(path for path in remote.rglob("*") if path.is_file() and path.suffix != ".dir")
    harmed.chmod(0o644)
    whole = harmed.read_bytes()
    harmed.write_bytes(whole + b"x")
    assert publisher.store.is_damaged(before)
    harmed.write_bytes(whole)
    assert not publisher.store.is_damaged(before)
    (load_settings().home / "data" / "versions" / f"{before}.dvc").write_text("outs: []\n")
    assert publisher.store.is_damaged(before)


def test_a_version_that_can_not_be_read_is_taken_to_hold_rows(publisher: Publisher, releases: ReleaseStore) -> None:
    before = publisher.publish(make_rows())
    done = delete_rows("review", REVIEW, "asked", publisher.store, releases)
    (load_settings().home / "data" / "versions" / f"{before}.dvc").unlink()
    publisher.store._workspace.forget()
    with pytest.raises(TrendingError):
        publisher.store.pull(before)
    again = delete_rows("review", REVIEW, "asked", publisher.store, releases)
    assert before in again.holders.versions
    assert done.version not in again.holders.versions
