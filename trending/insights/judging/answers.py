"""How a writer answers about one title: the same question, second chance and guard rails as insights are made with, but every answer is kept, good or bad."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from trending.insights.client import ModelUnavailable, Reply
from trending.insights.draft import Draft, Question, ask_about, ask_again
from trending.insights.offline import MAKER, describe_reading
from trending.insights.prompts import load_prompt
from trending.insights.provider import answer_messages
from trending.insights.reading import Reading
from trending.insights.schema import Insights
from trending.insights.verify import Refused, check_draft, parse_draft

# Takes messages and returns a reply, or raises `ModelUnavailable`.
Ask = Callable[[Sequence[dict[str, Any]]], Reply]
_REFUSAL = re.compile(
    r"(?i)\b(?:(?:i'?m|i am) (?:sorry|unable)|i (?:can(?:'|no)?t|can not|won't|will not) (?:help|assist|answer|provide|write|do|describe|comply|fulfil)"
    r"|as an ai\b|i must decline|unable to (?:comply|fulfil|assist|help)|against my (?:guidelines|policy))"
)


@dataclass(frozen=True)
class Answer:
    """What came of a question.

    Attributes:
        text: The last thing the writer said; empty if no answer came.
        draft: That, if it is of the schema.
        accepted: What the guard rails made of it; None if they refused it.
        valid_first: Whether the first thing it said was of the schema.
        refused: Whether it declined.
        secrets: What must not come back.
        unavailable: Why no answer came.
    """

    text: str = ""
    draft: Draft | None = None
    accepted: Insights | None = None
    valid_first: bool = False
    refused: bool = False
    secrets: tuple[str, ...] = ()
    calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    cost_known: bool = True
    seconds: float = 0.0
    unavailable: str | None = None


def ask_rules(messages: Sequence[dict[str, Any]]) -> Reply:
    """Answer by rules, in the schema that models answer in."""
    return Reply(answer_messages([message for message in messages if message["role"] == "user"][:1]), MAKER, 0, 0.0, cost_known=True)


def ask_writer(ask: Ask, reading: Reading) -> Answer:
    """Ask a writer about some material, and once more with what was wrong if the guard rails refuse what it says."""
    measured = describe_reading(reading)
    question = ask_about(reading, measured.score, load_prompt())
    messages: Sequence[dict[str, Any]] = question.messages
    replies: list[Reply] = []
    accepted, wrong = None, ""
    for _ in range(2):
        try:
            replies.append(ask(messages))
        except ModelUnavailable as error:
            if not replies:
                return Answer(unavailable=str(error))
            break
        try:
            accepted = check_draft(replies[-1].text, question, reading, measured)
            break
        except Refused as error:
            wrong = str(error)
            messages = ask_again(question, replies[-1].text, wrong)
    return _note(replies, question, accepted)


def _note(replies: Sequence[Reply], question: Question, accepted: Insights | None) -> Answer:
    text = replies[-1].text
    draft = _parse(text)
    said = text if draft is None else draft.summary or ""
    return Answer(
        text=text,
        draft=draft,
        accepted=accepted,
        valid_first=_parse(replies[0].text) is not None,
        refused=bool(_REFUSAL.search(said[:400])) and accepted is None,
        secrets=question.secrets,
        calls=len(replies),
        tokens=sum(one.tokens for one in replies),
        cost_usd=sum(one.cost_usd for one in replies),
        cost_known=all(one.cost_known for one in replies),
        seconds=sum(one.seconds for one in replies),
    )


def _parse(text: str) -> Draft | None:
    try:
        return parse_draft(text)
    except Refused:
        return None
