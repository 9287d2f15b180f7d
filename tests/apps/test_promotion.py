"""Promotions that are killed, that race, and whose followers fail: there is always one valid `CURRENT`, and the trail agrees with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.apps.killing import WRITES, FileFollower
from tests.s3 import serve_s3
from trending.continual.triggers import Declined
from trending.continual.watch import find_declined
from trending.errors import MovedError, NotFoundError, ReleaseError, UsageError
from trending.files import StoreFiles
from trending.provenance import RunOrigin
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail
from trending.releases.bundle import seal_bundle
from trending.releases.manifest import CatalogueOrigin, Manifest, read_manifest
from trending.releases.promotion import CURRENT_FILE, INTENT_FILE, is_pending, promote, repair, roll_back

MakeBundle = Callable[..., Path]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of an empty bucket of an S3 on loopback."""
    with serve_s3("promotions"):
        yield "s3://promotions"


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store lies: a folder, or a prefix of the bucket."""
    if request.param == "local":
        return str(tmp_path / "releases")
    return f"{request.getfixturevalue('bucket')}/{uuid.uuid4().hex}"


class Deaf:
    """A follower that can't be reached."""

    name = "deaf"

    def follow(self, manifest: Manifest) -> str:
        """Fail."""
        raise ConnectionError("nobody is there")


class Hanging(FileFollower):
    """A follower that takes its time with the first thing it is told, and does it nevertheless."""

    def __init__(self, path: Path) -> None:
        """Take the file."""
        super().__init__(path)
        self.asked, self.free, self.told = threading.Event(), threading.Event(), list[str]()

    def follow(self, manifest: Manifest) -> str:
        """Write the version when it is free to."""
        self.asked.set()
        assert self.free.wait(60)
        self.told.append(manifest.version)
        return super().follow(manifest)


def check_agrees(store: ReleaseStore, followed: Path) -> None:
    """One valid CURRENT, nothing pending, the chain whole and of the same opinion, the follower too."""
    current = store.current_version()
    assert current is not None
    store.verify(current)
    assert not is_pending(store)
    assert AuditTrail.from_store(store).verify() is None
    ids = [entry.promotion for entry in AuditTrail.from_store(store).entries() if entry.promotion]
    assert len(ids) == len(set(ids)), "a repair enters nothing twice"
    assert not followed.exists() or followed.read_text() == current


@pytest.mark.parametrize("action", ["promote", "roll_back", "publish"])
def test_a_promotion_killed_between_any_two_writes_is_finished_or_undone_by_verify(
    place: str, action: str, make_bundle: MakeBundle, bundle: Path, tmp_path: Path
) -> None:
    store, followed = ReleaseStore(place, tmp_path / "cache"), tmp_path / "followed"
    old, new = store.publish(bundle), store.publish(make_bundle(1))
    incoming = make_bundle(2)
    moves = {"promote": (old, new, new), "roll_back": (new, old, "-"), "publish": (new, read_manifest(incoming).version, str(incoming))}
    outcomes = []
    for moment in range(1, WRITES + 2):
        begin, want, given = moves[action]
        promote(store, begin, followers=[FileFollower(followed)])
        if action == "publish" and want in store.versions():
            store.fs.rm(f"{store.root}/{want}", recursive=True)
        command = [sys.executable, "-m", "tests.apps.killing", place, str(tmp_path / "cache"), str(followed), action, str(moment), given]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False)
        if done.stdout == "done\n":
            break
        assert done.returncode < 0, done.stderr
        served = store.current_version()
        assert served in {begin, want}
        assert (repair(store, [FileFollower(followed)]) is None) == (moment == 1)
        assert store.current_version() == served, "a repair never moves CURRENT"
        check_agrees(store, followed)
        outcomes.append(served == want)
    else:
        pytest.fail("it was killed more often than there are writes")
    assert outcomes == [False] * outcomes.count(False) + [True] * outcomes.count(True)
    assert (outcomes.count(False), outcomes.count(True)) == (4 if action == "publish" else 3, 4)
    assert store.current_version() == want
    check_agrees(store, followed)


