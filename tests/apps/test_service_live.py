"""The current release being replaced while requests are answered: nothing is dropped, nothing mixed, nothing left open."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trending.errors import ReleaseError
from trending.insights.maker import InsightMaker
from trending.releases import ReleaseStore
from trending.releases.bundle import seal_bundle
from trending.releases.manifest import read_manifest
from trending.releases.promotion import promote
from trending.service.live import LiveService
from trending.service.service import TitleService

MakeBundle = Callable[..., Path]


@pytest.fixture
def live(store: ReleaseStore) -> Iterator[LiveService]:
    """A service over the published release that looks for a new one every 20 ms."""
    opened = LiveService(store, InsightMaker.from_settings(), poll_seconds=0.02)
    opened.open()
    yield opened
    opened.close()


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def served(live: LiveService) -> str:
    with live.lease() as service:
        return service.version


def test_a_new_release_takes_over_and_a_lease_keeps_the_old_one_open(live: LiveService, store: ReleaseStore, make_bundle: MakeBundle) -> None:
    old = served(live)
    with live.lease() as service:
        new = store.publish(make_bundle(1))
        wait_for(lambda: served(live) == new)
        assert service.version == old
        assert service.search("the", limit=1).release == old  # still open
    assert served(live) == new


def test_the_old_release_is_closed_when_its_last_request_ends(
    live: LiveService, store: ReleaseStore, make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    close = TitleService.close
    monkeypatch.setattr(TitleService, "close", lambda self: (closed.append(self.version), close(self))[1])
    old = served(live)
    with live.lease(), live.lease():
        new = store.publish(make_bundle(1))
        wait_for(lambda: served(live) == new)
        assert closed == []
    assert closed == [old]


def test_a_damaged_release_is_passed_over_and_taken_up_once_another_is_current(live: LiveService, store: ReleaseStore, make_bundle: MakeBundle) -> None:
    old = served(live)
    bundle = make_bundle(1)
    broken = store.publish(bundle)
    (Path(store.root) / broken / "model_card.md").write_text("changed afterwards")
    store_view = LiveService(store, live.maker)
    store_view.open()
    try:
        assert served(store_view) == old  # opened on a damaged CURRENT, it serves the newest whole one
    finally:
        store_view.close()
    good = store.publish(make_bundle(2))
    wait_for(lambda: served(live) == good)


def test_without_a_release_whoever_asks_is_told_and_a_first_release_is_found(tmp_path: Path, bundle: Path) -> None:
    store = ReleaseStore(str(tmp_path / "releases"), tmp_path / "cache")
    live = LiveService(store, InsightMaker.from_settings(), poll_seconds=0.02)
    live.open()
    try:
        with pytest.raises(ReleaseError, match="--pipeline training"), live.lease():
            pass
        version = store.publish(bundle)

        def is_served() -> bool:
            try:
                return served(live) == version
            except ReleaseError:
                return False

        wait_for(is_served)
    finally:
        live.close()


def test_answers_are_never_mixed_while_releases_are_swapped(live: LiveService, store: ReleaseStore, make_bundle: MakeBundle) -> None:
    versions = [served(live), store.publish(make_bundle(1))]
    failures: list[BaseException] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                with live.lease() as service:
                    first, second = service.search("love", limit=2), service.list_genres()
                    assert first.release == second.release == service.version
            except BaseException as error:
                failures.append(error)
                return

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    for turn in range(6):
        promote(store, versions[turn % 2])
        wait_for(lambda turn=turn: served(live) == versions[turn % 2])
    stop.set()
    for asker in askers:
        asker.join()
    assert failures == []


def test_a_release_that_can_not_be_served_is_logged_once_and_the_last_good_one_stays(
    live: LiveService, store: ReleaseStore, make_bundle: MakeBundle, caplog: pytest.LogCaptureFixture
) -> None:
    good, bundle = served(live), make_bundle(1)
    (bundle / "model" / "terms.json").unlink()
    seal_bundle(bundle, read_manifest(bundle))
    bad = store.publish(bundle)  # whole, by its own account
    wait_for(lambda: bad in caplog.text)
    live.refresh()
    assert served(live) == good
    assert caplog.text.count("no readable model") == 1


def test_a_closed_release_leaves_memory_at_once(store: ReleaseStore) -> None:
    """Else each swap would leave a model and its vectors behind until Python happens to look for cycles."""
    gc.collect()
    gc.disable()
    try:
        service = TitleService(store.open(), InsightMaker.from_settings())
        service.get_title(service.search("the", limit=1).titles[0].title_id)
        left = [weakref.ref(part) for part in (service, service.release, service.release.predictor.model, service.catalogue)]
        service.close()
        del service
        assert [part() for part in left] == [None] * 4
    finally:
        gc.enable()
