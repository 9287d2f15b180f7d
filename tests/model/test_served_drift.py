"""What services recorded is compared with the release's reference, and calls of models with earlier ones or another release's."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.model.test_drift_reference import make_content
from trending.cleaning.clean import CleaningResult
from trending.errors import NotFoundError, UsageError
from trending.monitoring.descriptors import COLUMNS, LABEL_COLUMNS, UNKNOWN
from trending.monitoring.drift import DriftReport
from trending.monitoring.llm import describe_call
from trending.monitoring.recordings import Group, Kind, open_store
from trending.monitoring.reference import read_reference, write_reference
from trending.monitoring.served import judge_served, watch_served
from trending.settings import load_settings

NOW = dt.datetime(2030, 5, 17, 12, 40, tzinfo=dt.UTC)
RELEASE = "20300501T000000Z-00000000"


@pytest.fixture
def release(starter: CleaningResult, tmp_path: Path) -> Any:
    """As much of a release as has a reference."""
    write_reference(tmp_path, make_content(starter, 1_000), None)
    return SimpleNamespace(directory=tmp_path, manifest=SimpleNamespace(version=RELEASE))


def record(kind: Kind, rows: npt.NDArray[np.float64], hours_ago: float, version: str = RELEASE) -> None:
    """Write rows as a process of its own would."""
    group = Group(kind, version, (NOW - dt.timedelta(hours=hours_ago)).replace(minute=0, second=0, microsecond=0))
    drawn = random.Random(hours_ago)
    group.add(rows, [drawn.random() for _ in rows])
    group.write(open_store(load_settings().monitoring_url))


@pytest.fixture
def asked(release: Any, monkeypatch: pytest.MonkeyPatch) -> npt.NDArray[np.float64]:
    """Rows like the reference's, as services write them: without labels. Recordings are on."""
    monkeypatch.delenv("TRENDING_MONITORING")
    load_settings.cache_clear()
    rows = read_reference(release.directory)[0].to_numpy()
    rows[:, [COLUMNS.index(label) for label in LABEL_COLUMNS]] = UNKNOWN
    return rows


def name_drifted(report: DriftReport) -> set[str]:
    return {finding.name for finding in report.list_drifted()}


def test_the_same_texts_from_two_processes_hours_apart_are_no_drift(release: Any, asked: npt.NDArray[np.float64]) -> None:
    record("texts", asked[::2], 20)
    record("texts", asked[1::2], 1)
    report = judge_served(release, 24, NOW)
    assert not report.alarm, report.reason
    assert {finding.n_current for finding in report.findings if finding.name == "words"} == {len(asked)}


def test_longer_texts_in_one_process_are_found_and_named_among_the_hours_asked_for(release: Any, asked: npt.NDArray[np.float64], tmp_path: Path) -> None:
    longer = asked.copy()
    longer[:, COLUMNS.index("words")] *= 2
    record("texts", asked, 20)
    record("texts", longer, 1)
    assert name_drifted(judge_served(release, 24, NOW, folder=tmp_path / "pages")) == {"words"}
    assert not judge_served(release, 12, NOW - dt.timedelta(hours=12)).alarm
    assert {path.name for path in (tmp_path / "pages").iterdir()} == {"drift.html", "drift.json", "whylogs.html", "evidently.html"}


def test_a_model_that_refuses_more_than_before_or_than_under_another_release_is_found(release: Any, asked: npt.NDArray[np.float64]) -> None:
    answers = np.array([describe_call("chat", "answered", 1.0 + step / 99, 100 + step, 0.001, 500, f"It is a good film, {step}.") for step in range(200)])
    refusals = np.array([describe_call("chat", "answered", 1.0 + step / 99, 100 + step, 0.001, 500, f"I'm sorry, I can't say {step}.") for step in range(200)])
    record("llm", answers, 30)
    record("llm", answers, 2)
    assert not judge_served(release, 24, NOW).alarm
    record("llm", refusals, 2)
    assert "refusal" in name_drifted(judge_served(release, 24, NOW))
    record("llm", refusals, 40)
    record("llm", answers, 40, "another")
    assert "refusal" in name_drifted(judge_served(release, 24, NOW, against="another"))
    assert all(finding.kind == "llm" for finding in judge_served(release, 24, NOW).findings)


def test_what_cannot_be_judged_says_why_and_stops_nobody_who_watches(release: Any, asked: npt.NDArray[np.float64], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFoundError, match="nothing was recorded"):
        judge_served(release, 24, NOW)
    for given, said in (("off", "nothing is recorded"), ("", "nothing was recorded"), ("nosuchplace://x", "TRENDING_MONITORING")):
        monkeypatch.setenv("TRENDING_MONITORING", given)
        load_settings.cache_clear()
        report, page = watch_served(release, NOW)
        assert report is None
        assert said in page
    with pytest.raises(UsageError, match="TRENDING_MONITORING"):
        judge_served(release, 24, NOW)


def test_whoever_watches_sees_a_week(release: Any, asked: npt.NDArray[np.float64]) -> None:
    asked[:, COLUMNS.index("words")] *= 2
    record("texts", asked, 24 * 6)
    report, page = watch_served(release, NOW)
    assert report is not None
    assert report.alarm
    assert "words" in page
