"""What a model is asked for, and the question: the schema of its answer, and material between lines that nobody can guess."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from trending.genres import GENRES
from trending.insights.offline import cut_ending
from trending.insights.prompts import Prompt
from trending.insights.reading import Reading, choose_reviews
from trending.insights.schema import ReviewText
from trending.insights.themes import list_themes

MAX_REVIEW_CHARS = 24_000  # about 6,000 tokens
MAX_EACH_CHARS = 1_500
MAX_PLOT_CHARS = 6_000
_SECRET_BYTES = 12


class _Draft(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DraftQuote(_Draft):
    """Words of a review."""

    text: str
    review: int = Field(description="The number of the review they stand in.")


class DraftTheme(_Draft):
    """A theme with its quotes."""

    theme: str = Field(json_schema_extra={"enum": list(list_themes())})
    quotes: list[DraftQuote]


class DraftTag(_Draft):
    """A vibe with the words that speak for it."""

    name: str
    evidence: list[str]


class Draft(_Draft):
    """Insights as a model writes them, before they are checked."""

    summary: str | None
    score: int | None
    score_reasons: list[str]
    tags: list[DraftTag]
    genres: list[str] = Field(json_schema_extra={"items": {"type": "string", "enum": list(GENRES)}})
    praise: list[DraftTheme]
    complaints: list[DraftTheme]


@dataclass(frozen=True)
class Question:
    """One question: its messages, the material in them, what must not come back, and the reviews by the numbers the model knows them by."""

    messages: list[dict[str, Any]]
    material: str
    secrets: tuple[str, ...]
    reviews: dict[int, ReviewText]
    plot: str


def ask_about(reading: Reading, measured_score: int | None, prompt: Prompt) -> Question:
    """Return the question about some material; boundary and canary are new in each."""
    boundary, canary = f"MATERIAL-{secrets.token_hex(_SECRET_BYTES)}", secrets.token_hex(_SECRET_BYTES)
    reviews = dict(enumerate(choose_reviews(reading.reviews, MAX_REVIEW_CHARS, MAX_EACH_CHARS), start=1))
    plot = cut_ending(reading.plot)[:MAX_PLOT_CHARS]
    material = {
        "title": reading.title,
        "type": reading.material.type,
        "year": reading.material.year,
        "rating": reading.material.rating,
        "votes": reading.material.votes,
        "measured_score": measured_score,
        "genres": reading.genres,
        "plot": plot or None,
        "reviews": [{"number": number, "rating": one.rating, "spoiler": one.spoiler, "text": _unmark(one.text)} for number, one in reviews.items()],
    }
    system = prompt.text.format(boundary=boundary, canary=canary)
    # JSON keeps a review in one line: no text in it can look like the boundary's line.
    line = json.dumps(material, ensure_ascii=False)
    messages = [{"role": "system", "content": system}, {"role": "user", "content": f"{boundary}\n{line}\n{boundary}"}]
    return Question(messages, line, (boundary, canary), reviews, plot)


def ask_again(question: Question, answer: str, wrong: str) -> list[dict[str, Any]]:
    """Return the messages of a second chance, after an answer that broke a rule."""
    correction = f"That can't be used, as {wrong}. Answer again by the same rules: one JSON object, nothing but what the material says."
    return [*question.messages, {"role": "assistant", "content": answer[:8_000]}, {"role": "user", "content": correction}]


def _unmark(text: str) -> str:
    return re.sub(r"MATERIAL-", "MATERIAL ", text, flags=re.IGNORECASE)
