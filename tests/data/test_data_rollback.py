"""Going back to an older data version: the next is built on it, what was deleted on request doesn't come back, and the trail tells of it."""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import pytest

from apps.cli.data import run
from tests.data.dataset_samples import Publisher, make_tables, make_title
from trending.datasets.store import LATEST_FILE, DataStore
from trending.datasets.tables import read_table
from trending.deletion.delete import delete_rows
from trending.errors import NotFoundError, QualityError, UsageError
from trending.files import StoreFiles
from trending.ingestion.rollback import roll_back_data
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail

DELETED = "tvmaze:00003"


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(DataStore.from_settings(), tmp_path / "incoming")


@pytest.fixture
def releases() -> ReleaseStore:
    return ReleaseStore.from_settings()


def list_titles(store: DataStore) -> set[str]:
    return set(read_table(store.pull(), "titles").column("title_id").to_pylist())


def make_legal_tables() -> dict[str, list[dict[str, Any]]]:
    """Return tables that keep the schemas of ingestion."""
    tables = make_tables(9)
    for signal in tables["signals"]:
        signal |= {"rights_class": "open_cc_by_sa", "period_start": dt.date(2029, 12, 24), "weight": 1.0}
    for table in ("matches", "trends"):  # ingestion names works by hashes
        for row in tables[table]:
            row["work_id"] = hashlib.sha256(row["title_id"].encode()).hexdigest()[:12]
    return tables


def test_the_version_before_is_the_latest_again_and_the_next_is_built_on_it(publisher: Publisher, releases: ReleaseStore) -> None:
    tables = make_tables(9)
    good = publisher.publish(tables)
    bad = publisher.publish(tables | {"titles": [*tables["titles"], make_title(77, "shop")]})
    assert roll_back_data(None, "planted rows", publisher.store, releases) == good
    assert publisher.store.latest() == good
    assert publisher.store.versions() == [good, bad], "what was wrong can still be looked at"
    after = publisher.publish(tables | {"titles": [*tables["titles"], make_title(78, "tvmaze")]})
    assert publisher.store.manifest(after).parent == good
    assert not {one for one in list_titles(publisher.store) if one.startswith("shop:")}
    (entry,) = AuditTrail.from_store(releases).entries()
    assert (entry.action, entry.reason) == ("data_rolled_back", "planted rows")
    assert entry.details == {"before": bad, "chosen": good}
    assert AuditTrail.from_store(releases).verify() is None


def test_what_was_deleted_on_request_stays_deleted(publisher: Publisher, releases: ReleaseStore) -> None:
    tables = make_legal_tables()
    publisher.publish(tables)
    old = publisher.publish(tables | {"titles": [*tables["titles"], make_title(77, "shop")]})
    delete_rows("title", DELETED, "asked", publisher.store, releases)
    wrong = publisher.publish(tables | {"titles": [*tables["titles"], make_title(78, "shop")]})
    latest = roll_back_data(old, "the one after it was wrong", publisher.store, releases)
    assert latest == publisher.store.latest() not in (old, wrong)
    assert DELETED not in list_titles(publisher.store)
    assert "shop:00077" in list_titles(publisher.store)


def test_without_a_version_it_goes_back_behind_what_was_deleted_on_request(publisher: Publisher, releases: ReleaseStore) -> None:
    tables = make_legal_tables()
    good = publisher.publish(tables)
    publisher.publish(tables | {"titles": [*tables["titles"], make_title(77, "shop")]})
    delete_rows("title", DELETED, "asked", publisher.store, releases)
    before = list_titles(publisher.store)
    latest = roll_back_data(None, "the shop's rows are wrong", publisher.store, releases)
    assert set(before) - set(list_titles(publisher.store)) == {"shop:00077"}
    assert DELETED not in list_titles(publisher.store)
    assert publisher.store.manifest(latest).fingerprint != publisher.store.manifest(good).fingerprint
    with pytest.raises(UsageError, match="is the latest already"):
        roll_back_data(good, "once more", publisher.store, releases)
    assert [entry.action for entry in AuditTrail.from_store(releases).entries()] == ["deleted", "data_rolled_back", "data_rolled_back", "repaired"]
    again = delete_rows("title", "shop:none", "asked", publisher.store, releases)
    assert again.rows == {}, "what the rollback left out was deleted by another request"


def test_a_version_that_is_published_meanwhile_is_not_lost(publisher: Publisher, releases: ReleaseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher.publish(make_tables(9))
    publisher.publish(make_tables(8))
    entered = AuditTrail.append
    newer: list[str] = []

    def enter(*given: Any, **more: Any) -> Any:
        newer.append(publisher.publish(make_tables(7)))
        return entered(*given, **more)

    monkeypatch.setattr(AuditTrail, "append", enter)
    with pytest.raises(QualityError, match="published meanwhile"):
        roll_back_data(None, "wrong rows", publisher.store, releases)
    assert publisher.store.latest() == newer[0]


def test_a_rollback_nobody_can_enter_has_not_happened(publisher: Publisher, releases: ReleaseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher.publish(make_tables(9))
    bad = publisher.publish(make_tables(8))
    with monkeypatch.context() as patch:
        patch.setattr(AuditTrail, "append", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            roll_back_data(None, "wrong rows", publisher.store, releases)
    assert publisher.store.latest() == bad


def test_the_command_goes_back_and_refuses_what_it_can_not_do(publisher: Publisher, capsys: pytest.CaptureFixture[str]) -> None:
    def call(version: str | None, reason: str) -> str:
        return str(run(argparse.Namespace(action="rollback", version=version, other=None, reason=reason, json=False))["latest"])

    good, _ = publisher.publish(make_tables(9)), publisher.publish(make_tables(8))
    with pytest.raises(UsageError, match="no reason"):
        call(None, " ")
    with pytest.raises(NotFoundError):
        call("1999", "x")
    assert call(None, "wrong rows") == good
    assert capsys.readouterr().out == f"the latest data version is now {good}\n"
    with pytest.raises(UsageError, match="is the latest"):
        call(good, "once more")
    with pytest.raises(UsageError, match="was built on no other"):
        call(None, "once more")


def test_at_no_moment_is_a_version_the_latest_that_holds_what_was_deleted(
    publisher: Publisher, releases: ReleaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or whoever is killed then leaves it so."""
    old = publisher.publish(make_legal_tables())
    publisher.publish(make_legal_tables() | {"titles": [*make_legal_tables()["titles"], make_title(77, "shop")]})
    delete_rows("title", DELETED, "asked", publisher.store, releases)
    named, write = list[str](), StoreFiles.write

    def note(files: StoreFiles, name: str, content: bytes) -> None:
        write(files, name, content)
        named.extend([content.decode().strip()] if name == LATEST_FILE else [])

    monkeypatch.setattr(StoreFiles, "write", note)
    latest = roll_back_data(old, "the one after it was wrong", publisher.store, releases)
    assert named == [latest]
    assert DELETED not in list_titles(publisher.store)
    assert "shop:00077" not in list_titles(publisher.store)
