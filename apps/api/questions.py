"""What can be asked: query parameters and bodies, each with its limits, so that the OpenAPI document states them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from trending.answers import Window
from trending.catalogue import Filters
from trending.genres import Genre
from trending.service.service import MAX_COMPARED, MAX_GIVEN_REVIEWS, MAX_ID_CHARS, MAX_PAGE, MAX_QUERY_CHARS, MAX_TEXTS, MAX_TITLES
from trending.settings import load_settings
from trending.titles import TitleType

MAX_EVIDENCE = 10
_PLOT = "Two detectives search a fishing village for a missing child."


def _refuse_lookalikes(given: object) -> object:
    if isinstance(given, bool | str):
        raise ValueError("a number is needed")  # noqa: TRY004 - pydantic turns no TypeError into a refusal
    return given


# What JSON Schema calls an integer: 3 and 3.0, but neither "3" nor true.
Evidence = Annotated[int, Field(ge=0, le=MAX_EVIDENCE), BeforeValidator(_refuse_lookalikes)]
Year = Annotated[int, Field(ge=1800, le=2200), BeforeValidator(_refuse_lookalikes)]
# White space to Python or to pydantic, but not to JSON Schema's patterns: four separators of ASCII, and the next-line control.
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=load_settings().max_text_chars, pattern=r"[^\s\x1c-\x1f\x85]")]
TitleId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARS)]


class _Question(BaseModel):
    """A parameter nobody knows is refused: a misspelt filter would else silently let everything pass."""

    model_config = ConfigDict(extra="forbid")


class FilterQuery(_Question):
    """What titles must fulfil, all of it."""

    genre: list[Genre] = Field(
        default_factory=list, max_length=20, description="May be repeated; each must be listed, or predicted for a title that lists none."
    )
    type: TitleType | None = None
    year_from: int | None = Field(None, ge=1800, le=2200, description="First year of release.")
    year_to: int | None = Field(None, ge=1800, le=2200, description="Last year of release.")
    min_score: int | None = Field(None, ge=0, le=100, description="Least score of the insights.")
    language: str | None = Field(None, min_length=1, max_length=40, description="Code or English name of a language of the catalogue.")
    tag: str | None = Field(None, min_length=1, max_length=40, description="A vibe of the catalogue.")

    def filters(self) -> Filters:
        """Return the filters among what was asked."""
        return Filters(**{name: getattr(self, name) for name in FilterQuery.model_fields})


class _Paged(_Question):
    limit: int = Field(10, ge=1, le=MAX_PAGE, description="How many on a page.")
    cursor: str | None = Field(None, min_length=1, max_length=2_000, description="`next_cursor` of the page before; everything else must stay the same.")


class SearchQuery(FilterQuery, _Paged):
    """A search; without `q`, titles are browsed, best known first."""

    q: str = Field("", max_length=MAX_QUERY_CHARS, description="Words of a title or plot, or what it is about.")
    by_meaning: bool = Field(True, description="Whether to compare meanings too.")


class TrendingQuery(FilterQuery, _Paged):
    """What is trending among titles that pass the filters."""

    window: Window = "week"


class SimilarQuery(FilterQuery):
    """Titles like another that pass the filters."""

    limit: int = Field(10, ge=1, le=MAX_PAGE)


class ReviewsQuery(_Paged):
    """A page of reviews."""

    spoilers: bool = Field(False, description="Whether reviews marked as spoilers are wanted too.")


class TitlesQuery(_Question):
    """Several titles."""

    ids: list[TitleId] = Field(min_length=1, max_length=MAX_TITLES, description="Repeated: ids=a&ids=b.")


class CompareQuery(_Question):
    """Titles to put side by side."""

    ids: list[TitleId] = Field(min_length=2, max_length=MAX_COMPARED, json_schema_extra={"uniqueItems": True}, description="Repeated: ids=a&ids=b.")


class PredictRequest(_Question):
    """Plots to predict genres for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"texts": [_PLOT]}]})

    texts: list[Text] = Field(min_length=1, max_length=MAX_TEXTS)
    evidence: Evidence = Field(5, description="At most so many words that spoke for each genre.")
    type: TitleType | None = Field(None, description="Of all of them, if known: a show is told in other words than a film.")
    year: Year | None = None


class InsightsRequest(_Question):
    """A plot, reviews of one title, or both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "anyOf": [
                {"required": ["plot"], "properties": {"plot": {"type": "string"}}},
                {"required": ["reviews"], "properties": {"reviews": {"type": "array", "minItems": 1}}},
            ],
            "examples": [{"plot": _PLOT, "reviews": ["Slow, but the ending stays with you."]}],
        },
    )

    plot: Text | None = None
    reviews: list[Text] = Field(default_factory=list, max_length=MAX_GIVEN_REVIEWS)
    title: str | None = Field(None, max_length=300)
    type: TitleType | None = None
    year: Year | None = None

    @model_validator(mode="after")
    def _need_text(self) -> InsightsRequest:
        if self.plot is None and not self.reviews:
            raise ValueError("give a plot, reviews, or both")
        return self
