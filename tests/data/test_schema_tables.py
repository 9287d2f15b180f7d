"""Every table of a data version is refused with anything wrong in any column, key or reference, however many files it has; and says what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import trending.validation.tables as gate
from trending.errors import InputError, QualityError, UsageError
from trending.tables import TABLES
from trending.validation.tables import validate_table, validate_tables

DAY = dt.date(2026, 3, 1)
RIGHTS = {"data_licence": "CC BY-SA 4.0", "rights_class": "open_cc_by_sa"}
Rows = list[dict[str, Any]]
Files = dict[str, list[Path]]


def make_row(table: str, number: int) -> dict[str, Any]:
    """Return a clean row of a table; rows with different numbers have different keys."""
    title_id = f"bees:{number}"
    rows: dict[str, dict[str, Any]] = {
        "titles": {"title": f"Bees {number}", "type": "movie", "genres": ["Drama"], "source_id": str(number), "group_id": f"g{number}", **RIGHTS},
        "identifiers": {"scheme": "imdb", "value": f"tt{number:07d}"},
        "reviews": {"review_id": f"r{number}", "text": "Fine.", "rating": 7.0, "author_hash": "0" * 16, "language": "en", "review_date": DAY, **RIGHTS},
        "signals": {"kind": "views", "market": "global", "value": 5.0, "period_start": DAY, "days": 7, "weight": 1.0, **RIGHTS},
        "quarantine": {"quarantine_id": f"q{number}", "kind": "title", "reason": "title_missing", "detail": "no title", "record": "{}"},
        "matches": {"work_id": f"w{number}", "how": "single", "score": 1.0},
        "trends": {
            "work_id": f"w{number}",
            "title": f"Bees {number}",
            "type": "tv",
            "as_of": DAY,
            "rank": number + 1,
            "score": -1.5,
            "parts": [{"name": "level", "value": 0.5, "sentence": "Up."}],
        },
    }
    return {name: ({"title_id": title_id, "source": "bees"} | rows[table]).get(name) for name in TABLES[table].names}


def write(path: Path, table: str, rows: Rows) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=TABLES[table]), path)
    return path


@pytest.fixture
def version(tmp_path: Path) -> Files:
    """A clean version: ten rows a table, in two files."""
    return {
        table: [write(tmp_path / table / f"{half}.parquet", table, [make_row(table, number) for number in range(half, 10, 2)]) for half in (0, 1)]
        for table in TABLES
    }


def spoil(version: Files, table: str, change: Callable[[Rows], None]) -> None:
    """Change the rows of a table's second file."""
    file = version[table][1]
    rows = pq.read_table(file).to_pylist()
    change(rows)
    write(file, table, rows)


def refusal(version: Files, table: str) -> str:
    with pytest.raises(QualityError) as caught:
        validate_table(table, version[table], version["titles"])
    line = str(caught.value)
    assert line.startswith(f"table {table}: ")
    assert line.isprintable()
    assert len(line) < 300
    return line


WRONG: dict[str, dict[str, list[Any]]] = {
    "titles": {"title": ["", None], "type": ["show"], "year": [1500], "rating": [11.0], "genres": [["Noir"]], "rights_class": ["free"], "url": ["ftp://x"]},
    "identifiers": {"title_id": [None, ""], "scheme": ["IMDb", None], "value": ["", None], "source": [None]},
    "reviews": {
        "review_id": [None],
        "title_id": [None],
        "source": [None],
        "author_hash": ["Jane Doe"],
        "rating": [10.5, -1.0],
        "text": ["", None],
        "language": ["english"],
        "url": ["example.org"],
        "rights_class": ["free", None],
    },
    "signals": {
        "title_id": [None],
        "kind": ["likes", None],
        "market": ["", None],
        "value": [-1.0, None, float("inf"), float("nan")],
        "period_start": [None],
        "days": [0, None],
        "weight": [0.0, float("inf")],
        "rights_class": [None],
    },
    "quarantine": {"quarantine_id": [None], "kind": ["show"], "reason": ["Because of that", None], "source": [None], "record": ["[]", "", None]},
    "matches": {"title_id": [None], "work_id": ["", None], "how": [None], "score": [1.1, -0.1, None]},
    "trends": {
        "work_id": [None],
        "title": [""],
        "type": ["show"],
        "as_of": [None],
        "rank": [0, None],
        "score": [float("nan"), float("inf"), None],
        "parts": [None, [{"name": "level", "value": 0.5, "sentence": ""}], [{"name": "level", "value": float("nan"), "sentence": "Up."}]],
    },
}
CASES = [(table, column, value) for table, columns in WRONG.items() for column, values in columns.items() for value in values]


def test_a_clean_version_passes_and_counts_its_checks(version: Files) -> None:
    checks = validate_tables(version)
    assert list(checks) == list(TABLES)
    assert all(count > len(TABLES[table].names) for table, count in checks.items())


def test_columns_that_may_be_empty_may_all_be_empty(version: Files) -> None:
    optional = ("author_hash", "rating", "headline", "language", "review_date", "spoiler", "url", "data_licence")
    spoil(version, "reviews", lambda rows: [row.update(dict.fromkeys(optional)) for row in rows])
    validate_table("reviews", version["reviews"], version["titles"])


