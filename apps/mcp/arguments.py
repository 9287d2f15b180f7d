"""Types of tool arguments that several tools share, each with its limits and a few words for the assistant."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from trending.genres import GENRES, Genre

_GENRES = {name.casefold(): name for name in GENRES}
MAX_ID_CHARS = 300


def as_list(given: Any) -> Any:
    """Take one value for a list of one, as assistants often send it."""
    return [given] if isinstance(given, str) else given


def _name_genre(given: Any) -> Any:
    return _GENRES.get(given.casefold(), given) if isinstance(given, str) else given


TitleId = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS, description="Id such as source:123, from another tool's answer.")]
Genres = Annotated[
    list[Annotated[Genre, BeforeValidator(_name_genre)]],
    BeforeValidator(as_list),
    Field(max_length=5, description="All of them: as listed, else as predicted."),
]
Kind = Literal["movie", "tv"]
Year = int  # the catalogue knows which it has
Score = Annotated[int, Field(ge=0, le=100, description="By ratings and reviews.")]
Language = Annotated[str, Field(max_length=40, description="ISO 639-1 code or English name.")]
Tag = Annotated[str, Field(max_length=40, description="A vibe, such as cosy.")]
Limit = Annotated[int, Field(ge=1, le=50)]
Cursor = Annotated[str, Field(max_length=2_000, description="next_cursor of the page before; all else must stay the same.")]
Text = Annotated[str, Field(min_length=1)]  # how long a text may be is a setting, which the service checks
TitleIds = Annotated[list[TitleId], BeforeValidator(as_list)]
Texts = Annotated[list[Text], BeforeValidator(as_list)]
