"""Files that can't be used: each is refused in one line that says what is wrong, where, and how to mend it."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trending.errors import InputError, UsageError
from trending.sources import SourceConfig, open_source


def parquet_bytes(folder: Path, rows: int) -> bytearray:
    """Return a Parquet file whose content doesn't compress."""
    noise = random.Random(3)
    titles = [f"{noise.getrandbits(160):x}" for _ in range(rows)]
    pq.write_table(pa.table({"title": pa.array(titles, pa.string()), "type": pa.array(["movie"] * rows, pa.string())}), folder / "whole.parquet")
    return bytearray((folder / "whole.parquet").read_bytes())


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.parquet"])
def test_a_missing_file(name: str, tmp_path: Path, refusal: Any) -> None:
    error = refusal(str(tmp_path / name))
    assert isinstance(error, InputError)
    assert str(error) == f"{tmp_path / name}: no such file; check the path"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_folder_instead_of_a_file(name: str, tmp_path: Path, refusal: Any) -> None:
    (tmp_path / name).mkdir()
    assert "directory" in str(refusal(str(tmp_path / name))).lower()


@pytest.mark.parametrize("name", ["a.txt", "a", "a.xlsx", "a.csv.zip", "a.parquet.bak"])
def test_an_unknown_file_type_names_those_that_are_known(name: str, write_file: Any, refusal: Any) -> None:
    assert ".csv, .jsonl" in str(refusal(write_file(name, "title,type\nHeat,movie\n")))


def test_an_unknown_address(refusal: Any) -> None:
    assert "ftpx" in str(refusal("ftpx://somewhere/a.csv"))


def test_no_path_says_how_to_give_one() -> None:
    with pytest.raises(UsageError, match="--set path="):
        open_source(SourceConfig(source="files"))


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.csv.gz", "a.jsonl.gz"])
def test_an_empty_text_file(name: str, write_file: Any, refusal: Any) -> None:
    assert "the file has no rows" in str(refusal(write_file(name, b"")))


@pytest.mark.parametrize(("name", "content"), [("a.csv", "title,type\n"), ("a.csv", "\ufefftitle,type"), ("b.csv", "\n\n"), ("a.jsonl", "\n \n")])
def test_a_file_with_a_header_or_blank_lines_only(name: str, content: str, write_file: Any, refusal: Any) -> None:
    assert "the file has no rows" in str(refusal(write_file(name, content)))


def test_an_empty_parquet_file(write_file: Any, refusal: Any) -> None:
    assert "not readable as Parquet" in str(refusal(write_file("a.parquet", b"")))


def test_a_parquet_file_without_rows(tmp_path: Path, write_file: Any, refusal: Any) -> None:
    assert "the file has no rows" in str(refusal(write_file("a.parquet", bytes(parquet_bytes(tmp_path, 0)))))


@pytest.mark.parametrize("content", [b"PAR1 is how such a file begins", b"\x00" * 300, b"title,type\nHeat,movie\n" * 20])
def test_what_is_no_parquet(content: bytes, write_file: Any, refusal: Any) -> None:
    assert "not readable as Parquet" in str(refusal(write_file("a.parquet", content)))