def test_flags_may_be_there_in_some_rows_alone(version: Files) -> None:
    spoil(version, "reviews", lambda rows: rows[0].update(spoiler=True))
    validate_table("reviews", version["reviews"], version["titles"])


@pytest.mark.parametrize(("table", "column", "value"), CASES, ids=[f"{table}.{column}={str(value)[:20]!r}" for table, column, value in CASES])
def test_one_wrong_value_is_refused_in_one_line_naming_table_column_and_file(version: Files, table: str, column: str, value: Any) -> None:
    spoil(version, table, lambda rows: rows[3].update({column: value}))
    line = refusal(version, table)
    assert f"column {column!r}" in line
    assert f"in {table}/1.parquet" in line


def test_every_failure_is_counted_over_batches_and_files(version: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BATCH_ROWS", 2)
    for half in (0, 1):
        rows = pq.read_table(version["matches"][half]).to_pylist()
        write(version["matches"][half], "matches", [row | {"score": 2.0} for row in rows])
    assert "10 failures in 10 rows" in refusal(version, "matches")


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("titles", "title_id"),
        ("identifiers", "title_id, scheme, value"),
        ("reviews", "review_id"),
        ("signals", "title_id, source, kind, market, period_start, days"),
        ("quarantine", "quarantine_id"),
        ("matches", "title_id"),
        ("trends", "as_of, type, rank"),
    ],
)
def test_a_key_that_stands_in_two_files_is_refused(version: Files, table: str, key: str) -> None:
    twice = pq.read_table(version[table][0]).to_pylist()[0]
    spoil(version, table, lambda rows: rows.append(twice))
    line = refusal(version, table)
    assert f"1 failures, first: column {key.split(',', maxsplit=1)[0]!r} fails unique({key})" in line


@pytest.mark.parametrize("table", ["identifiers", "reviews", "signals", "matches", "trends"])
def test_a_row_about_a_title_that_is_not_there_is_refused(version: Files, table: str) -> None:
    spoil(version, table, lambda rows: rows[0].update(title_id="wasps:1"))
    assert "column 'title_id' fails is_in_titles with 'wasps:1'" in refusal(version, table)


def test_a_title_without_a_match_is_refused(version: Files) -> None:
    spoil(version, "matches", lambda rows: rows.pop())
    assert "1 failures, first: column 'title_id' fails has_every_title with 'bees:9'" in refusal(version, "matches")


def test_no_matches_at_all_are_refused_where_there_are_titles(version: Files) -> None:
    version["matches"] = []
    assert "10 failures, first: column 'title_id' fails has_every_title" in refusal(version, "matches")


def test_no_rows_at_all_are_fine_elsewhere(version: Files) -> None:
    for table in ("identifiers", "reviews", "signals", "quarantine", "trends"):
        assert validate_table(table, [], version["titles"]) > 0


@pytest.mark.parametrize(("kind", "value"), [("rank", 0.5), ("rating", 10.5)])
def test_a_signal_outside_the_range_of_its_kind_is_refused(version: Files, kind: str, value: float) -> None:
    spoil(version, "signals", lambda rows: rows[2].update(kind=kind, value=value))
    assert f"column 'value' fails within_range_of_kind with 'bees:5 {value}'" in refusal(version, "signals")


def test_two_titles_on_one_rank_are_refused_but_not_on_two_days(version: Files) -> None:
    spoil(version, "trends", lambda rows: rows[0].update(rank=1, as_of=DAY + dt.timedelta(days=7)))
    validate_table("trends", version["trends"], version["titles"])
    spoil(version, "trends", lambda rows: rows[0].update(rank=1, as_of=DAY))
    assert "unique(as_of, type, rank)" in refusal(version, "trends")


def test_a_row_in_another_sources_partition_is_refused(version: Files, tmp_path: Path) -> None:
    version["titles"] = [write(tmp_path / "source=wasps%20%26%20bees" / "part-0.parquet", "titles", [make_row("titles", 1) | {"source": "wasps & bees"}])]
    validate_table("titles", version["titles"])
    write(version["titles"][0], "titles", [make_row("titles", 1)])
    assert "column 'source' fails partition with 'bees'" in refusal(version, "titles")


@pytest.mark.parametrize("table", list(TABLES))
def test_files_with_other_columns_or_types_are_refused_by_name(version: Files, table: str) -> None:
    whole = pq.read_table(version[table][1])
    last = whole.column_names[-1]
    spoilt = {
        f"column {last!r} is missing": whole.drop_columns(last),
        "column 'stars' is unknown": whole.append_column("stars", pa.nulls(len(whole))),
        "columns are in another order": whole.select(list(reversed(whole.column_names))),
        f"column {last!r} is binary": whole.set_column(len(whole.column_names) - 1, last, pa.nulls(len(whole), pa.binary())),
    }
    for what, content in spoilt.items():
        pq.write_table(content, version[table][1])
        assert what in refusal(version, table)


def test_what_is_no_parquet_and_what_is_no_table_are_named(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_text("no")
    with pytest.raises(InputError, match=r"bad\.parquet"):
        validate_table("titles", [tmp_path / "bad.parquet"])
    with pytest.raises(UsageError, match="'films' is no table"):
        validate_table("films", [])
