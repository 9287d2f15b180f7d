"""What every door answers with. Each answer names its release; each title carries where it is from and under what licence."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from trending.insights.schema import Insights
from trending.predictions import Prediction
from trending.titles import TitleType

Window = Literal["week", "month", "quarter"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Attribution(_Answer):
    """Where a row comes from; to be shown with it."""

    source: str
    licence: str | None = None
    url: str | None = None


class GenreScore(_Answer):
    """A genre the model gave a title."""

    genre: str
    probability: float = Field(ge=0, le=1)


class TitleCard(_Answer):
    """A title in a list: enough to choose by; `get_title` has the rest."""

    title_id: str
    title: str
    type: TitleType
    year: int | None = None
    genres: list[str] = Field(description="As catalogues list them.")
    predicted: list[GenreScore] = Field(default_factory=list, description="As the model sees them, from the plot alone.")
    tags: list[str] = Field(default_factory=list, description="Vibes.")
    score: int | None = Field(None, ge=0, le=100, description="How good it is by ratings and reviews; null if unknown.")
    rating: float | None = Field(None, ge=0, le=10)
    votes: int | None = None
    language: str | None = None
    country: str | None = None
    blurb: str | None = Field(None, description="The beginning of the plot.")
    attribution: Attribution

    def known_genres(self) -> list[str]:
        """Return the genres a title goes by: those listed, or where none are those predicted."""
        return self.genres or [one.genre for one in self.predicted]


class SearchAnswer(_Answer):
    """One page of titles that fit a query."""

    release: str
    query: str
    titles: list[TitleCard]
    total: int = Field(description="How many fit; with `total_is_exact` false at least so many.")
    total_is_exact: bool = True
    next_cursor: str | None = Field(None, description="Give it back for the next page; null on the last.")
    corrected: str | None = Field(None, description="The query that was answered instead, if words seemed misspelt.")
    by_meaning: bool = Field(False, description="True if the meaning of the query was compared too.")
    hint: str | None = Field(None, description="What to try next when nothing fits.")


class TrendPart(_Answer):
    """A term of the trending score with a sentence that a person can check."""

    name: str
    value: float
    sentence: str


class TrendPoint(_Answer):
    """The trending score of an earlier week."""

    as_of: dt.date
    score: float


class TrendEntry(_Answer):
    """A title in the ranking."""

    rank: int
    score: float
    title: TitleCard
    parts: list[TrendPart]
    history: list[TrendPoint] = Field(default_factory=list, description="Oldest first.")


class TrendingAnswer(_Answer):
    """One page of what is trending."""

    release: str
    window: Window
    as_of: dt.date | None = Field(description="The day the figures end; null if this release has none.")
    entries: list[TrendEntry]
    total: int
    next_cursor: str | None = None
    hint: str | None = None


class TitleAnswer(_Answer):
    """A title in full."""

    release: str
    starter: bool = Field(description="True if the model was learnt from the small catalogue that ships with the project.")
    card: TitleCard
    plot: str | None
    genre_scores: list[GenreScore] = Field(description="Genres the model predicts, most probable first.")
    split: str | None = Field(description="Part of the data the model saw this title in (train, validation, test); null if none.")
    also_at: list[Attribution] = Field(default_factory=list, description="Other rows of the same work.")
    reviews: int = Field(description="How many reviews the release holds.")
    trend: TrendEntry | None = None
    insights: Insights | None = None


class TitlesAnswer(_Answer):
    """Several titles at once."""

    release: str
    titles: list[TitleAnswer]
    missing: list[str] = Field(description="Ids that this release doesn't have.")
    hint: str | None = Field(None, description="Which ids to ask for again, where an answer with them all would be too long.")


class Similar(_Answer):
    """A title like another."""

    title: TitleCard
    similarity: float = Field(ge=0, le=1)
    why: str


class SimilarAnswer(_Answer):
    """Titles like one title."""

    release: str
    title_id: str
    titles: list[Similar]
    hint: str | None = None


class ReviewItem(_Answer):
    """A review. Its author is a pseudonym; names and contacts in the text are masked."""

    review_id: str
    text: str
    headline: str | None = None
    rating: float | None = None
    date: dt.date | None = None
    language: str | None = None
    spoiler: bool = False
    attribution: Attribution


class ReviewsAnswer(_Answer):
    """One page of a title's reviews."""

    release: str
    title_id: str
    reviews: list[ReviewItem]
    total: int
    next_cursor: str | None = None
    hint: str | None = None


class PredictAnswer(_Answer):
    """One prediction per text, in the same order."""

    release: str
    starter: bool
    predictions: list[Prediction]


class InsightsAnswer(_Answer):
    """Insights about a title of the catalogue or about text that was given."""

    release: str
    title_id: str | None = None
    attribution: Attribution | None = Field(None, description="Of the title; null for text that was given.")
    insights: Insights


class ComparedTitle(_Answer):
    """One side of a comparison."""

    card: TitleCard
    insights: Insights | None
    trend_rank: int | None = None


class CompareAnswer(_Answer):
    """Two to five titles side by side."""

    release: str
    titles: list[ComparedTitle]
    shared_genres: list[str]
    shared_tags: list[str]
    findings: list[str] = Field(description="Sentences a person can check: which scores higher, which trends, what sets them apart.")
    missing: list[str] = Field(default_factory=list)


class GenreInfo(_Answer):
    """One canonical genre."""

    genre: str
    threshold: float
    titles: int = Field(description="Titles of the catalogue listed under it.")


class GenresAnswer(_Answer):
    """The 20 genres."""

    release: str
    genres: list[GenreInfo]
