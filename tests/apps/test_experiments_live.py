"""An experiment within one service: over an object store, over one that can't be written to, with a log that can't, and with a treatment that hangs."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trending.answers import PredictAnswer
from trending.errors import TrendingError
from trending.experiments.assignment import ASSIGNED, Assignment
from trending.experiments.experiment import Experiment, HarmRules, Variant
from trending.experiments.log import ExposureLog
from trending.experiments.shadow import WAITING, Shadow
from trending.experiments.store import ExperimentStore
from trending.experiments.tallies import Tallies
from trending.files import StoreFiles
from trending.insights.maker import InsightMaker
from trending.predictions import Prediction
from trending.releases import ReleaseStore
from trending.releases.promotion import promote
from trending.service import trial as trial_module
from trending.service.live import LiveService
from trending.service.service import TitleService
from trending.service.trial import Trial

MakeBundle = Callable[..., Path]
Open = Callable[[ReleaseStore], LiveService]


@pytest.fixture
def open_live(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Return a function that opens a service which looks every 20 ms."""
    monkeypatch.setattr(trial_module, "WRITE_SECONDS", 0.05)
    opened: list[LiveService] = []

    def begin(store: ReleaseStore) -> LiveService:
        opened.append(LiveService(store, InsightMaker.from_settings(), poll_seconds=0.02))
        opened[-1].open()
        return opened[-1]

    yield begin
    for live in opened:
        live.close()


def publish_two(store: ReleaseStore, make_bundle: MakeBundle) -> tuple[str, str]:
    versions = store.publish(make_bundle(1)), store.publish(make_bundle(2))
    promote(store, versions[0])
    return versions


def start(store: ReleaseStore, control: str, treatment: str, **changes: Any) -> Experiment:
    values: dict[str, Any] = {"name": "live", "kind": "ab", "share": 0.5, "metric": "error_rate", "started": dt.datetime.now(dt.UTC), **changes}
    experiment = Experiment(control=Variant(release=control), treatment=Variant(release=treatment), **values)
    ExperimentStore(store).start(experiment)
    return experiment