def test_the_next_promotion_repairs_what_was_killed(store: ReleaseStore, make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = store.versions()[0], store.publish(make_bundle(1))
    with monkeypatch.context() as patch:
        patch.setattr(AuditTrail, "add", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            promote(store, old)
    assert is_pending(store)
    promote(store, new)
    trail = AuditTrail.from_store(store)
    assert [(entry.action, entry.release) for entry in trail.entries()][-2:] == [("promoted", old), ("promoted", new)]
    assert trail.verify() is None
    assert not is_pending(store)


def test_what_was_to_replace_another_model_than_is_served_by_now_changes_nothing(store: ReleaseStore, make_bundle: MakeBundle, tmp_path: Path) -> None:
    """A catalogue that was scored by the champion, say, while a challenger took its place; scored by the same model it is no other one."""
    champion = str(store.current_version())
    rescored = store.publish(_rescore(make_bundle(1), champion), replaces=champion)
    assert store.current_version() == rescored
    challenger = store.publish(make_bundle(2), replaces=champion)
    for bundle in (make_bundle(3), _rescore(make_bundle(4), champion)):
        with pytest.raises(MovedError, match=f"the model of {challenger} is served by now, not that of {champion}"):
            store.publish(bundle, replaces=champion, followers=[FileFollower(tmp_path / "followed")])
    assert store.current_version() == challenger
    assert store.versions() == [champion, rescored, challenger]
    assert not is_pending(store)
    assert AuditTrail.from_store(store).verify() is None


def _rescore(bundle: Path, champion: str) -> Path:
    manifest = read_manifest(bundle)
    origin = CatalogueOrigin(
        data=manifest.data, shown=1, version=None, scored_from=champion, project_version="1", git_sha="", run=RunOrigin(), content=manifest.version
    )
    seal_bundle(bundle, manifest.model_copy(update={"catalogue": origin}))
    return bundle


def test_a_release_that_is_current_or_is_just_being_made_so_is_not_removed(
    store: ReleaseStore, make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = store.versions()[0], store.publish(make_bundle(1))
    write = StoreFiles.write

    def die(files: StoreFiles, name: str, content: bytes) -> None:
        if name == CURRENT_FILE:
            raise KeyboardInterrupt
        write(files, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(StoreFiles, "write", die)
        with pytest.raises(KeyboardInterrupt):
            promote(store, old)
    for version in (old, new):
        with pytest.raises(UsageError, match="is current"):
            store.remove(version)
    repair(store)
    store.remove(old)
    with pytest.raises(NotFoundError):
        promote(store, old)
    assert store.versions() == [new]


def test_what_was_published_and_rolled_back_is_told_whatever_catalogue_it_was_shown_with(store: ReleaseStore, make_bundle: MakeBundle) -> None:
    champion = str(store.current_version())
    verdict = {"key": "k", "champion": champion, "new_titles": 600}
    challenger = store.publish(make_bundle(1), verdict=verdict, replaces=champion)
    store.publish(_rescore(make_bundle(2), challenger))
    promote(store, champion, action="rolled_back", reason="westerns only")
    same, other = find_declined(store, champion, "k"), find_declined(store, champion, "of one title more")
    assert same == Declined("it was published and rolled back: westerns only", 600, same=True, suspect=False)
    assert other == Declined("it was published and rolled back: westerns only", 600, same=False, suspect=False)
    assert find_declined(store, "another", "of one title more") is None


def test_a_challenger_that_only_lost_a_race_is_not_kept_out(store: ReleaseStore) -> None:
    champion = str(store.current_version())
    for key, told in (("", None), ("k", Declined("x", 5, same=True, suspect=False))):
        details = {"champion": champion, "key": key, "new_titles": 5, "broken": []}
        AuditTrail.from_store(store).append("declined", manifest=store.manifest(champion), reason="x", details=details)
        assert find_declined(store, champion, "k") == told


def test_a_follower_that_fails_holds_nothing_up_and_is_told_by_the_next_verify(store: ReleaseStore, make_bundle: MakeBundle, tmp_path: Path) -> None:
    old, new = store.versions()[0], store.publish(make_bundle(1))
    done = promote(store, old, followers=[Deaf()])
    assert store.current_version() == done.version == old
    assert done.followed == {"deaf": "not told (nobody is there)"}
    assert is_pending(store)
    follower = FileFollower(tmp_path / "followed")
    assert repair(store, [follower]) == "file: written"
    check_agrees(store, follower.path)
    assert (store.current_version(), follower.path.read_text()) == (old, old)
    assert new in store.versions()


def test_a_follower_that_failed_is_forgotten_neither_by_a_repair_without_followers_nor_by_promoting_the_same_again(
    store: ReleaseStore, make_bundle: MakeBundle
) -> None:
    """Continual learning repairs without followers."""
    old, new = store.versions()[0], store.publish(make_bundle(1))
    promote(store, old, followers=[Deaf()])
    for again in (repair, lambda store: repair(store, [Deaf()]), lambda store: promote(store, old, followers=[Deaf()]), lambda store: promote(store, new)):
        again(store)
        assert is_pending(store)
    promote(store, new)
    promote(store, old, followers=[FileFollower(Path(store.root).parent / "followed")])
    assert not is_pending(store)
    assert promote(store, old, followers=[Deaf()]).entry is None
    assert is_pending(store), "what is current already is told of as well"


def test_a_follower_that_hangs_keeps_no_promoter_waiting_and_is_left_at_what_is_current(
    place: str, bundle: Path, make_bundle: MakeBundle, tmp_path: Path
) -> None:
    store = ReleaseStore(place, tmp_path / "cache")
    old, new = store.publish(bundle), store.publish(make_bundle(1))
    follower = Hanging(tmp_path / "followed")
    hung = threading.Thread(target=promote, args=(store, old), kwargs={"followers": [follower]})
    hung.start()
    assert follower.asked.wait(30)
    promote(ReleaseStore(place, tmp_path / "cache"), new, followers=[FileFollower(follower.path)])
    assert (store.current_version(), follower.path.read_text()) == (new, new)
    follower.free.set()
    hung.join(30)
    assert follower.told == [old, new], "it was told of the older release last, and so once more of the one that is current"
    check_agrees(store, follower.path)


def test_where_nothing_can_be_written_a_promotion_is_refused_in_one_line(store: ReleaseStore, make_bundle: MakeBundle, run_main: Callable[..., Any]) -> None:
    old, new = store.versions()[0], store.publish(make_bundle(1))
    shutil.rmtree(Path(store.root) / "audit")
    (Path(store.root) / "audit").write_text("in the way")  # tests may run as root, whom no permission stops
    for arguments in (("promote", old), ("rollback",)):
        done = run_main("release", *arguments, home=Path(store.root).parent)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert "can't be written" in done.stderr
    assert store.current_version() == new


def test_promoters_at_the_same_time_leave_a_trail_that_agrees_with_current(place: str, bundle: Path, make_bundle: MakeBundle, tmp_path: Path) -> None:
    store = ReleaseStore(place, tmp_path / "cache")
    versions = [store.publish(bundle), store.publish(make_bundle(1)), store.publish(make_bundle(2))]
    followed = tmp_path / "followed"

    def move(index: int) -> None:
        promote(ReleaseStore(place, tmp_path / "cache"), versions[index % 3], followers=[FileFollower(followed)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(move, range(8)))
    check_agrees(store, followed)


def test_in_an_object_store_a_promotion_that_goes_on_is_left_alone_and_one_whose_time_is_over_is_not(
    bucket: str, bundle: Path, make_bundle: MakeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a promoter on another machine nobody knows whether it lives."""
    store = ReleaseStore(f"{bucket}/{uuid.uuid4().hex}", tmp_path / "cache")
    old, new = store.publish(bundle), store.publish(make_bundle(1))
    monkeypatch.setattr("trending.releases.promotion.socket.gethostname", lambda: "elsewhere")
    with monkeypatch.context() as patch:
        patch.setattr(AuditTrail, "add", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            promote(store, old)
    monkeypatch.setattr("trending.releases.promotion.socket.gethostname", lambda: "here")
    monkeypatch.setattr("trending.releases.promotion._PATIENCE_SECONDS", 1.0)
    with pytest.raises(ReleaseError, match=f"is promoting {old}"):
        roll_back(store) if store.current_version() == new else promote(store, new)
    monkeypatch.setattr("trending.releases.promotion.time.time", lambda: 4e9)
    promote(store, new)
    assert AuditTrail.from_store(store).verify() is None
    assert store.current_version() == new


def test_a_damaged_intent_is_refused_in_one_line_that_says_how_to_mend_it(store: ReleaseStore, make_bundle: MakeBundle) -> None:
    new = store.publish(make_bundle(1))
    (Path(store.root) / INTENT_FILE).write_text("{")
    with pytest.raises(ReleaseError, match=r"pending\.json: the intent of a promotion is damaged; remove audit/pending\.json"):
        roll_back(store)
    assert store.current_version() == new
