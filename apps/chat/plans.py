"""What a question is understood as: an intent with its slots. Made by the grammar, carried out by the rules; it knows neither."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from trending.titles import TitleType

Intent = Literal[
    "greet",
    "thank",
    "help",
    "refuse",
    "genres",
    "count",
    "trending",
    "trend_of_title",
    "search",
    "recommend",
    "similar",
    "quality",
    "facts",
    "compare",
    "predict",
    "lookup",
    "ask_which",
    "unknown",
]
Window = Literal["week", "month", "quarter"]
Topic = Literal["plot", "year", "genre", "language", "country", "type", "all"]
Change = Literal["newer", "older", "better"]

LIST_INTENTS: tuple[Intent, ...] = ("trending", "search", "recommend", "similar")
ABOUT_ONE_TITLE: tuple[Intent, ...] = ("quality", "facts", "trend_of_title", "similar")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wanted(_Part):
    """What titles should be; the filters of the tools, and the genres they must not have, which no tool filters by."""

    genre: list[str] = Field(default_factory=list)
    without: list[str] = Field(default_factory=list)
    type: TitleType | None = None
    year_from: int | None = None
    year_to: int | None = None
    min_score: int | None = None
    language: str | None = None
    tag: str | None = None

    def to_arguments(self) -> dict[str, Any]:
        """Return what a tool takes of it."""
        return {name: value for name, value in self.model_dump(exclude={"without"}).items() if value not in (None, [])}

    def update(self, newer: Wanted) -> Wanted:
        """Return what holds when `newer` is said after it: a new genre takes the place of the old, years come in pairs, the rest is kept."""
        said = {name: value for name, value in newer.model_dump().items() if value not in (None, [])}
        if "year_from" in said or "year_to" in said:
            said = {"year_from": None, "year_to": None} | said
        return self.model_copy(update=said)


class TitleName(_Part):
    """A title as the question names it: by words, or by the id an earlier answer gave it."""

    text: str
    year: int | None = None
    type: TitleType | None = None
    title_id: str | None = None


class Plan(_Part):
    """An intent with its slots; those that don't belong to the intent are empty."""

    intent: Intent
    query: str = ""
    wanted: Wanted = Wanted()
    names: list[TitleName] = Field(default_factory=list)
    splits: list[list[TitleName]] = Field(default_factory=list, description="Other ways to read `names`, as titles hold `and` too.")
    window: Window = "week"
    limit: int = 5
    cursor: str | None = Field(None, description="Where the next page begins.")
    text: str = Field("", description="The plot to predict of.")
    topic: Topic = "all"
    changes: list[Change] = Field(default_factory=list, description="Relative to the title named.")
    why: bool = Field(False, description="True if reasons were asked for.")
    notes: list[str] = Field(default_factory=list, description="What of the question can't be done, for the reader.")
    refused: str = Field("", description="Which refusal.")
    otherwise: Plan | None = Field(None, description="What it means if no title is called so.")
