"""Feedback: kept whole, without personal data, and never more than there is room for."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from trending.errors import OverloadedError
from trending.service import feedback
from trending.service.feedback import Feedback, FeedbackStore


def read(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text(encoding="utf-8").splitlines()]


def test_it_is_kept_with_the_release_and_the_time(tmp_path: Path) -> None:
    FeedbackStore(tmp_path).add(Feedback(about="genres", title_id="starter:1", genres=["Western"], comment="no comedy"), "r1")
    (line,) = read(tmp_path)
    assert (line["title_id"], line["genres"], line["release"], line["comment"]) == ("starter:1", ["Western"], "r1", "no comedy")
    assert line["at"].endswith("+00:00")


def test_addresses_and_numbers_are_masked(tmp_path: Path) -> None:
    FeedbackStore(tmp_path).add(Feedback(about="other", comment="write to jane.roe@example.org", text="Call +44 20 7946 0958 about the plot"), "r1")
    (line,) = read(tmp_path)
    assert "example.org" not in json.dumps(line)
    assert "7946" not in json.dumps(line)


def test_lines_written_at_once_stay_whole(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    writers = [threading.Thread(target=store.add, args=(Feedback(about="tags", comment=f"{number} " + "word " * 190), "r1")) for number in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(read(tmp_path)) == 20


def test_a_full_folder_refuses_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(feedback, "MAX_BYTES", 10)
    store = FeedbackStore(tmp_path)
    store.add(Feedback(about="other", comment="first"), "r1")
    with pytest.raises(OverloadedError) as refused:
        store.add(Feedback(about="other", comment="second"), "r1")
    assert str(tmp_path) not in str(refused.value)  # the visitor can't do anything about the folder; the log names it
    assert str(tmp_path) in caplog.text
    assert len(read(tmp_path)) == 1


@pytest.mark.parametrize("given", [{"about": "weather"}, {"about": "genres", "genres": ["Bogus"]}, {"about": "other", "comment": "x" * 1_001}])
def test_what_is_no_feedback_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Feedback(**given)
