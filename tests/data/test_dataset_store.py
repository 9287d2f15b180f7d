"""Versions in a local store, with the real DVC: whole or not there, read back byte for byte, stored once, mended where they can be."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import filelock
import pytest

from tests.data.dataset_samples import ACCOUNT, STATE, Publisher, make_tables, make_title, read_all, write_version
from trending.datasets import workspace as workspace_module
from trending.datasets.build import build_manifest
from trending.datasets.manifest import Account, DataAccount
from trending.datasets.store import DataStore
from trending.datasets.tables import read_table
from trending.errors import InputError, NotFoundError, QualityError, TrendingError, UsageError
from trending.provenance import RunOrigin

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    """An empty store where the settings point."""
    return Publisher(DataStore.from_settings(), tmp_path / "incoming")


def _other_machine(publisher: Publisher, tmp_path: Path) -> DataStore:
    return DataStore(publisher.store.url, tmp_path / "elsewhere" / "data")


def _remote_files(publisher: Publisher) -> list[Path]:
    return [path for path in Path(publisher.store.url, "remote").rglob("*") if path.is_file()]


def _remote_of(publisher: Publisher, content: bytes) -> Path:
    return next(path for path in _remote_files(publisher) if path.read_bytes() == content)


def test_a_version_is_read_back_byte_for_byte_here_and_on_another_machine(publisher: Publisher, tmp_path: Path) -> None:
    directory, manifest = publisher.prepare(make_tables())
    version = publisher.store.publish(directory, manifest)
    for store in (publisher.store, _other_machine(publisher, tmp_path)):
        folder = store.pull()
        assert read_all(folder) == read_all(directory)
        assert (folder / "manifest.json").read_bytes() == (Path(store.url) / "versions" / f"{version}.json").read_bytes()
    assert publisher.store.versions() == [version] == [publisher.store.latest()]


def test_the_manifest_says_what_is_in_the_version(publisher: Publisher) -> None:
    tables = make_tables(20)
    found = publisher.store.manifest(publisher.publish(tables))
    assert {name: table.rows for name, table in found.tables.items()} == {name: len(rows) for name, rows in tables.items()}
    assert found.sources["tvmaze"].rows == {"titles": 20, "identifiers": 20, "reviews": 7, "signals": 10, "quarantine": 1}
    assert found.sources["tvmaze"].watermark == "17"
    assert found.account == ACCOUNT
    assert found.dvc.endswith(".dir")
    assert found.dvc in (Path(publisher.store.url) / "versions" / f"{found.version}.dvc").read_text()
    assert set(found.files) == {"cards/version.md"}
    assert found.version == f"{found.created:%Y%m%dT%H%M%SZ}-{found.fingerprint[:8]}"


def test_the_fingerprint_is_that_of_the_rows_not_of_the_time_or_the_order(tmp_path: Path) -> None:
    tables = make_tables()
    one = write_version(tmp_path / "one", tables)
    other = write_version(tmp_path / "other", {name: rows[::-1] for name, rows in tables.items()}, parent="1", day=9)
    tables["reviews"][0]["text"] = "Bad."
    changed = write_version(tmp_path / "changed", tables)
    assert one.fingerprint == other.fingerprint != changed.fingerprint
    assert one.version != other.version
    assert {name for name in one.tables if one.tables[name].fingerprint != changed.tables[name].fingerprint} == {"reviews"}


def test_equal_tables_make_no_new_version(publisher: Publisher) -> None:
    first = publisher.publish()
    before = _remote_files(publisher)
    assert publisher.publish() == first
    assert publisher.store.versions() == [first]
    assert _remote_files(publisher) == before


def test_a_partition_that_did_not_change_is_stored_once(publisher: Publisher) -> None:
    tables = make_tables()
    publisher.publish(tables)
    before = set(_remote_files(publisher))
    tables["titles"] = [row | {"plot": "Another plot."} if row["title_id"] == "tvmaze:00003" else row for row in tables["titles"]]
    second = publisher.publish(tables)
    added = set(_remote_files(publisher)) - before
    changed = publisher.store.pull(second) / "titles" / "source=tvmaze" / "part-0.parquet"
    assert sorted(path.suffix for path in added) == ["", ".dir"]
    assert changed.read_bytes() in [path.read_bytes() for path in added]


def test_versions_are_found_by_latest_name_and_beginning(publisher: Publisher) -> None:
    first = publisher.publish(make_tables(4))
    second = publisher.publish(make_tables(5))
    store = publisher.store
    assert (store.resolve(), store.resolve("latest"), store.resolve(first), store.resolve(first[:8])) == (second, second, first, first)
    assert store.manifest(second).parent == first
    with pytest.raises(UsageError, match="2 data versions begin with '2030'"):
        store.resolve("2030")
    for name in ("1999", "", "../LATEST", "no such"):
        with pytest.raises(NotFoundError, match="no data version"):
            store.pull(name)


def test_an_empty_store_says_how_to_fill_it(publisher: Publisher) -> None:
    assert publisher.store.versions() == []
    assert publisher.store.latest() is None
    with pytest.raises(NotFoundError, match=r"no data version is published; run: python run\.py --pipeline ingestion"):
        publisher.store.pull()


@pytest.mark.parametrize("damage", ["edit", "delete", "add", "manifest", "all"])
def test_a_damaged_copy_is_restored(publisher: Publisher, damage: str) -> None:
    folder = publisher.store.pull(publisher.publish())
    before = read_all(folder)
    file = folder / "titles" / "source=tvmaze" / "part-0.parquet"
    if damage == "edit":
        content, times = bytearray(file.read_bytes()), file.stat()
        content[100] ^= 1
        file.chmod(0o644)
        file.write_bytes(content)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))  # as a disk would damage it
    elif damage == "delete":
        file.unlink()
    elif damage == "add":
        (folder / "titles" / "source=evil").mkdir()
        (folder / "titles" / "source=evil" / "part-0.parquet").write_bytes(b"x")
    elif damage == "manifest":
        (folder / "manifest.json").unlink()
    else:
        shutil.rmtree(folder.parent)
    again = publisher.store.pull()
    assert read_all(again) == before
    assert json.loads((again / "manifest.json").read_bytes())["version"] == again.name


def test_a_copy_can_be_used_again_without_dvc_and_without_the_lock(publisher: Publisher) -> None:
    folder = publisher.store.pull(publisher.publish())
    file = folder / "titles" / "source=tvmaze" / "part-0.parquet"
    inode = file.stat().st_ino
    with publisher.store._workspace.locked():
        publisher.store.pull()
    assert file.stat().st_ino == inode


def test_copies_are_protected_and_share_nothing_with_the_cache(publisher: Publisher) -> None:
    """Whoever edits a version all the same damages that copy only."""
    folder = publisher.store.pull(publisher.publish())
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o444}
    assert {path.stat().st_nlink for path in files} == {1}
    assert not [path for path in folder.rglob("*") if path.is_symlink()]


def test_a_damaged_cache_is_fetched_again_from_the_remote(publisher: Publisher) -> None:
    version = publisher.publish()
    folder = publisher.store.pull(version)
    before = read_all(folder)
    for path in (folder.parent / ".dvc" / "cache").rglob("*"):
        if path.is_file() and path.suffix != ".dir":
            path.chmod(0o644)
            path.write_bytes(b"damaged")
            path.chmod(0o444)
    shutil.rmtree(folder)
    assert read_all(publisher.store.pull(version)) == before


@pytest.mark.parametrize("damage", ["edit", "delete", "listing", "pointer", "manifest"])
def test_a_damaged_store_is_one_clear_line(publisher: Publisher, tmp_path: Path, damage: str, capfd: pytest.CaptureFixture[str]) -> None:
    version = publisher.publish()
    root = Path(publisher.store.url)
    file = _remote_of(publisher, (publisher.store.pull() / "titles" / "source=tvmaze" / "part-0.parquet").read_bytes())
    if damage == "edit":
        content = bytearray(file.read_bytes())
        content[100] ^= 1
        file.chmod(0o644)
        file.write_bytes(content)
    elif damage == "delete":
        file.unlink()
    elif damage == "listing":
        next(path for path in _remote_files(publisher) if path.suffix == ".dir").unlink()
    elif damage == "pointer":
        (root / "versions" / f"{version}.dvc").unlink()
    else:
        path = root / "versions" / f"{version}.json"
        path.write_text(path.read_text().replace('"rows": 20', '"rows": 21', 1))
    other = _other_machine(publisher, tmp_path)
    for act in (other.pull, other.verify):
        with pytest.raises(InputError, match=f"data version {version}: ") as failure:
            act()
        assert str(failure.value).count("\n") == 0
        assert "python run.py data list" in str(failure.value)
    assert not list((tmp_path / "elsewhere").glob(f"data/{version}/manifest.json")), "nothing damaged looks whole"
    assert capfd.readouterr() == ("", "")


def test_verify_reads_the_store_and_not_the_copy(publisher: Publisher) -> None:
    version = publisher.publish()
    assert publisher.store.verify().version == version
    folder = publisher.store.pull()
    file = _remote_of(publisher, (folder / "matches" / "part-0.parquet").read_bytes())
    file.chmod(0o644)
    file.write_bytes(b"damaged")
    with pytest.raises(InputError, match="can't be read back as it was published"):
        publisher.store.verify(version)
    assert publisher.store.pull() == folder


def test_what_the_remote_lost_of_an_unchanged_partition_is_sent_again(publisher: Publisher, tmp_path: Path) -> None:
    """DVC would believe what it remembers of the remote, or that a file of the right name is the right file."""
    tables = make_tables()
    folder = publisher.store.pull(publisher.publish(tables))
    lost, cut = (_remote_of(publisher, (folder / name / "source=wikipedia" / "part-0.parquet").read_bytes()) for name in ("titles", "reviews"))
    lost.unlink()
    cut.chmod(0o644)
    cut.write_bytes(b"PAR1")
    cut.chmod(0o444)  # as DVC left it: what is protected it takes for whole
    tables["titles"].append(make_title(99))
    version = publisher.publish(tables)
    assert read_all(_other_machine(publisher, tmp_path).pull(version)) == read_all(publisher.store.pull(version))


def test_a_folder_that_is_not_what_its_manifest_says_is_refused(publisher: Publisher) -> None:
    for change in ("edit", "delete", "add"):
        directory, manifest = publisher.prepare(make_tables())
        file = directory / "titles" / "source=tvmaze" / "part-0.parquet"
        {"edit": lambda f=file: f.write_bytes(b"x"), "delete": file.unlink, "add": lambda d=directory: (d / "more").touch()}[change]()
        with pytest.raises(InputError, match=f"data version {manifest.version}: (titles|more)"):
            publisher.store.publish(directory, manifest)
        assert publisher.store.versions() == []


def test_a_manifest_that_does_not_add_up_is_refused(publisher: Publisher) -> None:
    directory, manifest = publisher.prepare(make_tables())
    titles = manifest.tables["titles"]
    wrong = {
        "account of title: 10 fetched, but 9 parsed": {"account": DataAccount.of({"title": Account(fetched=10, parsed=9, kept=9)})},
        "account of title: 9 parsed, but 7 kept": {"account": DataAccount.of({"title": Account(fetched=9, parsed=9, kept=7)})},
        "account: the total is not the sum": {"account": DataAccount(kinds=ACCOUNT.kinds, total=Account())},
        "table titles: its rows": {"tables": manifest.tables | {"titles": titles.model_copy(update={"rows": 1})}},
        "table titles: its fingerprint": {"tables": manifest.tables | {"titles": titles.model_copy(update={"fingerprint": "0"})}},
        "not named after": {"version": "20300101T000000Z-00000000"},
    }
    for message, change in wrong.items():
        with pytest.raises(QualityError, match=message):
            publisher.store.publish(directory, manifest.model_copy(update=change))
    with pytest.raises(QualityError, match="account of title"):
        build_manifest(directory, parent=None, sources=manifest.sources, account=DataAccount.of({"title": Account(fetched=1, parsed=1)}), run=RunOrigin())
    with pytest.raises(InputError, match="rows of wikipedia, whose licence"):
        build_manifest(directory, parent=None, sources={"tvmaze": STATE}, account=ACCOUNT, run=RunOrigin())
    assert publisher.store.versions() == []


def test_a_version_made_from_what_is_no_longer_the_latest_is_refused(publisher: Publisher) -> None:
    """Two ingestions at once: the second would drop the rows of the first."""
    first = publisher.publish(make_tables(3))
    slow = publisher.prepare(make_tables(5))
    second = publisher.publish(make_tables(4))
    with pytest.raises(QualityError, match=f"made from {first}, but {second} is the latest"):
        publisher.store.publish(*slow)
    assert publisher.store.versions() == [first, second]


def test_a_workspace_in_use_is_one_clear_line(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_module, "LOCK_SECONDS", 0.2)
    directory, manifest = publisher.prepare(make_tables())
    lock = publisher.store._workspace.root.with_name("data.lock")
    lock.parent.mkdir(parents=True)
    with filelock.FileLock(lock), pytest.raises(TrendingError, match="another process is at work on the data versions"):
        publisher.store.publish(directory, manifest)
    assert publisher.store.publish(directory, manifest) == manifest.version


def test_an_address_that_can_not_be_used_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="TRENDING_DATA"):
        DataStore("nosuch://bucket/data", tmp_path)
    (tmp_path / "file").touch()
    publisher = Publisher(DataStore(str(tmp_path / "file" / "data"), tmp_path / "cache"), tmp_path / "incoming")
    with pytest.raises(TrendingError, match="can't be read or written"):
        publisher.publish()


def test_a_damaged_latest_names_what_to_do(publisher: Publisher) -> None:
    version = publisher.publish()
    (Path(publisher.store.url) / "LATEST").write_bytes(b"\xff\x00")
    with pytest.raises(InputError, match="LATEST is damaged"):
        publisher.store.pull()
    assert publisher.store.pull(version).is_dir()


QUIET = """
import sys
from pathlib import Path
from tests.data.dataset_samples import Publisher, make_tables
from trending.datasets.store import DataStore
publisher = Publisher(DataStore.from_settings(), Path(sys.argv[1]))
publisher.publish()
DataStore(publisher.store.url, Path(sys.argv[1]) / "other").pull()
"""


def test_dvc_writes_nothing_to_the_terminal_nor_outside_the_home_folder(tmp_path: Path) -> None:
    user = tmp_path / "user"
    user.mkdir()
    places = {"HOME": str(user), "XDG_CACHE_HOME": str(user / "cache"), "XDG_CONFIG_HOME": str(user / "config"), "TRENDING_HOME": str(tmp_path / "home")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRENDING_", "DVC_"))}
    done = subprocess.run([sys.executable, "-c", QUIET, str(tmp_path / "work")], cwd=ROOT, env=kept | places, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert list(user.rglob("*")) == []


def test_the_environment_and_the_loggers_are_as_before(publisher: Publisher) -> None:
    publisher.publish(make_tables(3))  # DVC sets its loggers up when it is first imported
    environment, level = dict(os.environ), logging.getLogger("dvc").level
    publisher.publish(make_tables(4))
    assert dict(os.environ) == environment
    assert logging.getLogger("dvc").level == level


def test_real_titles_are_published_and_pulled_within_seconds(publisher: Publisher, shared_data: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    from trending.datasets.tables import write_table
    from trending.tables import TABLES

    table = pq.read_table(shared_data / "titles.parquet")
    for name in set(TABLES["titles"].names) - set(table.column_names):
        table = table.append_column(name, [[None] * table.num_rows])
    directory = tmp_path / "real"
    write_table(table.select(TABLES["titles"].names).to_batches(), "titles", directory)
    states = dict.fromkeys(table["source"].unique().to_pylist(), STATE)
    manifest = build_manifest(directory, parent=None, sources=states, account=ACCOUNT, run=RunOrigin(), created=dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
    started = time.monotonic()
    publisher.store.publish(directory, manifest)
    published = time.monotonic()
    folder = _other_machine(publisher, tmp_path).pull()
    pulled = time.monotonic()
    print(f"{manifest.tables['titles'].rows} titles: published in {published - started:.2f} s, pulled in {pulled - published:.2f} s")
    assert read_table(folder, "titles").num_rows == table.num_rows
    assert read_all(folder) == read_all(directory)
    assert pulled - started < 30
