"""What the chat hands over: events while it works, and the answer they end in. No logic; every part of it can be stored as JSON and handed back as history."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from apps.chat.plans import Plan
from trending.titles import TitleType

RULES = "rules"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolUse(_Part):
    """A tool that was called, with what, and what came of it."""

    name: str
    arguments: dict[str, Any]
    summary: str = Field(description="What it returned, in a few words.")
    failed: bool = False


class Mention(_Part):
    """A title an answer names; `the second one` of the next question is the second of them."""

    title_id: str
    title: str
    year: int | None = None
    type: TitleType


class Answer(_Part):
    """A whole answer. Its text is Markdown: bold, lists, and links `[title](title id)`, nothing else."""

    text: str
    calls: list[ToolUse] = Field(default_factory=list)
    titles: list[Mention] = Field(default_factory=list, description="In the order they are named.")
    maker: str = Field(description="`rules`, or the name of the model that wrote it.")
    fallback: str | None = Field(None, description="Why the model that was asked for did not write it; null if it did, or none was asked for.")
    plan: Plan | None = Field(None, description="What the question was understood as; null if a model wrote the answer.")

    @property
    def cited(self) -> list[str]:
        """Ids of the titles it names."""
        return [one.title_id for one in self.titles]


class Turn(_Part):
    """A question that was asked before, with its answer."""

    question: str
    answer: Answer


class ToolStarted(_Part):
    """A tool is being called."""

    kind: Literal["tool_started"] = "tool_started"
    name: str
    arguments: dict[str, Any]


class ToolFinished(_Part):
    """It answered."""

    kind: Literal["tool_finished"] = "tool_finished"
    name: str
    summary: str
    failed: bool = False


class TextDelta(_Part):
    """The next piece of the answer's text."""

    kind: Literal["text"] = "text"
    text: str


class TextWithdrawn(_Part):
    """All text so far is void: what followed it did not stand up to the check. The answer begins anew."""

    kind: Literal["withdrawn"] = "withdrawn"
    reason: str


class Done(_Part):
    """The end: the whole answer."""

    kind: Literal["done"] = "done"
    answer: Answer


ChatEvent = ToolStarted | ToolFinished | TextDelta | TextWithdrawn | Done