def test_a_truncated_parquet_file(tmp_path: Path, write_file: Any, refusal: Any) -> None:
    whole = parquet_bytes(tmp_path, 5_000)
    assert "cut short" in str(refusal(write_file("a.parquet", bytes(whole[: len(whole) // 2]))))


@pytest.mark.parametrize("place", [slice(2_000, 6_000), slice(-300, -8)], ids=["data", "footer"])
def test_a_corrupt_parquet_file(place: slice, tmp_path: Path, write_file: Any, refusal: Any) -> None:
    whole = parquet_bytes(tmp_path, 5_000)
    whole[place] = bytes(byte ^ 0xA5 for byte in whole[place])
    assert "not readable as Parquet" in str(refusal(write_file("a.parquet", bytes(whole))))


@pytest.mark.parametrize("rows", [3, 200_000], ids=["at once", "after a while"])
def test_a_gz_file_cut_short(rows: int, write_file: Any, refusal: Any) -> None:
    """A long one begins well: the damage shows only when the reader gets there."""
    packed = gzip.compress(("title,type\n" + "".join(f"Title {number * 7919 % 10007},movie\n" for number in range(rows))).encode())
    assert "cut short" in str(refusal(write_file("a.csv.gz", packed[:-20])))


def test_a_corrupt_gz_file(write_file: Any, refusal: Any) -> None:
    packed = gzip.compress(b"title,type\nHeat,movie\n")
    assert isinstance(refusal(write_file("a.csv.gz", packed[:10] + b"\xff" * 200)), InputError)


def test_a_gz_file_that_is_not_compressed(write_file: Any, refusal: Any) -> None:
    assert "gzip" in str(refusal(write_file("a.csv.gz", "title,type\nHeat,movie\n")))


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_text_in_another_encoding(name: str, write_file: Any, refusal: Any) -> None:
    content = "title,type\nAmélie,movie\n" if name.endswith("csv") else '{"title": "Amélie", "type": "movie"}\n'
    error = refusal(write_file(name, content.encode("latin-1")))
    assert "not utf-8 text" in str(error)
    assert "--set encoding=" in str(error)


def test_the_place_of_a_bad_byte_is_where_it_is_in_the_file(write_file: Any, refusal: Any) -> None:
    """The reader decodes in pieces: a place within the piece helps no one to find the byte."""
    content = b"title,type\n" + b"Heat,movie\n" * 20_000 + b"Am\xe9lie,movie\n"
    message = str(refusal(write_file("a.csv", content)))
    assert f"{content.index(0xE9):,}" in message or "a.csv:20002" in message


@pytest.mark.parametrize("encoding", ["klingon", "rot13"])
def test_an_unknown_encoding(encoding: str, write_file: Any, refusal: Any) -> None:
    error = refusal(write_file("a.csv", "title,type\nHeat,movie\n"), encoding=encoding)
    assert isinstance(error, UsageError)
    assert encoding in str(error)


def test_an_invalid_line_of_json_is_named_by_its_number(write_file: Any, refusal: Any) -> None:
    path = write_file("a.jsonl", '{"title": "Heat", "type": "movie"}\n\n{"title": "Alien", "type"\n')
    assert str(refusal(path)).startswith(f"{path}:3: not a line of JSON")


@pytest.mark.parametrize("line", ["[1, 2]", '"Heat"', "42", "null", "true"])
def test_a_line_of_json_that_is_no_object_is_named_by_its_number(line: str, write_file: Any, refusal: Any) -> None:
    path = write_file("a.jsonl", '{"title": "Heat", "type": "movie"}\n' + line + "\n")
    message = str(refusal(path))
    assert message.startswith(f"{path}:2: ")
    assert "an object is needed" in message


def test_a_line_of_json_nested_without_end(write_file: Any, refusal: Any) -> None:
    path = write_file("a.jsonl", '{"title": "Heat", "type": "movie"}\n' + "[" * 100_000 + "\n")
    assert str(refusal(path)).startswith(f"{path}:2: ")


def test_a_csv_cut_short_within_a_quoted_cell_is_refused(write_file: Any, refusal: Any) -> None:
    """Left alone, the open quote swallows every row after it into one cell, and their loss goes unseen."""
    path = write_file("a.csv", 'title,type,plot\nHeat,movie,"A thief\nAlien,movie,A ship.\nBrazil,movie,A form.\n')
    assert isinstance(refusal(path), InputError)


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "name,type\nHeat,movie\n"), ("a.csv", "title;type\nHeat;movie\n"), ("a.jsonl", '{"name": "Heat", "type": "movie"}')]
)
def test_no_title_column_says_what_there_is_and_how_to_map_it(name: str, content: str, write_file: Any, refusal: Any) -> None:
    message = str(refusal(write_file(name, content)))
    assert "no column for 'title'" in message
    assert "type" in message
    assert "--set columns.title=" in message


def test_no_type_column_says_how_to_set_one(write_file: Any, refusal: Any) -> None:
    assert "--set constants.type=movie" in str(refusal(write_file("a.csv", "title\nHeat\n")))


def test_a_wrong_column_in_the_mapping_is_answered_with_the_nearest(write_file: Any, refusal: Any) -> None:
    error = refusal(write_file("a.csv", "title,type,overview\nHeat,movie,A thief.\n"), columns={"plot": "overveiw"})
    assert "no column 'overveiw'" in str(error)
    assert "did you mean 'overview'?" in str(error)


@pytest.mark.parametrize("option", ["columns", "constants"])
def test_a_wrong_title_column_is_answered_with_the_nearest(option: str, write_file: Any, refusal: Any) -> None:
    error = refusal(write_file("a.csv", "title,type\nHeat,movie\n"), **{option: {"titel": "title"}})
    assert isinstance(error, UsageError)
    assert "did you mean 'title'?" in str(error)


def test_an_unknown_preset_is_answered_with_the_nearest(write_file: Any, refusal: Any) -> None:
    assert "did you mean 'netflix'?" in str(refusal(write_file("a.csv", "title,type\nHeat,movie\n"), preset="netflx"))
