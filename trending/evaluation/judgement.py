"""What a judgement says: every figure with its interval, by genre and by slice."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Figure(BaseModel):
    """A figure with its 95 % interval over title groups."""

    model_config = ConfigDict(extra="forbid")

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """As `0.531 [0.519, 0.543]`."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


class GenreJudgement(BaseModel):
    """How one genre is predicted."""

    n: int
    precision: float
    recall: float
    f1: Figure


class SliceJudgement(BaseModel):
    """How one slice is predicted; macro F1 runs over the genres that occur in it."""

    n: int
    macro_f1: Figure
    micro_f1: Figure


class Judgement(BaseModel):
    """All figures of one model on one set."""

    kind: str
    n: int
    groups: int
    metrics: dict[str, Figure]
    per_genre: dict[str, GenreJudgement]
    slices: dict[str, dict[str, SliceJudgement]]
