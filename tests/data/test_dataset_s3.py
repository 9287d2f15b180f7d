"""Versions in an object store: moto's S3 on loopback, spoken to by s3fs and dvc-s3 as they speak to the real one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data.dataset_samples import Publisher, make_tables, read_all
from tests.s3 import serve_s3
from trending.datasets.store import DataStore
from trending.errors import InputError, NotFoundError, TrendingError
from trending.settings import load_settings


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket, where the settings point."""
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    with serve_s3(bucket, "eu-central-1"):
        monkeypatch.setenv("TRENDING_DATA", f"s3://{bucket}/some/data/")
        load_settings.cache_clear()
        yield load_settings().data_url


@pytest.fixture
def publisher(address: str, tmp_path: Path) -> Publisher:
    """A machine that publishes to the bucket."""
    return Publisher(DataStore.from_settings(), tmp_path / "incoming")


def _keys(address: str) -> set[str]:
    import boto3

    bucket = address.removeprefix("s3://").partition("/")[0]
    return {item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])}


def test_published_from_one_home_and_pulled_into_another_byte_for_byte(
    publisher: Publisher, address: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first = publisher.prepare(make_tables(4))
    second_tables = make_tables(4)
    second_tables["titles"][0]["plot"] = "Another plot."
    publisher.store.publish(*first)
    before = _keys(address)
    second = publisher.prepare(second_tables)
    publisher.store.publish(*second)
    assert len(_keys(address) - before) == 4, "one partition, one listing, a pointer and a manifest: what did not change is stored once"
    other = DataStore(address, tmp_path / "elsewhere" / "data")
    assert other.versions() == [first[1].version, second[1].version]
    assert other.latest() == second[1].version
    for directory, manifest in (first, second):
        assert read_all(other.pull(manifest.version)) == read_all(directory)
        assert other.verify(manifest.version).version == manifest.version
    assert other.diff(first[1].version).tables["titles"].columns == {"plot": 1}
    assert capfd.readouterr() == ("", "")


def test_a_version_published_meanwhile_is_seen_and_equal_tables_make_none(publisher: Publisher, address: str, tmp_path: Path) -> None:
    other = DataStore(address, tmp_path / "elsewhere" / "data")
    assert (other.versions(), other.latest()) == ([], None)
    with pytest.raises(NotFoundError, match="no data version is published"):
        other.pull()
    version = publisher.publish()
    assert (other.versions(), other.latest()) == ([version], version)
    assert Publisher(other, tmp_path / "again", days=5).publish() == version


def test_a_damaged_bucket_is_one_clear_line(publisher: Publisher, address: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import boto3

    version = publisher.publish()
    bucket = address.removeprefix("s3://").partition("/")[0]
    parquet = next(key for key in _keys(address) if "/remote/" in key and not key.endswith(".dir"))
    boto3.client("s3").put_object(Bucket=bucket, Key=parquet, Body=b"damaged")
    other = DataStore(address, tmp_path / "elsewhere" / "data")
    with pytest.raises(InputError, match=f"data version {version}: can't be read back") as failure:
        other.pull()
    assert "\n" not in str(failure.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("url", ["s3://no-such-bucket-here/data"])
def test_a_bucket_that_is_not_there_is_one_clear_line(address: str, tmp_path: Path, url: str) -> None:
    publisher = Publisher(DataStore(url, tmp_path / "cache"), tmp_path / "incoming")
    with pytest.raises(TrendingError, match="bucket") as failure:
        publisher.publish()
    assert "\n" not in str(failure.value)
    assert publisher.store.versions() == []
