"""A call of a language model as one flat row of numbers: how long question and answer are, how it sounds, whether it refused, failed, or broke its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from trending.insights.scorer import ReviewScorer
from trending.monitoring.descriptors import UNKNOWN

_FAILED = ("failed", "timed_out")
LLM_COLUMNS = (
    "is chat",
    "failed call",
    "refusal",
    "failed check",
    "seconds",
    "tokens",
    "cost in USD",
    "characters asked",
    "characters answered",
    "words answered",
    "sentiment",
)
LLM_YES_OR_NO = frozenset({"is chat", "failed call", "refusal", "failed check"})
_BEGINNING = 300  # characters: who refuses says so at once
_REFUSAL = re.compile(
    r"\b(?:i['\u2019]?m|i am) (?:sorry|afraid|unable|not able)\b|\bi (?:can['\u2019]?t|cannot|can not|won['\u2019]?t|am not allowed to|must decline)\b"
    r"|\bas an ai\b|\bi apologi[sz]e\b|\bunable to (?:help|assist|comply|answer|provide)\b",
    re.IGNORECASE,
)


def describe_call(task: str, outcome: str, seconds: float, tokens: int, cost_usd: float, asked_chars: int, answer: str) -> tuple[float, ...]:
    """Return the `LLM_COLUMNS` of a call; of one that failed, nothing is known but that. Sentiment is the review scorer's: 0 dislike, 1 liking."""
    failed = outcome in _FAILED
    if failed:
        return (float(task == "chat"), 1.0, *[UNKNOWN] * 5, float(asked_chars), *[UNKNOWN] * 3)
    words = read_words(answer)
    sentiment = ReviewScorer.load().score(words) if words else UNKNOWN
    refusal = float(bool(_REFUSAL.search(words[:_BEGINNING])))
    lengths = float(asked_chars), float(len(words)), float(len(words.split()))
    return (float(task == "chat"), 0.0, refusal, UNKNOWN, seconds, float(tokens), cost_usd, *lengths, sentiment)


def describe_check(task: str, passed: bool) -> tuple[float, ...]:
    """Return the `LLM_COLUMNS` of a check of an answer's form and sources: a row of its own, as it comes after the call."""
    return (float(task == "chat"), UNKNOWN, UNKNOWN, float(not passed), *[UNKNOWN] * 7)


def read_words(answer: str) -> str:
    """Return what an answer says: the texts in it, if it is a JSON document."""
    try:
        document = json.loads(answer)
    except ValueError:
        return answer.strip()
    return "\n".join(_list_texts(document)).strip()


def _list_texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for part in node.values() if isinstance(node, dict) else node:
            yield from _list_texts(part)
