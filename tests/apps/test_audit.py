"""The audit trail: what it tells, and that nobody can change, drop, reorder or cut off an entry unseen."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from trending.provenance import RunOrigin
from trending.releases import ReleaseStore
from trending.releases.audit import AuditEntry, AuditTrail
from trending.releases.bundle import seal_bundle, verify_bundle
from trending.releases.manifest import read_manifest
from trending.releases.promotion import promote, roll_back
from trending.settings import load_settings

MakeBundle = Callable[..., Path]


@pytest.fixture
def trail(store: ReleaseStore, make_bundle: MakeBundle) -> AuditTrail:
    """A trail of four entries: published twice, rolled back, declined; the older release is current."""
    store.publish(make_bundle(1))
    roll_back(store)
    found = AuditTrail.from_store(store)
    found.append("declined", reason="not better", verdict={"difference": 0.001})
    return found


def entry_file(store: ReleaseStore, number: int) -> Path:
    return Path(store.root) / "audit" / f"{number:08d}.json"


def reseal(path: Path, **changes: object) -> None:
    """Change an entry as somebody would who knows how it is hashed."""
    entry = AuditEntry.model_validate_json(path.read_bytes()).model_copy(update=changes)
    path.write_bytes(entry.sealed().render())


def test_entries_tell_who_did_what_to_which_release_and_what_was_current_before(trail: AuditTrail, store: ReleaseStore) -> None:
    old, new = store.versions()
    told = [(entry.number, entry.action, entry.release, entry.previous) for entry in trail.entries()]
    assert told == [(1, "published", old, None), (2, "published", new, old), (3, "rolled_back", old, new), (4, "declined", None, old)]
    manifest = store.manifest(new)
    entry = list(trail.entries())[1]
    assert (entry.digest, entry.code) == (manifest.digest, manifest.git_sha)
    assert entry.data is not None
    assert (entry.data.source, entry.data.fingerprint) == (manifest.data.source, manifest.data.fingerprint)
    assert "@" in entry.actor
    assert trail.verify() is None


def test_entries_of_one_release_are_those_about_it(trail: AuditTrail, store: ReleaseStore) -> None:
    assert [entry.action for entry in trail.entries(store.versions()[0])] == ["published", "rolled_back"]


def test_a_promotion_keeps_verdict_in_short_and_hash_of_the_whole_and_the_run_and_the_reason(
    store: ReleaseStore, make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRENDING_ACTOR", "release-bot")
    load_settings.cache_clear()
    old = store.versions()[0]
    store.publish(make_bundle(1))
    verdict = {"better": True, "difference": 0.02, "interval": [0.01, 0.03], "slices": {"movie": {"difference": 0.1}}, "note": "x" * 5_000}
    entry = promote(store, old, verdict=verdict, run=RunOrigin(run_name="tuesday"), reason="by hand").entry
    assert entry is not None
    assert (entry.actor, entry.reason, entry.run.run_name) == ("release-bot", "by hand", "tuesday")
    assert entry.verdict == {"better": True, "difference": 0.02, "interval": [0.01, 0.03]}
    again = promote(store, store.versions()[1], verdict=dict(reversed(verdict.items()))).entry
    other = promote(store, old, verdict=verdict | {"note": "y"}).entry
    assert again is not None
    assert other is not None
    assert again.verdict_sha256 == entry.verdict_sha256 != other.verdict_sha256


def test_a_verdict_survives_being_written_and_read_whatever_numbers_it_holds(trail: AuditTrail) -> None:
    trail.append("declined", verdict={"numpy": np.float64(0.1), "none": None, "nan": float("nan"), "huge": 10**30, "text": "Amélie, 天"})
    assert trail.verify() is None


def test_promoting_what_is_current_adds_no_entry(trail: AuditTrail, store: ReleaseStore) -> None:
    before = len(trail.numbers())
    assert promote(store, str(store.current_version())).entry is None
    assert len(trail.numbers()) == before


HARMS: dict[str, tuple[Callable[[ReleaseStore], object], str]] = {
    "an entry is edited": (lambda store: entry_file(store, 2).write_bytes(entry_file(store, 2).read_bytes().replace(b"published", b"promoted")), "00000002"),
    "an entry is edited and hashed again": (lambda store: reseal(entry_file(store, 2), reason="none"), "00000003"),
    "white space is added": (lambda store: entry_file(store, 3).write_bytes(entry_file(store, 3).read_bytes() + b" "), "00000003"),
    "an entry is no JSON": (lambda store: entry_file(store, 3).write_bytes(b"{"), "00000003"),
    "an entry has a key more": (
        lambda store: entry_file(store, 1).write_text(json.dumps(json.loads(entry_file(store, 1).read_text()) | {"extra": 1})),
        "00000001",
    ),
    "the first is gone": (lambda store: entry_file(store, 1).unlink(), "00000001"),
    "one in the middle is gone": (lambda store: entry_file(store, 2).unlink(), "00000002"),
    "two are swapped": (lambda store: _swap(entry_file(store, 2), entry_file(store, 3)), "00000002"),
    "the end is cut off": (lambda store: [entry_file(store, number).unlink() for number in (3, 4)], "CURRENT"),
    "all but the first are cut off, and CURRENT is put back": (lambda store: [entry_file(store, number).unlink() for number in (2, 3, 4)], "release 2030"),
    "CURRENT is moved by hand": (lambda store: (Path(store.root) / "CURRENT").write_text(store.versions()[1] + "\n"), "CURRENT"),
    "CURRENT is gone": (lambda store: (Path(store.root) / "CURRENT").unlink(), "CURRENT"),
}


def _swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


@pytest.mark.parametrize("harm", HARMS)
def test_whatever_is_done_to_the_trail_is_found_and_the_first_wrong_entry_is_named(trail: AuditTrail, store: ReleaseStore, harm: str) -> None:
    act, named = HARMS[harm]
    act(store)
    fault = trail.verify()
    assert fault is not None
    assert named in fault


def test_a_release_that_was_replaced_by_another_whole_one_of_its_name_is_found(trail: AuditTrail, store: ReleaseStore) -> None:
    """Sealed anew, it is whole by its own word; the trail knows better."""
    folder = store.directory(store.versions()[1])
    (folder / "model_card.md").write_text("the best there is")
    seal_bundle(folder, read_manifest(folder))
    verify_bundle(folder)
    assert "is not the one the trail tells of" in str(trail.verify())


def test_a_release_put_there_by_hand_is_found(trail: AuditTrail, store: ReleaseStore, make_bundle: MakeBundle) -> None:
    made = make_bundle(9)
    made.rename(Path(store.root) / "20300110T000000Z-00000000")
    assert "no entry tells of release 20300110T000000Z-00000000" in str(trail.verify())


def test_a_home_that_has_releases_and_no_trail_is_adopted_by_the_next_promotion(trail: AuditTrail, store: ReleaseStore) -> None:
    shutil.rmtree(Path(store.root) / "audit")
    assert trail.verify() is None
    old, new = store.versions()
    promote(store, new)
    assert [(entry.action, entry.release) for entry in trail.entries()] == [("adopted", old), ("promoted", new)]
    assert trail.verify() is None


def test_writers_at_the_same_time_each_get_an_entry_and_the_chain_holds(trail: AuditTrail, store: ReleaseStore) -> None:
    before = len(trail.numbers())
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(lambda index: AuditTrail.from_store(store).append("declined", reason=str(index)), range(40)))
    assert sorted(entry.number for entry in entries) == list(range(before + 1, before + 41))
    assert {entry.reason for entry in trail.entries()} >= {str(index) for index in range(40)}
    assert trail.verify() is None


def test_verify_ends_with_1_and_names_the_entry(store: ReleaseStore, trail: AuditTrail, run_main: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    home = Path(store.root).parent
    assert run_main("release", "verify", home=home).stdout.splitlines()[-1] == "audit trail: 4 entries, whole"
    entry_file(store, 2).unlink()
    done = run_main("release", "verify", "--json", home=home)
    assert done.returncode == 1
    assert "00000002.json is missing" in json.loads(done.stdout)["trail"]


def test_serving_and_listing_never_read_the_trail(store: ReleaseStore, trail: AuditTrail, run_main: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    for path in (Path(store.root) / "audit").glob("*.json"):
        path.write_bytes(b"\xff")
    assert store.open().manifest.version == store.current_version()
    for action in ("list", "show"):
        assert run_main("release", action, home=Path(store.root).parent).returncode == 0
