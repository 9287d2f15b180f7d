"""What insights are made from and what they consist of: one schema for models, the offline provider, the catalogue and every app."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from trending.titles import TitleType


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReviewText(_Part):
    """A review as insights read it."""

    review_id: str
    text: str
    rating: float | None = Field(None, ge=0, le=10)
    spoiler: bool = False


class Material(_Part):
    """All that insights about one title may be made from; whatever stands in it is data, never instructions."""

    title: str | None = None
    type: TitleType | None = None
    year: int | None = None
    plot: str | None = None
    reviews: list[ReviewText] = Field(default_factory=list)
    listed_genres: list[str] = Field(default_factory=list)
    predicted_genres: list[str] = Field(default_factory=list, description="Of the release's model; the offline provider's genres.")
    rating: float | None = Field(None, ge=0, le=10, description="Mean rating of the catalogues.")
    votes: int | None = Field(None, ge=0)


class Quote(_Part):
    """Words that stand in the material."""

    text: str = Field(min_length=1, max_length=400)
    review_id: str | None = Field(None, description="The review they stand in; null: the plot.")


class Theme(_Part):
    """What reviewers praise or complain of."""

    theme: str = Field(min_length=1, max_length=80)
    quotes: list[Quote] = Field(min_length=1, max_length=3)


class Tag(_Part):
    """A vibe: what it feels like to watch."""

    name: str = Field(min_length=1, max_length=40)
    controlled: bool = Field(description="True if it is one of the project's own list of vibes.")
    evidence: list[str] = Field(default_factory=list, max_length=5, description="Words of plot or reviews that spoke for it.")


class Provenance(_Part):
    """Who made the insights, from what, and at what price."""

    maker: str = Field(description="`offline` with its version, or LiteLLM's name of the model.")
    prompt: str = Field("", description="Version of the prompt; empty for the offline provider.")
    from_plot: bool
    from_reviews: int = Field(ge=0, description="How many reviews were read.")
    fallback: str | None = Field(None, description="Why the model that was asked for did not make this; null if it did, or none was asked for.")
    cached: bool = False
    tokens: int = Field(0, ge=0)
    cost_usd: float = Field(0.0, ge=0)
    cost_known: bool = Field(True, description="False if the model's price isn't known: its tokens are counted, its cost isn't.")
    made: dt.datetime | None = None


class Insights(_Part):
    """What plot and reviews say of a title. Made by a program or a model, never by an editor: apps label it so."""

    summary: str | None = Field(None, max_length=1_200, description="One paragraph without spoilers; null without a plot.")
    score: int | None = Field(None, ge=0, le=100, description="How good it is by ratings and reviews; null if there are none.")
    score_reasons: list[str] = Field(default_factory=list, max_length=6)
    tags: list[Tag] = Field(default_factory=list, max_length=12)
    genres: list[str] = Field(default_factory=list, description="Canonical genres.")
    praise: list[Theme] = Field(default_factory=list, max_length=5)
    complaints: list[Theme] = Field(default_factory=list, max_length=5)
    provenance: Provenance
