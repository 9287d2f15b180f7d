"""What changed between versions: the figures are those of a plain comparison of the rows, whatever changed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.dataset_samples import Publisher, Row, make_tables, make_title, write_version
from trending.datasets.diff import SAMPLE_KEYS, DataDiff, diff_versions
from trending.datasets.store import DataStore
from trending.datasets.tables import table_files
from trending.errors import NotFoundError
from trending.tables import TABLES

Tables = dict[str, list[Row]]
_CHANGES: dict[str, Any] = {
    "plot": st.sampled_from([None, "", "A plot.", "Another."]),
    "rating": st.sampled_from([None, 0.0, 5.5, float("nan")]),
    "genres": st.sampled_from([None, [], ["war"], ["war", "drama"], [None]]),
    "release_date": st.sampled_from([None, dt.date(2001, 1, 1)]),
}
TITLE = st.builds(make_title, st.integers(0, 12), st.sampled_from(["a", "b"])).flatmap(
    lambda row: st.fixed_dictionaries(_CHANGES).map(lambda change: row | change)
)
TITLES = st.lists(TITLE, max_size=12, unique_by=lambda row: row["title_id"])


def _compare(tmp_path_factory: pytest.TempPathFactory, old: Tables, new: Tables) -> DataDiff:
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")
    return diff_versions(write_version(one, old), one, write_version(other, new, day=1), other)


def _plain(value: Any) -> str:
    return repr(value)  # tells null, NaN, "" and [] apart


def _compare_naively(old: list[Row], new: list[Row]) -> dict[str, Any]:
    frames = [pd.DataFrame([{name: _plain(value) for name, value in row.items()} for row in rows], columns=TABLES["titles"].names) for rows in (old, new)]
    one, other = (frame.set_index("title_id").sort_index() for frame in frames)
    both = one.index.intersection(other.index)
    differs = one.loc[both] != other.loc[both]
    changed = differs.any(axis=1)
    return {
        "added": len(other.index.difference(one.index)),
        "removed": len(one.index.difference(other.index)),
        "changed": int(changed.sum()),
        "unchanged": int((~changed).sum()),
        "columns": {name: int(count) for name, count in differs.sum().items() if count},
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=TITLES, new=TITLES)
def test_figures_are_those_of_a_plain_comparison(tmp_path_factory: pytest.TempPathFactory, old: list[Row], new: list[Row]) -> None:
    found = _compare(tmp_path_factory, {"titles": old}, {"titles": new}).tables["titles"]
    assert found.model_dump(exclude={"sample", "sources"}) == _compare_naively(old, new)
    for source, part in found.sources.items():
        mine = [[row for row in rows if row["source"] == source] for rows in (old, new)]
        assert part.model_dump(exclude={"sample"}) == _compare_naively(*mine)


def test_every_table_is_compared_by_what_tells_its_rows_apart(tmp_path_factory: pytest.TempPathFactory) -> None:
    old, new = make_tables(), make_tables()
    new["titles"][0]["plot"] = None
    new["identifiers"].pop()
    new["reviews"][0]["text"] = "Bad."
    new["signals"][0]["value"] = 2.0
    new["quarantine"][0]["reason"] = "no_year"
    new["matches"][0]["work_id"] = "w"
    new["trends"] = [row | {"rank": 6 - row["rank"]} for row in new["trends"]]
    found = _compare(tmp_path_factory, old, new).tables
    assert {name: (one.added, one.removed, one.changed, one.columns) for name, one in found.items()} == {
        "titles": (0, 0, 1, {"plot": 1}),
        "identifiers": (0, 1, 0, {}),
        "reviews": (0, 0, 1, {"text": 1}),
        "signals": (0, 0, 1, {"value": 1}),
        "quarantine": (0, 0, 1, {"reason": 1}),
        "matches": (0, 0, 1, {"work_id": 1}),
        "trends": (0, 0, 4, {"rank": 4}),
    }
    assert found["identifiers"].sample == {"removed": [{"title_id": "wikipedia:00019", "scheme": "imdb", "value": "ttwikipedia:00019"}]}
    assert {source: part.same for source, part in found["titles"].sources.items()} == {"tvmaze": False, "wikipedia": True}


def test_a_source_that_came_or_went_is_all_added_or_all_removed_and_few_keys_are_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    old, new = make_tables(20, ["tvmaze"]), make_tables(20, ["tvmaze", "wikipedia"])
    there, back = _compare(tmp_path_factory, old, new).tables["titles"], _compare(tmp_path_factory, new, old).tables["titles"]
    assert (there.added, there.removed, there.sources["wikipedia"].added) == (20, 0, 20)
    assert (back.added, back.removed, back.sources["wikipedia"].removed) == (0, 20, 20)
    assert there.sample["added"] == [{"title_id": f"wikipedia:{number:05d}"} for number in range(SAMPLE_KEYS)] == back.sample["removed"]


def test_files_with_the_same_hash_are_not_read(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trending.datasets.diff._diff_files", None)
    assert _compare(tmp_path_factory, make_tables(), make_tables()).same


def test_a_column_only_the_newer_version_has_counts_as_changed_where_it_is_filled(tmp_path: Path) -> None:
    rows = {name: [] for name in TABLES} | {"titles": [make_title(1), make_title(2)]}
    new = rows | {"titles": [make_title(1), make_title(2, url="https://example.org/2")]}
    one, other = write_version(tmp_path / "one", rows), write_version(tmp_path / "other", new, day=1)
    file = table_files(tmp_path / "one", "titles")[0]
    pq.write_table(pq.read_table(file, partitioning=None).drop_columns(["url"]), file)
    found = diff_versions(one, tmp_path / "one", other, tmp_path / "other").tables["titles"]
    assert (found.changed, found.unchanged, found.columns) == (1, 1, {"url": 1})


def test_versions_of_a_store_are_fetched_and_compared(tmp_path: Path) -> None:
    publisher = Publisher(DataStore.from_settings(), tmp_path / "incoming")
    first, second = publisher.publish(make_tables(4)), publisher.publish(make_tables(6))
    elsewhere = DataStore(publisher.store.url, tmp_path / "elsewhere" / "data")
    found = elsewhere.diff(first[:16], "latest")
    assert (found.a, found.b, found.same, found.tables["titles"].added) == (first, second, False, 4)
    assert elsewhere.diff(first, first).same
    with pytest.raises(NotFoundError):
        elsewhere.diff("1999", first)
