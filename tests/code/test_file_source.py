"""The `files` source: every format read as the same stream of records."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.cleaning.clean import clean_titles
from trending.sources import SourceConfig, open_source
from trending.sources.files import FileSource

ROWS = [
    {"title": "Heat", "type": "movie", "year": "1995", "plot": 'A thief says "never", twice.\nThen he stays.', "genres": "Crime"},
    {"title": "千と千尋の神隠し 🐉", "type": "movie", "year": "2001", "plot": "سفر إلى مدينة الأرواح, ليلا", "genres": "Animation|Fantasy"},
]


def as_csv(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    """Write rows as RFC 4180 asks."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    return "".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in line) + "\r\n" for line in lines)


def as_jsonl(rows: list[dict[str, Any]]) -> str:
    """Write an object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_parquet(path: Path, **columns: Any) -> str:
    """Write columns as Parquet; returns the path."""
    pq.write_table(pa.table(columns), path)
    return str(path)


def without_source(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop what the source adds."""
    return [{name: value for name, value in record.items() if name != "source"} for record in records]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("titles.csv", as_csv(ROWS).encode()),
        ("TITLES.CSV", as_csv(ROWS).encode()),
        ("titles.tsv", as_csv(ROWS, "\t").encode()),
        ("bom.csv", b"\xef\xbb\xbf" + as_csv(ROWS).encode()),
        ("titles.csv.gz", gzip.compress(as_csv(ROWS).encode())),
        ("titles.jsonl", as_jsonl(ROWS).encode()),
        ("titles.ndjson", as_jsonl(ROWS).replace("\n", "\r\n\r\n").encode()),
        ("titles.jsonl.gz", gzip.compress(as_jsonl(ROWS).encode())),
    ],
)
def test_text_formats_give_the_same_records(name: str, content: bytes, write_file: Any, read: Any) -> None:
    assert without_source(read(write_file(name, content))) == ROWS


def test_parquet_gives_the_same_records(tmp_path: Path, read: Any) -> None:
    path = write_parquet(tmp_path / "titles.parquet", **{name: [row[name] for row in ROWS] for name in ROWS[0]})
    assert without_source(read(path)) == ROWS


def test_the_source_is_named_after_the_file_unless_told_otherwise(write_file: Any, read: Any) -> None:
    path = write_file("mine.v2.csv.gz", gzip.compress(as_csv(ROWS).encode()))
    assert {row["source"] for row in read(path)} == {"mine"}
    assert {row["source"] for row in read(path, constants={"source": "other"})} == {"other"}


def test_another_encoding_is_read_when_named(write_file: Any, read: Any) -> None:
    assert read(write_file("a.csv", "title,type\nAmélie,movie\n".encode("latin-1")), encoding="latin-1")[0]["title"] == "Amélie"


def test_columns_are_mapped_and_constants_fill_what_is_missing(write_file: Any, read: Any) -> None:
    path = write_file("a.csv", "name,overview\nHeat,A thief.\n")
    (row,) = read(path, columns={"title": "name", "plot": "overview"}, constants={"type": "movie", "language": "en"})
    assert row == {"source": "a", "title": "Heat", "plot": "A thief.", "type": "movie", "language": "en"}


def test_the_users_mapping_wins_over_the_preset(write_file: Any, read: Any) -> None:
    path = write_file("a.csv", "title,type,original\nHitze,movie,Heat\n")
    assert read(path, columns={"title": "original"})[0]["title"] == "Heat"


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_a_limit_bounds_the_rows(limit: int, write_file: Any, read: Any) -> None:
    path = write_file("a.csv", "title,type\n" + "Heat,movie\n" * 5)
    assert len(read(path, limit=limit)) == min(limit, 5)


def test_rows_with_too_few_or_too_many_cells_are_read_as_far_as_they_go(write_file: Any, read: Any) -> None:
    rows = read(write_file("a.csv", "title,type,plot\nHeat,movie\nAlien,movie,A ship.,more,cells\n"))
    assert without_source(rows) == [{"title": "Heat", "type": "movie"}, {"title": "Alien", "type": "movie", "plot": "A ship."}]


def test_later_json_objects_may_have_fields_the_first_one_lacks(write_file: Any, read: Any) -> None:
    rows = read(write_file("a.jsonl", as_jsonl([{"title": "Heat", "type": "movie"}, {"title": "Alien", "type": "movie", "plot": "A ship."}])))
    assert rows[1]["plot"] == "A ship."


