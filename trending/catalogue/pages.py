"""What the catalogue gives back beside cards: a title in full, and pages of lists with what leads to the next."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pydantic import BaseModel, Field

from trending.answers import Attribution, ReviewItem, TitleCard, TrendEntry
from trending.insights.schema import Insights
from trending.titles import Title


class PredictedGenre(BaseModel):
    """A genre the model gave a title."""

    genre: str
    probability: float = Field(ge=0, le=1)


class CatalogueTitle(BaseModel):
    """A title as the catalogue knows it."""

    title: Title
    predicted: list[PredictedGenre]
    split: str | None = Field(description="Part of the data the model saw this title in (train, validation, test); null if none.")


@dataclass(frozen=True)
class SearchPage:
    """Part of what a search found; `corrected` are the words that were looked for instead of those typed."""

    cards: list[TitleCard]
    total: int
    total_is_exact: bool
    next_cursor: str | None
    corrected: str | None


@dataclass(frozen=True)
class TrendingPage:
    """Part of a ranking."""

    entries: list[TrendEntry]
    total: int
    next_cursor: str | None
    as_of: dt.date | None


@dataclass(frozen=True)
class ReviewsPage:
    """Part of a work's reviews."""

    reviews: list[ReviewItem]
    total: int
    next_cursor: str | None


@dataclass(frozen=True)
class Description:
    """What the catalogue knows beside the title itself."""

    also_at: list[Attribution]
    reviews: int
    trend: TrendEntry | None
    insights: Insights | None


@dataclass(frozen=True)
class SourceUse:
    """What of a source there is.

    Attributes:
        titles: How many titles.
        reviews: How many reviews.
        first: Ids of the best-known titles.
    """

    titles: int
    reviews: int
    first: list[str]
