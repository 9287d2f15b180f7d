"""Recordings as files: what several writers saw is read as one random sample, hours and releases stay apart, and what is damaged costs itself alone."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from trending.errors import UsageError
from trending.genres import GENRES
from trending.monitoring.draw import MAX_SAMPLE, Draw
from trending.monitoring.llm import LLM_COLUMNS, describe_call, describe_check
from trending.monitoring.profiles import merge_profiles
from trending.monitoring.recorder import MAX_ROWS, Recorder
from trending.monitoring.recordings import KINDS, PROFILES, SAMPLES, Group, open_store
from trending.monitoring.sample import read_live, read_profile
from trending.predictions import Prediction
from trending.settings import load_settings
from trending.telemetry import AnswerChecked, LlmCall, TextsScored

NOON = dt.datetime(2030, 5, 17, 12, tzinfo=dt.UTC)
WIDTH = len(KINDS["texts"])


def record(store: Path, values: list[float], hour: dt.datetime = NOON, release: str = "one", seed: int = 0) -> Group:
    """Write rows whose every column has the value given."""
    group = Group("texts", release, hour)
    drawn = random.Random(seed)
    group.add(np.repeat(np.array(values)[:, None], WIDTH, axis=1), [drawn.random() for _ in values])
    group.write(open_store(str(store)))
    return group


def read(store: Path, since: dt.datetime, until: dt.datetime, release: str = "one") -> list[float]:
    return sorted(read_live(str(store), release, since, until).titles["words"].tolist())


def test_hours_and_releases_stay_apart(tmp_path: Path) -> None:
    for hour in range(4):
        record(tmp_path, [hour], NOON + dt.timedelta(hours=hour))
    record(tmp_path, [99.0], release="two")
    hour = dt.timedelta(hours=1)
    assert read(tmp_path, NOON, NOON + 4 * hour) == [0, 1, 2, 3]
    assert read(tmp_path, NOON + hour, NOON + 3 * hour) == [1, 2], "an hour that begins at the end is left out"
    assert read(tmp_path, NOON + hour * 1.5, NOON + 2.5 * hour) == [1, 2], "hours that are cut through are whole"
    assert read(tmp_path, NOON, NOON + 4 * hour, "two") == [99]
    assert read(tmp_path, NOON, NOON + 4 * hour, "three") == []


def test_writers_that_saw_more_than_they_keep_are_merged_into_a_random_sample_of_all(tmp_path: Path) -> None:
    """Of 4,000 rows of one and 1,000 of the other, four in five are the first's, whatever the rest of the draw is."""
    shares = []
    for seed in range(12):
        store = tmp_path / str(seed)
        record(store, [1.0] * 4_000, seed=2 * seed)
        record(store, [0.0] * 1_000, seed=2 * seed + 1)
        sample = read_live(str(store), "one", NOON, NOON + dt.timedelta(hours=1))
        assert sample.seen == 5_000
        assert MAX_SAMPLE - 1 <= len(sample.titles) <= 2 * MAX_SAMPLE
        shares.append(sample.titles["words"].mean())
    assert np.mean(shares) == pytest.approx(0.8, abs=0.02)


def test_a_service_hands_on_what_may_be_in_the_sample_counts_the_rest_and_draws_evenly(tmp_path: Path) -> None:
    """Also where some of what was drawn is lost on the way: the rest isn't a sample of the first rows then."""
    means = []
    for repeated in range(12):
        draw, group = Draw(), Group("texts", "one", NOON)
        described = lost = 0
        for number in range(400):
            drawn = draw.draw(16)
            described += len(drawn)
            if number % 4 == 3:
                lost += len(drawn)
            elif drawn:
                group.add(np.full((len(drawn), WIDTH), float(number)), list(drawn.values()))
            group.pass_over(draw.passed, draw.bound)
            draw.passed = 0
        assert described < 2_200, "500 (1 + ln(6,400 / 500)) are 1,775"
        store = tmp_path / str(repeated)
        group.write(open_store(str(store)))
        means.append(read_live(str(store), "one", NOON, NOON + dt.timedelta(hours=1)).titles["words"].mean())
        assert group.seen == 6_400 - lost
    assert np.mean(means) == pytest.approx(199.5, abs=8)


