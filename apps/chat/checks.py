"""Checks what a model wrote against what the tools returned: nothing invented, no links but to titles, no markup. A line is checked before anyone sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from apps.chat.answers import Mention
from apps.chat.markdown import LINK, link_title, strip_controls
from apps.chat.resolve import fold

MAX_CHARS = 6_000
_FOREIGN = re.compile(
    r"(?i)\w+://|\bwww\.|\b(?:javascript|data|vbscript|mailto):|!\[|\]\s*[(\[]|<[a-z/!?]|&(?:lt|#\w+);|[\w.+-]+@[\w-]+\.\w|\b[\w-]+\.(?:com|net|org|io|ru|cn|info|biz|xyz|example)\b"
)
_SPAN = re.compile(
    r"\*\*(?P<bold>[^*\n]+)\*\*|(?<![\w*])[*_](?P<italic>[^*_\n]+)[*_](?![\w*])|[\"\u201c\u00ab](?P<quoted>[^\"\u201c\u201d\u00ab\u00bb\n]+)[\"\u201d\u00bb]"
)
_DATED = re.compile(
    r"(?P<name>[A-Z0-9][\w'\u2019:&.-]*(?: (?:[A-Z0-9][\w'\u2019:&.-]*|of|the|and|a|an|in|to|for|on|at|with|de|la))*)\W{0,3} \((?P<year>(?:18|19|20)\d\d)\)"
)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_NOTHING = re.compile(r"(?i)\b(?:no|not|none|nothing|neither|sorry|unable|unfortunately)\b|n[\u2019']t\b")


class Facts:
    """What an answer may rest on: the titles tools returned, and every word and number of their results."""

    def __init__(self, titles: Mapping[str, Mention], results: Iterable[str], said: Iterable[str]) -> None:
        """Take what tools returned now and before.

        Args:
            titles: By id.
            results: The tools' results, as JSON.
            said: The question, and the turns before it.
        """
        self.titles = dict(titles)
        texts = [*results, *said]
        self._words = f" {' '.join(fold_words(text) for text in texts)} "
        numbers = {_normalise(found) for text in texts for found in _NUMBER.findall(text)}
        # Probabilities are told as percentages, ratings without their decimals.
        self._numbers = (
            numbers | {f"{float(one) * 100:.0f}" for one in numbers if "." in one and float(one) <= 1} | {f"{float(one):.0f}" for one in numbers if "." in one}
        )
        self._numbers |= {f"{float(one):.1f}" for one in numbers if "." in one} | {"100"}

    def holds(self, phrase: str) -> bool:
        """Whether the words of `phrase` stand in a result, one after the other."""
        words = fold_words(phrase)
        return not words or f" {words} " in self._words

    def knows_number(self, number: str) -> bool:
        """Whether a number of two digits or more stands in a result."""
        bare = _normalise(number)
        return len(bare) < 2 or bare in self._numbers


def fold_words(text: str) -> str:
    """Return the words of a text, compared as titles are, JSON's escapes resolved."""
    return fold("x " + re.sub(r"\\[nrt\"]", " ", text))[2:]


def find_fault(line: str, facts: Facts) -> str | None:
    """Return what is wrong with one line of an answer, or None."""
    for shown, target in LINK.findall(line):
        title = facts.titles.get(unquote(target))
        if title is None:
            return f"it cites {target[:80]!r}, which no tool returned"
        if fold(title.title) not in fold(re.sub(r"\\(.)", r"\1", shown)):
            return f"it calls {target[:80]!r} {shown[:80]!r}, which is another title"
    rest = LINK.sub(" ", line)
    if _FOREIGN.search(rest):
        return "it holds a link or markup that isn't a title's"
    for span in _SPAN.finditer(rest):
        words = span["bold"] or span["italic"] or span["quoted"]
        if not words.rstrip().endswith(":") and not words.strip()[:1].isdigit() and not facts.holds(words):
            return f"it says {words[:80]!r}, which no tool returned"
    known = {(fold(one.title), one.year) for one in facts.titles.values()}
    for dated in _DATED.finditer(rest):
        if not any(year == int(dated["year"]) and fold(dated["name"]).endswith(title) for title, year in known):
            return f"it names {dated[0][:80]!r}, which no tool returned"
    unknown = next((number for number in _NUMBER.findall(re.sub(r"^\s*\d+[.)]", "", rest)) if not facts.knows_number(number)), None)
    return f"it says {unknown}, a figure no tool returned" if unknown else None


def find_fault_of_whole(text: str, looked_up: bool, may_chat: bool) -> str | None:
    """Return what is wrong with an answer whose lines are right.

    Args:
        text: The answer.
        looked_up: Whether a tool returned any title for it.
        may_chat: Whether the question can be answered without looking anything up.
    """
    if not text.strip():
        return "it is empty"
    if len(text) > MAX_CHARS:
        return "it is too long"
    cites = bool(LINK.search(text))
    if not looked_up and not cites and not may_chat:
        return "it was not looked up"
    if looked_up and not cites and not _NOTHING.search(text):
        return "it cites no title that a tool returned"
    return None


def render_checked(text: str, facts: Facts) -> tuple[str, list[Mention]]:
    """Return a checked answer with its links written the safe way, and the titles it cites in order."""
    cited: dict[str, Mention] = {}

    def link(found: re.Match[str]) -> str:
        title = facts.titles[unquote(found[2])]
        cited.setdefault(title.title_id, title)
        return link_title(title.title, title.title_id)

    return LINK.sub(link, strip_controls(text)).strip(), list(cited.values())


def _normalise(number: str) -> str:
    return number.replace(",", "").rstrip(".")
