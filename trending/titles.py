"""One schema of a title for files, spiders, Parquet, API and assistants.

Columns that a source doesn't have are null; `title` and `type` never are. The same order is used wherever titles are written.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

TitleType = Literal["movie", "tv"]
TITLE_TYPES: tuple[str, ...] = get_args(TitleType)
FIRST_YEAR = 1874  # the oldest surviving moving picture
MIN_PLOT_CHARS = 20  # shorter plots carry no evidence: they are kept in the catalogue but not learnt from


class Title(BaseModel):
    """A film or a TV show as one source describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title_id: str = Field(min_length=1, description="`source:source_id`, unique.")
    title: str = Field(min_length=1)
    type: TitleType
    year: int | None = Field(None, ge=FIRST_YEAR, le=2100, description="Year of first release.")
    plot: str | None = Field(None, description="What it is about, plain text.")
    genres: list[str] = Field(default_factory=list, description="Canonical genres.")
    rating: float | None = Field(None, ge=0, le=10, description="Mean rating, 0 to 10.")
    votes: int | None = Field(None, ge=0, description="Votes behind `rating`.")
    popularity: float | None = Field(None, ge=0, description="The source's own measure; not comparable across sources.")
    language: str | None = None
    country: str | None = None
    release_date: dt.date | None = None
    source: str
    source_id: str
    imdb_id: str | None = None
    group_id: str = Field(description="The same for rows that describe the same title; splits never cut through a group.")
    data_licence: str | None = None
    rights_class: str = Field(description="What may be done with the row: see `trending.cleaning.rights`.")
    url: str | None = Field(None, description="The source's own page, to be linked wherever the row is shown.")


TITLE_COLUMNS: tuple[str, ...] = tuple(Title.model_fields)