def test_profiles_of_several_writers_and_hours_are_one_with_all_rows(tmp_path: Path) -> None:
    later = NOON + dt.timedelta(hours=30)
    groups = [record(tmp_path, [1.0] * 350), record(tmp_path, [3.0] * 150), record(tmp_path, [8.0] * 250, later)]
    view = read_profile(str(tmp_path), "one", NOON, later + dt.timedelta(hours=1))
    column = view.get_column("words")
    assert column.get_metric("counts").n.value == sum(group.seen for group in groups) == 750
    assert column.get_metric("distribution").mean.value == pytest.approx((350 + 450 + 2_000) / 750)
    assert (column.get_metric("distribution").min, column.get_metric("distribution").max) == (1, 8)
    next(tmp_path.rglob(f"*{PROFILES}")).unlink()  # as of a writer without whylogs
    assert read_profile(str(tmp_path), "one", NOON, later + dt.timedelta(hours=1)) is None


def test_an_hour_written_again_and_again_is_counted_once(tmp_path: Path) -> None:
    group = Group("texts", "one", NOON)
    stored = []
    for _ in range(3):
        group.add(np.ones((10, WIDTH)), [0.5] * 10)
        stored.append(group.write(open_store(str(tmp_path))))
    assert stored == [10, 10, 10]
    assert read_live(str(tmp_path), "one", NOON, NOON + dt.timedelta(hours=1)).seen == 30
    (profile,) = tmp_path.rglob(f"*{PROFILES}")
    assert merge_profiles([profile.read_bytes()]).get_column("words").get_metric("counts").n.value == 30


def test_a_damaged_file_costs_its_own_rows(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    record(tmp_path, [1.0] * 5)
    record(tmp_path, [2.0] * 7)
    damaged = next(path for path in tmp_path.rglob(f"*{SAMPLES}"))
    whole = damaged.read_bytes()
    cut, flipped = whole[:-20], [whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :] for place in range(10, len(whole), 7)]
    for content in (cut, *flipped):
        damaged.write_bytes(content)
        caplog.clear()
        assert len(read(tmp_path, NOON, NOON + dt.timedelta(hours=1))) in (5, 7)
        assert "is left out" in caplog.text


def test_an_address_of_no_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="TRENDING_MONITORING"):
        open_store("nosuchplace://recordings")