def wait_for(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def served(live: LiveService, treated: bool) -> str:
    token = ASSIGNED.set(Assignment(treated))
    try:
        with live.lease() as service:
            return service.version
    finally:
        ASSIGNED.reset(token)


def fail(live: LiveService, requests: int) -> None:
    """Let requests to the treatment fail."""
    for _ in range(requests):
        if (trial := live.trial) is not None:
            trial.record(Assignment(True, release="r"), True, 0.01)


def test_an_object_store_is_followed_as_well(open_live: Open, make_bundle: MakeBundle, tmp_path: Path) -> None:
    store = ReleaseStore(f"memory://live-{uuid.uuid4().hex}", tmp_path / "cache")
    control, treatment = publish_two(store, make_bundle)
    live = open_live(store)
    start(store, control, treatment)
    wait_for(lambda: served(live, True) == treatment)
    assert served(live, False) == control
    fail(live, 30)
    wait_for(lambda: live.trial is None)
    assert served(live, True) == control
    wait_for(lambda: not ExperimentStore(store).read().running)  # type: ignore[union-attr]
    stopped = ExperimentStore(store).read()
    assert stopped is not None
    assert str(stopped.reason).startswith("harm: 30 errors")


def test_where_the_store_cannot_be_written_the_process_stops_alone_and_says_so(
    open_live: Open, make_bundle: MakeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = ReleaseStore(str(tmp_path / "releases"), tmp_path / "cache")
    control, treatment = publish_two(store, make_bundle)
    live = open_live(store)
    start(store, control, treatment)
    wait_for(lambda: live.trial)

    def refuse(*_: Any) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(ExperimentStore, "_write", refuse)
    fail(live, 30)
    wait_for(lambda: live.trial is None)
    time.sleep(0.2)
    assert live.trial is None  # though the file says that it runs
    assert served(live, True) == control
    assert "in this process only" in caplog.text


def test_a_log_that_cannot_be_written_costs_no_answer(
    open_live: Open, make_bundle: MakeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("TRENDING_EXPERIMENTS", str(tmp_path / "file"))
    store = ReleaseStore(str(tmp_path / "releases"), tmp_path / "cache")
    control, treatment = publish_two(store, make_bundle)
    live = open_live(store)
    with caplog.at_level(logging.INFO):
        start(store, control, treatment, harm=HarmRules(error_ratio=None))
        wait_for(lambda: live.trial)
        fail(live, 3)
        wait_for(lambda: "could not be written" in caplog.text)
    assert served(live, True) == treatment


def test_what_an_outage_of_the_log_held_up_is_written_once_it_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_module, "WRITE_SECONDS", 0.02)
    write, tried, over = ExposureLog.write, threading.Event(), threading.Event()

    def refuse(log: ExposureLog, *arguments: Any) -> None:
        tried.set()
        if not over.is_set():
            raise ConnectionError("nobody is there")
        write(log, *arguments)

    monkeypatch.setattr(ExposureLog, "write", refuse)
    log = ExposureLog(str(tmp_path))
    variants = {"control": Variant(release="1-a"), "treatment": Variant(release="2-b")}
    trial = Trial(Experiment(name="live", kind="ab", share=0.5, metric="error_rate", started=dt.datetime.now(dt.UTC), **variants), None, log)
    try:
        trial.record(Assignment(True, unit="u", release="2-b"), False, 0.01)
        assert tried.wait(30)
        over.set()
        wait_for(lambda: [line["requests"] for lines in log.read("live").values() for line in lines] == [1])
    finally:
        trial.close()


def test_what_runs_goes_on_while_the_store_cannot_be_reached(
    open_live: Open, make_bundle: MakeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = ReleaseStore(str(tmp_path / "releases"), tmp_path / "cache")
    control, treatment = publish_two(store, make_bundle)
    live = open_live(store)
    start(store, control, treatment)
    wait_for(lambda: live.trial)

    def refuse(*_: Any) -> bytes:
        raise TrendingError("can't be read or written")

    with monkeypatch.context() as patch:
        patch.setattr(StoreFiles, "read", refuse)
        wait_for(lambda: "the experiment could not be looked up" in caplog.text)
        time.sleep(0.1)
        assert served(live, True) == treatment
    assert caplog.text.count("the experiment could not be looked up") == 1


def test_the_treatment_is_closed_once_the_experiment_ends_and_its_last_request_does(
    open_live: Open, make_bundle: MakeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    close = TitleService.close

    def note(service: TitleService) -> None:
        closed.append(service.version)
        close(service)

    monkeypatch.setattr(TitleService, "close", note)
    store = ReleaseStore(str(tmp_path / "releases"), tmp_path / "cache")
    control, treatment = publish_two(store, make_bundle)
    live = open_live(store)
    start(store, control, treatment)
    wait_for(lambda: served(live, True) == treatment)
    token = ASSIGNED.set(Assignment(True))
    with live.lease() as service:
        ASSIGNED.reset(token)
        ExperimentStore(store).stop("enough")
        wait_for(lambda: live.trial is None)
        time.sleep(0.1)
        assert closed == []
        assert service.search("the", limit=1).release == treatment
    wait_for(lambda: closed == [treatment])
    assert served(live, True) == control


def test_a_treatment_that_hangs_in_the_shadow_keeps_nobody_waiting_and_its_queue_stays_short() -> None:
    released, answered = threading.Event(), PredictAnswer(release="r", starter=True, predictions=[Prediction(genres=[], scores={"Drama": 0.5})])

    class Lent:
        def __enter__(self) -> Any:
            released.wait(20)
            return None

        def __exit__(self, *_: object) -> None:
            pass

    shadow = Shadow(Lent, Tallies())
    started = time.perf_counter()
    for _ in range(10_000):
        shadow.submit(None, lambda _: answered, answered)
    assert time.perf_counter() - started < 1
    assert 10_000 - WAITING - 1 <= shadow.left_out <= 10_000 - WAITING
    released.set()
    shadow.close()


def test_without_an_experiment_nothing_is_assigned(open_live: Open, make_bundle: MakeBundle, tmp_path: Path) -> None:
    store = ReleaseStore(str(tmp_path / "releases"), tmp_path / "cache")
    control, _ = publish_two(store, make_bundle)
    live = open_live(store)
    assert live.trial is None
    assignment = Assignment(True)
    token = ASSIGNED.set(assignment)
    with live.lease() as service:
        assert service.version == control
    ASSIGNED.reset(token)
    assert assignment.release == ""  # so it counts for no experiment that begins meanwhile
