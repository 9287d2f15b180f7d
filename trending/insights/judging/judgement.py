"""What a judgement of a writer says, and what was decided from it: written into caches, artifacts and releases."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

RULES = "rules"  # the writer where no model is configured, or none may write


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Measured(_Part):
    """A figure with its 95 % bootstrap interval over titles or probes, and over how many."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        """As `0.531 [0.519, 0.543]`."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


class WriterJudgement(_Part):
    """How good one writer is on the labelled set."""

    writer: str = Field(description="LiteLLM's name of the model, or `rules`.")
    identity: str = Field(description="SHA-256 of model and server, prompt, schema, rules and labelled set: another is another writer.")
    prompt: str = Field(description="Version of the prompt; empty for rules.")
    made: dt.datetime | None = Field(description="Null for rules, which are judged each time.")
    titles: int
    probes: int
    figures: dict[str, Measured] = Field(description="By measure, see docs/insights.md.")
    values: dict[str, list[float | None]] = Field(description="By measure, of every title or probe; null where it can't be said.")
    calls: int
    tokens: int
    cost_usd: float
    cost_known: bool = Field(description="False if the model's price isn't known.")
    seconds: float = Field(description="Median of a title, waiting for the minute's limit left out.")
    unanswered: int = Field(0, description="Titles and probes for which no answer came.")
    unavailable: str | None = Field(None, description="Why it couldn't be judged: too few answers came.")
    approved: bool = Field(False, description="Whether it may write: later writers are compared with it.")


class InsightQuality(_Part):
    """Who writes the insights of a release, and how good that writer is beside the rules."""

    writer: str = Field(description="Who writes: the first model's name, or `rules`.")
    asked: str = Field(description="Who was asked for.")
    compared_with: str | None = Field(None, description="The writer before, if there was one to compare with.")
    failures: list[str] = Field(default_factory=list, description="By which measures a model failed, each with its bound.")
    note: str = Field("", description="Why rules write though a model was asked for.")
    judgements: list[WriterJudgement]

    @property
    def models(self) -> list[WriterJudgement]:
        """Those of models."""
        return [one for one in self.judgements if one.writer != RULES]
