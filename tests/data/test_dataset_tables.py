"""Tables as files: the bytes depend on the rows alone, keys are unique, partitions are by source, and what is read is what was written."""

from __future__ import annotations

import datetime as dt
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.dataset_samples import make_tables, make_title, read_all, to_batches
from trending.datasets import tables as module
from trending.datasets.tables import read_table, scan_table, table_files, table_path, write_table
from trending.errors import InputError, QualityError
from trending.provenance import hash_file
from trending.tables import PARTITIONED, SORT_KEYS, TABLES

IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from tests.data.dataset_samples import make_tables, to_batches
from trending.datasets.tables import write_table
for name, rows in make_tables().items():
    write_table(to_batches(name, rows), name, Path(sys.argv[1]))
"""


def _write_all(directory: Path, rows_of: dict[str, list[dict[str, object]]]) -> dict[str, bytes]:
    for name, rows in rows_of.items():
        write_table(to_batches(name, rows), name, directory)
    return read_all(directory)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    for name, rows in make_tables().items():
        assert write_table(to_batches(name, rows), name, tmp_path) == len(rows)
        expected = pa.Table.from_pylist(rows, schema=TABLES[name])
        order = [(key, "ascending") for key in ("source", *SORT_KEYS[name]) if key in TABLES[name].names]
        assert read_table(tmp_path, name).sort_by(order).equals(expected.sort_by(order)), name
        assert scan_table(tmp_path, name).count_rows() == len(rows)


def test_rows_in_another_process_give_the_same_bytes(tmp_path: Path) -> None:
    here = _write_all(tmp_path / "here", make_tables())
    subprocess.run([sys.executable, "-c", IN_ANOTHER_PROCESS, str(tmp_path / "there")], check=True, cwd=Path(__file__).resolve().parents[2])
    assert here == read_all(tmp_path / "there")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**16), size=st.integers(1, 40), group=st.integers(1, 50), by_relation=st.booleans())
def test_bytes_depend_neither_on_the_order_nor_on_the_batches_of_the_input(
    tmp_path_factory: pytest.TempPathFactory, seed: int, size: int, group: int, by_relation: bool
) -> None:
    """Row groups are made small, so that their borders fall everywhere."""
    rows, shuffled = [make_title(number, source) for source in ("a", "b c/d") for number in range(45)], []
    shuffled = random.Random(seed).sample(rows, len(rows))
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROW_GROUP_ROWS", group)
        write_table(to_batches("titles", rows), "titles", one)
        with duckdb.connect() as connection:
            table = pa.Table.from_batches(to_batches("titles", shuffled, size))
            write_table(connection.from_arrow(table) if by_relation else table.to_batches(), "titles", other)
    assert read_all(one) == read_all(other)
    assert pq.ParquetFile(table_files(one, "titles")[0]).num_row_groups == -(-45 // group)


def test_the_bytes_of_a_partition_do_not_depend_on_the_other_partitions(tmp_path: Path) -> None:
    """With rows long enough for many pages: Parquet cuts pages where chunks of memory end, which is elsewhere behind another source's rows."""
    words = [f"{random.Random(7).getrandbits(40) + number:x}" for number in range(3_000)]
    chance = random.Random(8)
    rows = [make_title(number, "b", plot=" ".join(chance.choices(words, k=80))) for number in range(12_000)]
    write_table(to_batches("titles", rows), "titles", tmp_path / "alone")
    write_table(to_batches("titles", [make_title(number, "a") for number in range(60_000)] + rows), "titles", tmp_path / "behind")
    alone, behind = (hash_file(tmp_path / folder / table_path("titles", "b")) for folder in ("alone", "behind"))
    assert alone == behind


