"""Large files are read as a stream: first rows come at once, and memory doesn't grow with the file."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from trending.sources import SourceConfig, open_source
from trending.sources.files import FileSource

ROWS = 200_000
_MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def large_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of some 40 MB."""
    path = tmp_path_factory.mktemp("large") / "large.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write("title,type,plot\n")
        stream.writelines(f'Title {number},movie,"{"A long way from home, " * 8}{number}"\n' for number in range(ROWS))
    assert path.stat().st_size > 35 * _MEGABYTE
    return path


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def test_the_first_rows_of_a_large_file_take_little_memory(large_csv: Path, traced: None) -> None:
    source = open_source(SourceConfig(source="files", path=str(large_csv)))
    rows = list(islice(source.records(), 1_000))
    assert rows[-1]["title"] == "Title 999"
    assert tracemalloc.get_traced_memory()[1] < 10 * _MEGABYTE


def test_a_limit_stops_reading(large_csv: Path, traced: None) -> None:
    assert sum(1 for _ in FileSource(SourceConfig(source="files", path=str(large_csv), limit=500)).records()) == 500
    assert tracemalloc.get_traced_memory()[1] < 10 * _MEGABYTE


def test_reading_a_large_file_to_its_end_takes_little_memory(large_csv: Path, traced: None) -> None:
    count = sum(1 for _ in FileSource(SourceConfig(source="files", path=str(large_csv))).records())
    assert count == ROWS
    assert tracemalloc.get_traced_memory()[1] < 30 * _MEGABYTE


def test_the_fingerprint_of_a_large_file_takes_little_memory(large_csv: Path, traced: None) -> None:
    assert len(FileSource(SourceConfig(source="files", path=str(large_csv))).fingerprint()) == 64
    assert tracemalloc.get_traced_memory()[1] < 30 * _MEGABYTE
