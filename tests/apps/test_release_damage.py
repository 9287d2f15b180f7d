"""Damage of any kind is found, named, and never served."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trending.errors import ReleaseError
from trending.releases import ReleaseStore, load_bundle, verify_bundle
from trending.releases.bundle import seal_bundle
from trending.releases.manifest import FORMAT, read_manifest
from trending.releases.promotion import promote, roll_back

MakeBundle = Callable[..., Path]


@pytest.fixture
def copy(tmp_path: Path, bundle: Path) -> Path:
    """A copy of the bundle to be damaged."""
    return Path(shutil.copytree(bundle, tmp_path / "copy"))


def _flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "harm",
    [_flip, lambda content: content[:-1], lambda content: content + b"\n", lambda _: b"", lambda _: None],
    ids=["one bit", "cut short", "one byte more", "emptied", "missing"],
)
def test_harm_to_any_single_file_is_refused_by_name(copy: Path, harm: Callable[[bytes], bytes | None]) -> None:
    names = [path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file() and path.name != "release.json"]
    assert len(names) >= 7
    for name in names:
        content = (copy / name).read_bytes()
        harmed = harm(content)
        if harmed is None:
            (copy / name).unlink()
        else:
            (copy / name).write_bytes(harmed)
        for check in (verify_bundle, load_bundle):
            with pytest.raises(ReleaseError, match=re.escape(name)):
                check(copy)
        (copy / name).write_bytes(content)
    verify_bundle(copy)


@pytest.mark.parametrize("name", ["extra.txt", ".hidden", "model/extra.json", "new/deep/file", "release.json.bak", "model/release.json"])
def test_a_file_too_many_is_refused_by_name(copy: Path, name: str) -> None:
    (copy / name).parent.mkdir(parents=True, exist_ok=True)
    (copy / name).write_text("{}")
    with pytest.raises(ReleaseError, match=re.escape(name)):
        verify_bundle(copy)


def test_a_renamed_file_is_refused_by_name(copy: Path) -> None:
    (copy / "data_card.md").rename(copy / "Data_card.md")
    with pytest.raises(ReleaseError, match=r"(?i)data_card\.md"):
        verify_bundle(copy)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}", b"[" * 100_000], ids=str)
def test_a_broken_manifest_is_refused_by_name(copy: Path, content: bytes | None) -> None:
    (copy / "release.json").unlink()
    if content is not None:
        (copy / "release.json").write_bytes(content)
    with pytest.raises(ReleaseError, match=r"release\.json"):
        verify_bundle(copy)


def _leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def test_a_change_to_any_single_value_of_the_manifest_is_refused(copy: Path) -> None:
    original = (copy / "release.json").read_text(encoding="utf-8")
    leaves = list(_leaves(json.loads(original)))
    assert len(leaves) > 40
    for path, value in leaves:
        document = json.loads(original)
        node = document
        for key in path[:-1]:
            node = node[key]
        changed = (not value) if isinstance(value, bool) else value + "0" if isinstance(value, str) else 0 if value is None else value + 1e-9
        node[path[-1]] = changed if path[-1] != "format" else FORMAT + 1
        (copy / "release.json").write_text(json.dumps(document), encoding="utf-8")
        with pytest.raises(ReleaseError, match=rf"release\.json|format {FORMAT + 1}"):
            verify_bundle(copy)


@pytest.mark.parametrize("place", [(), ("data",), ("metrics", "macro_f1")], ids=["top", "data", "metrics"])
def test_a_key_added_to_the_manifest_is_refused(copy: Path, place: tuple[str, ...]) -> None:
    """`digest` is the SHA-256 of the document without that field, so nothing can be added either."""
    document = json.loads((copy / "release.json").read_text(encoding="utf-8"))
    node = document
    for key in place:
        node = node[key]
    node["added"] = "by somebody"
    (copy / "release.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ReleaseError, match=r"release\.json"):
        verify_bundle(copy)


def test_a_later_format_is_refused_with_advice_to_upgrade(copy: Path) -> None:
    seal_bundle(copy, read_manifest(copy).model_copy(update={"format": FORMAT + 1}))
    with pytest.raises(ReleaseError, match="upgrade"):
        verify_bundle(copy)


def test_an_earlier_format_is_refused_with_advice_to_train_again(copy: Path) -> None:
    seal_bundle(copy, read_manifest(copy).model_copy(update={"format": FORMAT - 1}))
    with pytest.raises(ReleaseError, match="--pipeline training"):
        verify_bundle(copy)


@pytest.mark.parametrize("name", ["catalogue.sqlite", "model/model.json", "release.json"])
def test_open_falls_back_to_the_older_release_with_a_warning(store: ReleaseStore, make_bundle: MakeBundle, caplog: pytest.LogCaptureFixture, name: str) -> None:
    good = store.versions()[0]
    bad = store.publish(make_bundle(1))
    (store.directory(bad) / name).write_bytes(b"damaged")
    with caplog.at_level(logging.WARNING):
        assert store.open().manifest.version == good
    assert f"serving {good} instead of {bad}" in caplog.text
    assert name in caplog.text


def test_open_falls_back_where_current_names_a_version_that_is_gone(store: ReleaseStore, make_bundle: MakeBundle, caplog: pytest.LogCaptureFixture) -> None:
    good = store.versions()[0]
    gone = store.publish(make_bundle(1))
    shutil.rmtree(store.directory(gone))
    with caplog.at_level(logging.WARNING):
        assert store.open().manifest.version == good
    assert gone in caplog.text


def test_open_skips_every_damaged_release_on_the_way_down(store: ReleaseStore, make_bundle: MakeBundle) -> None:
    good = store.versions()[0]
    for day in (1, 2):
        (store.directory(store.publish(make_bundle(day))) / "model_card.md").unlink()
    assert store.open().manifest.version == good


def test_open_never_falls_forward_to_a_newer_release(store: ReleaseStore, make_bundle: MakeBundle) -> None:
    """A release that was rolled back from isn't served again by accident."""
    old = store.versions()[0]
    store.publish(make_bundle(1))
    roll_back(store)
    (store.directory(old) / "model_card.md").unlink()
    with pytest.raises(ReleaseError, match=re.escape(old)):
        store.open()


