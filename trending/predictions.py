"""What is predicted for a text, as every app answers it. Only the shape: `trending.models.predictor` makes it."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Evidence(BaseModel):
    """A word or phrase of the text that spoke for a genre."""

    text: str
    weight: float = Field(description="Share among the evidence shown; the shares of one genre add up to 1.")


class GenrePrediction(BaseModel):
    """One genre predicted for a text."""

    genre: str
    probability: float = Field(ge=0, le=1)
    threshold: float = Field(ge=0, le=1, description="The genre is predicted from this probability on.")
    evidence: list[Evidence]


class Prediction(BaseModel):
    """What was predicted for one text."""

    genres: list[GenrePrediction] = Field(description="Genres at or above their threshold, most probable first; may be empty.")
    scores: dict[str, float] = Field(description="Probability of each of the 20 genres.")
    uncertain: list[str] = Field(default_factory=list, description="Genres too near their threshold to say yes or no.")
