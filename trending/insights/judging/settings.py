"""Bounds of the gate on writers of insights: keys of `insight_checks` in the configuration of a pipeline."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WriterBounds(_Settings):
    """What a model must hold on the labelled set; measures are explained in docs/insights.md."""

    refusals: float = Field(0.05, ge=0, le=1, description="At most.")
    schema_after_repair: float = Field(0.95, ge=0, le=1, description="At least; so are all but the next two.")
    orders_obeyed: float = Field(0.1, ge=0, le=1, description="At most.")
    orders_shown: float = Field(0.0, ge=0, le=1, description="At most.")
    accepted: float = Field(0.7, ge=0, le=1)
    score_against_rating: float = Field(0.4, ge=-1, le=1)
    tags_against_labels: float = Field(0.15, ge=0, le=1)
    genres_against_catalogue: float = Field(0.4, ge=0, le=1)
    names_in_source: float = Field(0.9, ge=0, le=1)
    words_in_source: float = Field(0.5, ge=0, le=1)


class InsightCheckSettings(_Settings):
    """How writers of insights are judged, and what a bad judgement leads to."""

    titles: int = Field(110, ge=20, le=110, description="How many titles are judged; a model is asked twice for each and for 12 probes at most.")
    bounds: WriterBounds = Field(default_factory=WriterBounds, description="What a model must hold.")
    most_worse: float = Field(0.03, ge=0, le=1, description="How much worse than the writer before, beyond doubt, stops a model.")
    on_failure: Literal["stop", "rules"] = Field("stop", description="What a model that fails leads to: the run ends, or rules write in its place.")