def test_open_of_a_named_damaged_release_does_not_fall_back(store: ReleaseStore, make_bundle: MakeBundle) -> None:
    bad = store.publish(make_bundle(1))
    (store.directory(bad) / "model_card.md").unlink()
    with pytest.raises(ReleaseError, match=r"model_card\.md"):
        store.open(bad)


def test_open_fails_in_one_line_when_nothing_is_whole(store: ReleaseStore) -> None:
    (store.directory(store.versions()[0]) / "catalogue.sqlite").unlink()
    with pytest.raises(ReleaseError) as caught:
        store.open()
    assert "\n" not in str(caught.value)
    assert store.versions()[0] in str(caught.value)


def test_promote_refuses_a_damaged_release_and_leaves_current_as_it_was(store: ReleaseStore, make_bundle: MakeBundle) -> None:
    newer = store.publish(make_bundle(1))
    older = roll_back(store).version
    (store.directory(newer) / "model_card.md").write_text("changed")
    before = sorted(path.name for path in Path(store.root).iterdir())
    with pytest.raises(ReleaseError, match=r"model_card\.md"):
        promote(store, newer)
    assert store.current_version() == older
    assert sorted(path.name for path in Path(store.root).iterdir()) == before


def test_rollback_skips_a_damaged_release(store: ReleaseStore, make_bundle: MakeBundle, caplog: pytest.LogCaptureFixture) -> None:
    oldest = store.versions()[0]
    damaged = store.publish(make_bundle(1))
    store.publish(make_bundle(2))
    (store.directory(damaged) / "model_card.md").unlink()
    with caplog.at_level(logging.WARNING):
        assert roll_back(store).version == oldest
    assert damaged in caplog.text


def test_a_current_of_undecodable_bytes_is_a_release_error(store: ReleaseStore) -> None:
    """The pointer is read by every service at start: rubbish in it must be an error that says so."""
    (Path(store.root) / "CURRENT").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ReleaseError):
        store.open()


def test_an_empty_current_means_that_nothing_is_published(store: ReleaseStore) -> None:
    (Path(store.root) / "CURRENT").write_bytes(b"\n")
    with pytest.raises(ReleaseError, match="no release is published"):
        store.open()
