"""Feedback: kept whole, without personal data, and never more than there is room for."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from trending.errors import OverloadedError
from trending.service import feedback
from trending.service.feedback import Feedback, FeedbackStore
from trending.settings import load_settings


def read(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*/*/*.json")]


def test_it_is_kept_with_the_release_and_the_time(tmp_path: Path) -> None:
    FeedbackStore(str(tmp_path)).add(Feedback(about="genres", title_id="starter:1", genres=["Western"], comment="no comedy"), "r1")
    (line,) = read(tmp_path)
    assert (line["title_id"], line["genres"], line["release"], line["comment"]) == ("starter:1", ["Western"], "r1", "no comedy")
    assert line["at"].endswith("+00:00")


def test_addresses_and_numbers_are_masked(tmp_path: Path) -> None:
    FeedbackStore(str(tmp_path)).add(Feedback(about="other", comment="write to jane.roe@example.org", text="Call +44 20 7946 0958 about the plot"), "r1")
    (line,) = read(tmp_path)
    assert "example.org" not in json.dumps(line)
    assert "7946" not in json.dumps(line)


def test_what_is_written_at_once_is_kept_whole(tmp_path: Path) -> None:
    store = FeedbackStore(str(tmp_path))
    writers = [threading.Thread(target=store.add, args=(Feedback(about="tags", comment=f"{number} " + "word " * 190), "r1")) for number in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(read(tmp_path)) == 20


def test_beyond_a_days_most_it_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(feedback, "MAX_A_DAY", 1)
    FeedbackStore(str(tmp_path)).add(Feedback(about="other", comment="first"), "r1")
    with pytest.raises(OverloadedError) as refused:
        FeedbackStore(str(tmp_path)).add(Feedback(about="other", comment="second"), "r1")
    assert str(tmp_path) not in str(refused.value)  # the visitor can't do anything about the folder; the log names it
    assert str(tmp_path) in caplog.text
    assert len(read(tmp_path)) == 1


@pytest.mark.parametrize("remote", [False, True])
def test_what_was_flagged_of_some_releases_is_counted_wherever_it_lies(remote: bool, tmp_path: Path) -> None:
    store = FeedbackStore("memory://feedback" if remote else str(tmp_path))
    for about, release in (("genres", "r1"), ("genres", "r2"), ("genres", "r2"), ("genres", "r3"), ("tags", "r1")):
        store.add(Feedback.model_validate({"about": about}), release)
    assert store.count_flagged({"r1", "r2", "r4"}, "genres") == 3


def test_a_store_that_cannot_be_written_to_is_the_logs_business(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("TRENDING_FEEDBACK", str(tmp_path / "file" / "feedback"))
    load_settings.cache_clear()
    with pytest.raises(OverloadedError) as refused:
        feedback.keep_feedback(SimpleNamespace(version="r1"), Feedback(about="other", comment="first"))
    assert str(tmp_path) not in str(refused.value)
    assert str(tmp_path) in caplog.text


@pytest.mark.parametrize("given", [{"about": "weather"}, {"about": "genres", "genres": ["Bogus"]}, {"about": "other", "comment": "x" * 1_001}])
def test_what_is_no_feedback_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Feedback(**given)
