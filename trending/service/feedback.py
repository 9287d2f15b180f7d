"""What people flag as wrong: one JSON line each, kept for continual learning. Nobody's name or address is asked for, and none is kept."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field

from trending.cleaning.text import repair_text
from trending.errors import OverloadedError
from trending.genres import Genre
from trending.reviews.privacy import mask_text
from trending.settings import load_settings

if TYPE_CHECKING:
    from trending.service.service import TitleService

MAX_BYTES = 50_000_000
log = logging.getLogger(__name__)
About = Literal["genres", "summary", "score", "tags", "reviews", "other"]


class Feedback(BaseModel):
    """A mistake somebody saw."""

    model_config = ConfigDict(extra="forbid")

    about: About
    title_id: str | None = Field(None, max_length=300, description="The title; null if it is about a text that was pasted.")
    text: str | None = Field(None, max_length=20_000, description="The plot that was pasted; personal data are masked before it is kept.")
    genres: list[Genre] = Field(default_factory=list, max_length=20, description="What the genres should be.")
    comment: str = Field("", max_length=1_000)


def keep_feedback(service: TitleService, feedback: Feedback) -> None:
    """Keep feedback about what a service answers.

    Raises:
        NotFoundError: If it is about a title that isn't there.
        OverloadedError: If no more can be kept.
    """
    if feedback.title_id:
        service.find_title(feedback.title_id)
    FeedbackStore.from_settings().add(feedback, service.version)


class FeedbackStore:
    """A folder of JSON lines, a file a day (UTC)."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when something is kept."""
        self.folder = folder

    @classmethod
    def from_settings(cls) -> FeedbackStore:
        """Return the store under the home folder."""
        return cls(load_settings().home / "feedback")

    def add(self, feedback: Feedback, release: str) -> None:
        """Keep feedback about a release's answer.

        Raises:
            OverloadedError: If the folder is full.
        """
        now = dt.datetime.now(dt.UTC)
        kept = feedback.model_copy(update={"comment": _clean(feedback.comment), "text": _clean(feedback.text) if feedback.text else None})
        line = kept.model_dump(mode="json") | {"release": release, "at": now.isoformat(timespec="seconds")}
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".lock"):
            if sum(path.stat().st_size for path in self.folder.glob("*.jsonl")) > MAX_BYTES:
                log.error("feedback is full: move the files of %s away", self.folder)
                raise OverloadedError("no more feedback can be kept", mend="try again another day")
            with (self.folder / f"{now:%Y-%m-%d}.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(_dump(line) + "\n")


def _clean(text: str) -> str:
    return mask_text(repair_text(text))


def _dump(line: dict[str, object]) -> str:
    import orjson

    return orjson.dumps(line).decode()
