"""Titles as questions name them: by words, with a year or a kind to tell namesakes apart, or by their place in the answer before ("the second one", "it")."""

from __future__ import annotations

import re
from collections.abc import Sequence

from apps.chat.answers import Mention, Turn
from apps.chat.plans import TitleName
from apps.chat.vocabulary import NUMBERS, ORDINALS

_QUOTES = "\"'“”‘’«»*"  # noqa: RUF001
_THING = r"(?:one|film|movie|show|series|title|pick|suggestion|recommendation|result)"
_ORDINAL = re.compile(
    rf"(?:the )?(?:(?P<name>{'|'.join(ORDINALS)}|last)(?: {_THING})?(?: (?:on|of|in) (?:the|that|your) list)?"
    rf"|(?:{_THING} )?(?:number|no\.?|#) ?(?P<digits>\d+|{'|'.join(NUMBERS)}))",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"it|this|that|he|him|(?:this|that|the) (?:one|film|movie|show|series|title)|(?:this|that) (?:first|top) one|the (?:top|winner|same) one|the same",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"(?:(?:the )?(?:first|top) (?P<count>two|three|four|five|[2-5])(?: ones?)?|both(?: of them)?|them(?: both)?|these|those|these two|those two|the two)",
    re.IGNORECASE,
)
_YEAR_AFTER = re.compile(r"^(?P<name>.+?)[,]? (?:\((?P<year>(?:18|19|20)\d\d)\)|(?:of|from) (?P<other>(?:18|19|20)\d\d))$")
_KIND = {"movie": "movie", "film": "movie", "series": "tv", "show": "tv", "tv series": "tv", "tv show": "tv"}
_KIND_BEFORE = re.compile(r"^the (movie|film|series|show|tv series|tv show) (?:called |named |titled )?(?=\S)", re.IGNORECASE)
_KIND_AFTER = re.compile(r"^(?P<name>.+?),? (?:the |\()(?P<kind>movie|film|series|show|tv series|tv show)\)?$", re.IGNORECASE)
_ID = re.compile(r"[a-z][a-z0-9_]*:[\w.~%-]+")
_MOST_COMPARED = 5


def find_named_title(phrase: str, history: Sequence[Turn]) -> TitleName | None:
    """Return what `phrase` names; None if it names nothing."""
    text = phrase.strip().strip(_QUOTES + " ,;").strip()
    if not text:
        return None
    if found := _find_mention(text, history):
        return _name_mention(found)
    if list_mentions(history) and is_reference(text):
        return None
    if _ID.fullmatch(text):
        return TitleName(text=text, title_id=text)
    year = kind = None
    if before := _KIND_BEFORE.match(text):
        kind, text = _KIND[before[1].casefold()], text[before.end() :]
    if after := _YEAR_AFTER.match(text):
        year, text = int(after["year"] or after["other"]), after["name"]
    if after := _KIND_AFTER.match(text):
        kind, text = _KIND[after["kind"].casefold()], after["name"]
    return TitleName.model_validate({"text": text.strip(_QUOTES + " ,;"), "year": year, "type": kind})


def find_named_titles(phrase: str, history: Sequence[Turn]) -> list[TitleName]:
    """Return the titles that "both", "these" or "the first two" of the answer before are; empty if `phrase` says nothing of the kind."""
    found = _SEVERAL.fullmatch(phrase.strip())
    listed = list_mentions(history)
    if not found or len(listed) < 2:
        return []
    count = _count(found["count"]) if found["count"] else 2 if re.search("both|two", phrase, re.IGNORECASE) else _MOST_COMPARED
    return [_name_mention(one) for one in listed[:count]]


def is_reference(phrase: str) -> bool:
    """Whether `phrase` points at an earlier answer instead of naming a title."""
    text = phrase.strip()
    return bool(_ORDINAL.fullmatch(text) or _PRONOUN.fullmatch(text) or _SEVERAL.fullmatch(text))


def list_mentions(history: Sequence[Turn]) -> list[Mention]:
    """Return the titles of the latest answer that names any."""
    return next((turn.answer.titles for turn in reversed(history) if turn.answer.titles), [])


def _find_mention(text: str, history: Sequence[Turn]) -> Mention | None:
    listed = list_mentions(history)
    if not listed:
        return None
    if _PRONOUN.fullmatch(text):
        return listed[0]
    if found := _ORDINAL.fullmatch(text):
        if (found["name"] or "").casefold() == "last":
            return listed[-1]
        place = ORDINALS[found["name"].casefold()] if found["name"] else _count(found["digits"])
        return listed[place - 1] if 1 <= place <= len(listed) else None
    return None


def _name_mention(one: Mention) -> TitleName:
    return TitleName(text=one.title, year=one.year, type=one.type, title_id=one.title_id)


def _count(word: str) -> int:
    return int(word) if word.isdecimal() else NUMBERS[word.casefold()]
