"""Cleaning in shards: the rows, their order and the account are those of one process, however many shards there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.data.record_samples import review, signal, title
from trending.errors import QualityError, UsageError
from trending.ingestion.clean import FRESH_SCHEMAS, CleaningAccount, clean_records, fresh_file
from trending.ingestion.shards import clean_apart, clean_shard, cut_records, join_fresh
from trending.ingestion.snapshots import iter_all, write_snapshot
from trending.reviews.privacy import load_salt
from trending.settings import load_settings

SALT = b"-" * 32


@pytest.fixture
def snapshots(tmp_path: Path) -> list[Path]:
    """Two sources: titles of which some are refused and carry labels nobody knows, 60 of them; reviews; signals."""
    titles = [title(number, title=f"Title {number}" if number % 9 else "", genres=[f"Label {number % 60:02d}", "Drama"]) for number in range(150)]
    rest = [*(review(1, f"Review {number} of it.", author=f"Ann {number % 7}") for number in range(40)), *(signal(1, number) for number in range(10))]
    written = []
    for name, records in (("one", titles), ("two", rest)):
        folder = tmp_path / name
        folder.mkdir()
        written.append(write_snapshot(name, records, folder, {}))
    return written


def read_rows(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {table: pq.read_table(fresh_file(folder, table)).to_pylist() for table in FRESH_SCHEMAS}


@pytest.fixture
def whole(snapshots: list[Path], tmp_path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What one process makes of it."""
    folder = tmp_path / "whole"
    folder.mkdir()
    account = CleaningAccount.total([clean_records(iter_all(snapshots), folder, SALT)])
    return read_rows(folder), account.as_dict()


@pytest.mark.parametrize("shards", [1, 2, 7, 1_000])
def test_shards_joined_are_what_one_process_makes(snapshots: list[Path], whole: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path, shards: int) -> None:
    sizes = cut_records(snapshots, tmp_path / "cut", shards)
    assert len(sizes) == min(shards, 200)
    assert sum(sizes) == 200
    assert max(sizes) - min(sizes) <= 1
    parts, accounts = [], []
    for place in sorted((tmp_path / "cut").iterdir()):
        part = tmp_path / "parts" / place.name
        part.mkdir(parents=True)
        accounts.append(CleaningAccount.from_dict(clean_shard(place, part, SALT).as_dict()))
        parts.append(part)
    joined = tmp_path / "joined"
    joined.mkdir()
    rows = join_fresh(parts, joined)
    expected, account = whole
    assert {table: len(found) for table, found in expected.items()} == rows
    assert rows["titles"] > 100
    assert min(rows["quarantine"], rows["reviews"]) > 0
    assert read_rows(joined) == expected
    assert CleaningAccount.total(accounts).as_dict() == account
    assert len(account["unknown_genres"]) == 50


def test_a_process_of_its_own_makes_the_same(snapshots: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDING_HOME", str(tmp_path / "home"))
    cut_records(snapshots, tmp_path / "cut", 2)
    shard = tmp_path / "cut" / "00001"
    here, apart = tmp_path / "here", tmp_path / "apart"
    here.mkdir()
    apart.mkdir()
    account = clean_shard(shard, here, load_salt(load_settings().home))
    assert clean_apart(shard, apart) == account
    assert read_rows(apart) == read_rows(here)


def test_a_process_that_fails_says_which_shard_and_why(tmp_path: Path) -> None:
    with pytest.raises(QualityError, match=r"shard 00007: cleaning a shard failed .*; if it was killed for want of memory, raise shards"):
        clean_apart(tmp_path / "00007", tmp_path)


def test_what_such_a_process_refuses_is_refused_as_here(snapshots: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in a setting is one of usage, and no shard too large."""
    cut_records(snapshots, tmp_path / "cut", 1)
    monkeypatch.setenv("TRENDING_AUTHOR_SALT", "short")
    with pytest.raises(UsageError) as here:
        load_salt(load_settings().home)
    with pytest.raises(UsageError) as apart:
        clean_apart(tmp_path / "cut" / "00000", tmp_path)
    assert str(apart.value) == str(here.value)


def test_nothing_is_one_empty_shard(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    snapshot = write_snapshot("none", [], tmp_path / "none", {})
    assert cut_records([snapshot], tmp_path / "cut", 3) == [0]
