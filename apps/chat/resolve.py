"""Finds the title a name means, and its namesakes: a search, and a judgement of how near each name is. Search itself always brings something."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from apps.chat.answers import Mention
from apps.chat.plans import TitleName
from apps.chat.toolbox import Toolbox
from trending.answers import SearchAnswer, TitleCard

_LOOKED_AT = 10
_SAME = 88  # of 100: a slip or two of the finger in a title
_NEAR = 60


@dataclass(frozen=True)
class Found:
    """What a name means.

    Attributes:
        title: The title taken; None if no title is called so.
        namesakes: Others called the same.
        near: Others called nearly so, if none is taken.
        exact: False if the name isn't quite the title's.
    """

    title: Mention | None
    namesakes: list[Mention] = field(default_factory=list)
    near: list[Mention] = field(default_factory=list)
    exact: bool = True


async def find_title(tools: Toolbox, name: TitleName) -> Found:
    """Return the title `name` means: among namesakes the best known, and none rather than a guess."""
    if name.title_id and name.title_id != name.text:
        return Found(Mention(title_id=name.title_id, title=name.text, year=name.year, type=name.type or "movie"))
    found = await _search(tools, name, name.year)
    cards = found.titles or ((await _search(tools, name, None)).titles if name.year else [])
    wanted = fold(name.text)
    same = [card for card in cards if fold(card.title) == wanted or card.title_id == name.text]
    if same:
        return Found(_mention(same[0]), [_mention(card) for card in same[1:4]])
    close = [card for card in cards if _measure(wanted, fold(card.title)) >= _SAME]
    if close:
        return Found(_mention(close[0]), [_mention(card) for card in close[1:4]], exact=False)
    return Found(None, near=[_mention(card) for card in cards if _measure(wanted, fold(card.title)) >= _NEAR][:3])


async def _search(tools: Toolbox, name: TitleName, year: int | None) -> SearchAnswer:
    return await tools.ask(SearchAnswer, "search_titles", query=name.text[:300], type=name.type, year_from=year, year_to=year, limit=_LOOKED_AT)


def _measure(wanted: str, title: str) -> float:
    """Return how much of a title's name `wanted` is: a slip of the finger, or some of its words in their order ("lebowski")."""
    whole = re.search(rf"\b{re.escape(wanted)}\b", title) if len(wanted) >= 4 else None
    return 90.0 if whole and len(wanted) >= 0.4 * len(title) else fuzz.ratio(wanted, title)


def fold(text: str) -> str:
    """Return a title as it is compared: no case, accents, marks or leading article."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    words = re.findall(r"[^\W_]+", bare.replace("'", "").replace("\u2019", "").replace("&", " and "))
    return " ".join(words[1:] if len(words) > 1 and words[0] in ("the", "a", "an") else words)


def _mention(card: TitleCard) -> Mention:
    return Mention(title_id=card.title_id, title=card.title, year=card.year, type=card.type)