def test_a_queue_that_nobody_empties_is_bounded_and_counts_what_it_drops(tmp_path: Path) -> None:
    dropped: list[int] = []
    recorder = Recorder(str(tmp_path), lambda: "one", dropped.append)
    prediction = Prediction(genres=[], scores={})
    for release in range(MAX_ROWS // 50 + 3):  # of one release, few of more than 500 would be handed on
        recorder.take(TextsScored(str(release), ["A ship."] * 50, [prediction] * 50))
    recorder.take(AnswerChecked("chat", passed=True))
    assert dropped == [50] * 3 + [1]
    recorder = Recorder(str(tmp_path), lambda: "one", dropped.append)
    for _ in range(9):
        recorder.take(LlmCall("m", "answered", 1.0, 1, 0.0, "chat", 1, "x" * 900_000))
    assert dropped == [50] * 3 + [1, 1]


def test_recordings_lie_in_the_home_unless_they_are_off_or_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for given, lies in (("", str(tmp_path / "home" / "monitoring")), ("off", ""), ("s3://bucket/monitoring", "s3://bucket/monitoring")):
        monkeypatch.setenv("TRENDING_MONITORING", given)
        load_settings.cache_clear()
        assert load_settings().monitoring_url == lies
        assert (Recorder.from_settings(load_settings(), str, int) is None) == (given == "off")


@pytest.mark.parametrize(
    ("answer", "refuses"),
    [
        ("I'm sorry, but I can't help with that.", True),
        ('{"summary": "As an AI, I am unable to provide a summary."}', True),
        ("A sheriff who can't sleep rides out at night.", False),
        ("It is a film about an apology. " * 20 + "I cannot recommend it.", False),
        ("", False),
    ],
)
def test_a_refusal_is_told_from_an_answer_that_mentions_one(answer: str, refuses: bool) -> None:
    row = dict(zip(LLM_COLUMNS, describe_call("chat", "answered", 1.5, 20, 0.01, 300, answer), strict=True))
    assert row["refusal"] == refuses
    assert (row["is chat"], row["failed call"], row["seconds"], row["tokens"], row["cost in USD"], row["characters asked"]) == (1, 0, 1.5, 20, 0.01, 300)
    assert row["words answered"] == len(answer.split()) or answer.startswith("{")


def test_sentiment_tells_praise_from_blame_and_a_failed_call_says_nothing_else() -> None:
    praise, blame = (
        describe_call("insights", "answered", 1, 1, 0, 1, text)[LLM_COLUMNS.index("sentiment")]
        for text in ("A wonderful, moving, brilliant film with superb acting.", "A dull, boring, terrible film with awful acting.")
    )
    assert 0 <= blame < 0.5 < praise <= 1
    failed = dict(zip(LLM_COLUMNS, describe_call("insights", "timed_out", 20, 5, 0.1, 300, ""), strict=True))
    assert {name for name, value in failed.items() if not np.isnan(value)} == {"is chat", "failed call", "characters asked"}
    checked = dict(zip(LLM_COLUMNS, describe_check("insights", passed=False), strict=True))
    assert {name: value for name, value in checked.items() if not np.isnan(value)} == {"is chat": 0, "failed check": 1}


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Recorder, list[int]]]:
    """A recorder whose process is started again at once and never ended early, with what it counts as dropped.

    A process that is ended before it could say what it stored leaves rows that are both stored and counted as lost: on a busy machine, five seconds may be too
    few for one that runs behind all others.
    """
    monkeypatch.setattr("trending.monitoring.recorder._REST_SECONDS", 0.0)
    monkeypatch.setattr("trending.monitoring.recorder._FINISH_SECONDS", 60.0)
    dropped: list[int] = []
    made = Recorder(str(tmp_path / "store"), lambda: "one", dropped.append)
    made.start()
    yield made, dropped
    made.close()


def await_that(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("signalled", [signal.SIGKILL, signal.SIGSTOP])
def test_after_a_process_that_died_or_hung_the_next_records_on_and_every_row_is_recorded_or_counted(
    recorder: tuple[Recorder, list[int]], signalled: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, dropped = recorder
    prediction = Prediction(genres=[], scores=dict.fromkeys(GENRES, 0.1))
    taken = 0

    def ask(texts: int) -> int:
        made.take(TextsScored("one", ["A ship is lost."] * texts, [prediction] * texts))
        return texts

    def list_samples() -> list[Path]:
        return list(tmp_path.rglob(f"*{SAMPLES}"))

    taken += ask(3)
    await_that(list_samples)
    first = made._child
    assert first is not None
    await_that(lambda: first.owed == 0)
    taken += ask(4)
    await_that(lambda: first.owed == 4)
    os.kill(first._process.pid, signalled)
    if signalled == signal.SIGSTOP:
        monkeypatch.setattr("trending.monitoring.child.SILENT_SECONDS", 0.0)
        await_that(lambda: made._child is not first)
        monkeypatch.setattr("trending.monitoring.child.SILENT_SECONDS", 180.0)
    await_that(lambda: sum(dropped) == 4)
    before = len(list_samples())
    taken += ask(5)
    await_that(lambda: len(list_samples()) > before)
    taken += ask(6)
    made.close()
    now = dt.datetime.now(dt.UTC)
    seen = read_live(str(tmp_path / "store"), "one", now - dt.timedelta(hours=2), now).seen
    assert seen + sum(dropped) == taken == 18
    assert first.exit_code == -signal.SIGKILL
