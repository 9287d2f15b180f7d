"""What people flag as wrong: a JSON file each, kept for continual learning. Nobody's name or address is asked for, and none is kept."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import uuid
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from trending.cleaning.text import repair_text
from trending.errors import OverloadedError, TrendingError
from trending.files import StoreFiles
from trending.genres import Genre
from trending.provenance import VERSION_PATTERN
from trending.reviews.privacy import mask_text
from trending.settings import load_settings

if TYPE_CHECKING:
    from trending.service.service import TitleService

MAX_A_DAY = 2_000  # that a process keeps
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
    release: str | None = Field(
        None, pattern=f"^{VERSION_PATTERN.pattern}$", description="The release whose answer it is about, as that says; null: the one that answers now."
    )


def keep_feedback(service: TitleService, feedback: Feedback) -> None:
    """Keep feedback about what a service answers.

    Raises:
        NotFoundError: If it is about a title that isn't there.
        OverloadedError: If no more can be kept, or nothing can at the moment.
    """
    if feedback.title_id:
        service.find_title(feedback.title_id)
    try:
        FeedbackStore.from_settings().add(feedback, feedback.release or service.version)
    except OverloadedError:
        raise
    except TrendingError as error:  # what it says of the store is no visitor's business
        log.exception("feedback could not be kept")
        raise OverloadedError("feedback can't be kept at the moment", mend="try again later") from error


class FeedbackStore:
    """A folder, or an address of an object store, with a file for each answer that was flagged: `<release>/<about>/<time>-<random>.json`."""

    _kept: ClassVar[Counter[tuple[str, str]]] = Counter()  # by this process, per store and day
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, url: str) -> None:
        """Take where it lies; a folder is made when something is kept.

        Raises:
            UsageError: If there is no such kind of address.
        """
        self._files = StoreFiles(url, "TRENDING_FEEDBACK")

    @classmethod
    def from_settings(cls) -> FeedbackStore:
        """Return the store that `TRENDING_FEEDBACK` names, by default a folder under the home folder."""
        return cls(load_settings().feedback_url)

    def add(self, feedback: Feedback, release: str) -> None:
        """Keep feedback about a release's answer.

        Raises:
            OverloadedError: If this process has kept as much today as it may.
            TrendingError: If the store can't be written to.
        """
        now = dt.datetime.now(dt.UTC)
        today = f"{now:%Y-%m-%d}"
        with self._lock:
            self._kept[self._files.url, today] += 1
            if self._kept[self._files.url, today] > MAX_A_DAY:
                log.error("more than %d answers were flagged today: no more are kept in %s", MAX_A_DAY, self._files.url)
                raise OverloadedError("no more feedback can be kept", mend="try again another day")
        kept = feedback.model_copy(update={"comment": _clean(feedback.comment), "text": _clean(feedback.text) if feedback.text else None})
        line = kept.model_dump(mode="json") | {"release": release, "at": now.isoformat(timespec="seconds")}
        try:
            self._files.write(f"{release}/{feedback.about}/{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:12]}.json", _dump(line))
        except TrendingError:
            with self._lock:
                self._kept[self._files.url, today] -= 1
            raise

    def count_flagged(self, releases: Collection[str], about: About) -> int:
        """Return how many answers of some releases were flagged for something: a matter of names, nothing is read.

        Raises:
            TrendingError: If the store can't be listed.
        """
        return sum(len(self._files.names(f"{release}/{about}", ".json")) for release in releases)


def _clean(text: str) -> str:
    return mask_text(repair_text(text))


def _dump(line: dict[str, object]) -> bytes:
    import orjson

    return orjson.dumps(line)