def test_later_json_fields_are_read_under_a_mapping_too(write_file: Any, read: Any) -> None:
    rows = [{"name": "Heat", "type": "movie"}, {"name": "Alien", "type": "movie", "plot": "A ship."}]
    assert read(write_file("a.jsonl", as_jsonl(rows)), columns={"title": "name"})[1].get("plot") == "A ship."


def test_a_mapped_json_field_may_be_missing_from_the_first_object(write_file: Any, read: Any) -> None:
    rows = [{"title": "Heat", "type": "movie"}, {"title": "Alien", "type": "movie", "overview": "A ship."}]
    assert read(write_file("a.jsonl", as_jsonl(rows)), columns={"plot": "overview"})[1].get("plot") == "A ship."


def test_nulls_are_missing_not_words(write_file: Any, read: Any) -> None:
    (row,) = read(write_file("a.jsonl", '{"title": "Heat", "type": "movie", "plot": null, "year": null}\n'))
    assert without_source([row]) == [{"title": "Heat", "type": "movie"}]


def test_nan_in_json_is_a_missing_value(write_file: Any, read: Any) -> None:
    """Python's own json.dumps writes NaN for a missing cell of pandas."""
    titles = clean_titles(read(write_file("a.jsonl", '{"title": "Heat", "type": "movie", "plot": NaN, "country": NaN}\n'))).titles
    assert titles[["plot", "country"]].isna().all().all()


def test_parquet_columns_of_other_types_are_cleaned(tmp_path: Path, read: Any) -> None:
    columns = {"title": ["Heat"], "type": ["movie"], "year": [1995.0], "genres": [["Crime", "Drama"]], "votes": [7], "rating": pa.array([None], pa.float64())}
    row = clean_titles(read(write_parquet(tmp_path / "a.parquet", **columns))).titles.iloc[0]
    assert (row["year"], row["genres"], row["votes"]) == (1995, ["Crime", "Drama"], 7)


def test_text_in_binary_parquet_columns_is_read_as_text(tmp_path: Path, read: Any) -> None:
    """Older writers store text without marking it as text."""
    path = write_parquet(tmp_path / "a.parquet", title=pa.array([b"Heat"]), type=pa.array([b"movie"]))
    assert clean_titles(read(path)).titles["title"].tolist() == ["Heat"]


def test_a_ten_megabyte_plot_in_csv_is_quarantined_and_its_neighbours_are_kept(write_file: Any, read: Any) -> None:
    path = write_file("a.csv", "title,type,plot\nBefore,movie,A ship.\nBig,movie," + "word " * 2_000_000 + "\nAfter,movie,A train.\n")
    result = clean_titles(read(path))
    assert (result.titles["title"].tolist(), result.report.reasons) == (["Before", "After"], {"plot_too_long": 1})


def test_nul_bytes_in_csv_are_cleaned_away(write_file: Any, read: Any) -> None:
    titles = clean_titles(read(write_file("a.csv", b"title,type,plot\nHe\x00at,movie,A thi\x00ef.\n"))).titles
    assert titles.loc[0, ["title", "plot"]].tolist() == ["Heat", "A thief."]


def test_the_fingerprint_follows_content_and_reading_but_not_the_place(tmp_path: Path, write_file: Any) -> None:
    one = write_file("a.csv", as_csv(ROWS))
    (tmp_path / "elsewhere").mkdir()
    same = write_file("elsewhere/a.csv", as_csv(ROWS))
    other = write_file("b.csv", as_csv(ROWS[:1]))

    def fingerprint(path: str, **options: Any) -> str:
        return open_source(SourceConfig(source="files", path=path, **options)).fingerprint()

    assert fingerprint(one) == fingerprint(same)
    assert len({fingerprint(one), fingerprint(other), fingerprint(one, limit=1), fingerprint(one, columns={"plot": "title"})}) == 4


def test_a_source_can_be_read_twice(write_file: Any) -> None:
    source = FileSource(SourceConfig(source="files", path=write_file("a.csv", as_csv(ROWS))))
    assert list(source.records()) == list(source.records()) != []


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=5))
def test_any_text_survives_csv_and_jsonl(tmp_path_factory: pytest.TempPathFactory, plots: list[str]) -> None:
    """Quotes, commas, line ends and control characters within a cell are content."""
    folder = tmp_path_factory.mktemp("any")
    rows = [{"title": "Heat", "type": "movie", "plot": plot} for plot in plots]
    for name, content in (("a.csv", as_csv(rows)), ("a.jsonl", as_jsonl(rows))):
        (folder / name).write_bytes(content.encode())
        assert [row["plot"] for row in FileSource(SourceConfig(source="files", path=str(folder / name))).records()] == plots