def test_partitions_are_by_source_and_the_source_stays_in_the_file(tmp_path: Path) -> None:
    for name, rows in make_tables().items():
        write_table(to_batches(name, rows), name, tmp_path)
        files = table_files(tmp_path, name)
        if name in PARTITIONED:
            sources = sorted({row["source"] for row in rows})
            assert [path.relative_to(tmp_path).as_posix() for path in files] == [f"{name}/source={source}/part-0.parquet" for source in sources]
            assert [set(pq.read_table(path, partitioning=None)["source"].to_pylist()) for path in files] == [{source} for source in sources]
        else:
            assert files == [tmp_path / name / "part-0.parquet"]
        assert all(pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD" for path in files)


def test_a_source_may_have_any_name_and_stays_inside_the_folder(tmp_path: Path) -> None:
    for source in ("../../evil", "a=b", "Ünïcode", "2024"):
        write_table(to_batches("titles", [make_title(1, source)]), "titles", tmp_path / "version")
        assert (tmp_path / "version" / table_path("titles", source)).is_file()
        assert read_table(tmp_path / "version", "titles", ["source"])["source"].to_pylist() == [source]
    assert [path.name for path in tmp_path.iterdir()] == ["version"]


def test_rows_that_share_a_key_are_refused_and_nothing_stays(tmp_path: Path) -> None:
    rows = [make_title(number) for number in (3, 1, 2, 1)]
    with pytest.raises(QualityError, match=r"table titles: two rows share the key \(tvmaze, tvmaze:00001\)"):
        write_table(to_batches("titles", rows, size=1), "titles", tmp_path)
    assert table_files(tmp_path, "titles") == []


def test_two_sources_may_say_the_same_of_one_title(tmp_path: Path) -> None:
    signal = dict.fromkeys(TABLES["signals"].names) | {"title_id": "a:1", "kind": "views", "market": "global", "days": 7}
    assert write_table(to_batches("signals", [signal | {"source": "a"}, signal | {"source": "b"}]), "signals", tmp_path) == 2


def test_keys_with_nulls_are_compared_too(tmp_path: Path) -> None:
    signal = dict.fromkeys(TABLES["signals"].names) | {"title_id": "a:1", "source": "a", "kind": "views", "market": "global", "days": 7}
    later = signal | {"period_start": dt.date(2030, 1, 1)}
    assert write_table(to_batches("signals", [later, signal]), "signals", tmp_path) == 2
    with pytest.raises(QualityError, match="share the key"):
        write_table(to_batches("signals", [signal, later, signal]), "signals", tmp_path)


def test_unfit_input_is_refused_in_one_line(tmp_path: Path) -> None:
    rows = pa.Table.from_pylist([make_title(1)], schema=TABLES["titles"])
    with pytest.raises(InputError, match="table titles: columns are missing or unknown: plot"):
        write_table(rows.drop_columns(["plot"]).to_batches(), "titles", tmp_path)
    with pytest.raises(InputError, match="doesn't fit its column"):
        write_table(rows.set_column(3, "year", pa.array(["soon"])).to_batches(), "titles", tmp_path)
    with pytest.raises(InputError, match="no source"):
        write_table(to_batches("titles", [make_title(1) | {"source": None}]), "titles", tmp_path)
    with pytest.raises(InputError, match="no table 'films'"):
        write_table([], "films", tmp_path)


def test_an_error_of_whoever_gives_the_rows_comes_out_as_it_was(tmp_path: Path) -> None:
    def give() -> Iterator[pa.RecordBatch]:
        yield from to_batches("titles", [make_title(1)])
        raise LookupError("the source ran dry")

    with pytest.raises(LookupError, match="ran dry"):
        write_table(give(), "titles", tmp_path)


def test_a_table_written_again_replaces_all_of_the_old_one(tmp_path: Path) -> None:
    write_table(to_batches("titles", make_tables()["titles"]), "titles", tmp_path)
    write_table(to_batches("titles", [make_title(1, "wikipedia")]), "titles", tmp_path)
    assert read_table(tmp_path, "titles")["title_id"].to_pylist() == ["wikipedia:00001"]


def test_empty_tables_are_tables(tmp_path: Path) -> None:
    for name, schema in TABLES.items():
        assert write_table([], name, tmp_path) == 0
        assert len(table_files(tmp_path, name)) == (name not in PARTITIONED)
        assert read_table(tmp_path, name).equals(schema.empty_table())


def test_columns_a_table_of_an_older_version_lacks_are_null(tmp_path: Path) -> None:
    write_table(to_batches("titles", [make_title(1)]), "titles", tmp_path)
    file = table_files(tmp_path, "titles")[0]
    pq.write_table(pq.read_table(file, partitioning=None).drop_columns(["url"]), file)
    assert read_table(tmp_path, "titles", ["title_id", "url"]).to_pylist() == [{"title_id": "tvmaze:00001", "url": None}]


WRITE_MANY = """
import resource, sys
from pathlib import Path
import pyarrow as pa
import pyarrow.compute as pc
from tests.data.dataset_samples import make_title, to_batches
from trending.datasets.tables import write_table
[batch] = to_batches("titles", [make_title(number, plot=f"{number} " * 150) for number in range(20_000)])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
def multiply(times):
    for copy in range(times):
        ids = pc.binary_join_element_wise(batch["title_id"], str(copy), "-")
        yield pa.record_batch([ids, *batch.columns[1:]], schema=batch.schema)
assert write_table(multiply(int(sys.argv[2])), "titles", Path(sys.argv[1])) == 20_000 * int(sys.argv[2])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_million_long_titles_are_written_in_bounded_memory(tmp_path: Path) -> None:
    """About 1 GB of text; the limit is that of DuckDB (1 GB) and of a few row groups."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", WRITE_MANY, str(tmp_path), "50"], check=True, cwd=root, capture_output=True, text=True)
    assert int(done.stdout) < 1_800
