"""The reply the rules write: lines of Markdown, the titles they name in order, and the sources at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from apps.chat.answers import Mention
from apps.chat.markdown import cite_source, escape, link_title
from apps.chat.plans import Plan, Wanted
from apps.chat.toolbox import Toolbox
from trending.answers import Attribution, TitleCard
from trending.catalogue.languages import LANGUAGES

KINDS = {"movie": "film", "tv": "show"}


class Reply:
    """Grows line by line.

    Attributes:
        plan: What the answer stands for afterwards: with the cursor of the next page, or what a name turned out to mean.
    """

    def __init__(self, plan: Plan, tools: Toolbox) -> None:
        self.plan = plan
        self.titles: list[Mention] = []
        self._tools = tools
        self._lines: list[str] = []

    def add(self, *lines: str) -> None:
        """Add lines."""
        self._lines += lines

    def name(self, title: Mention | TitleCard) -> str:
        """Return a title as a link with its year, and remember that it was named."""
        if all(one.title_id != title.title_id for one in self.titles):
            self.titles.append(Mention(title_id=title.title_id, title=title.title, year=title.year, type=title.type))
        return link_title(title.title, title.title_id) + (f" ({title.year})" if title.year else "")

    def list_cards(self, cards: Sequence[TitleCard], reasons: Sequence[str] = ()) -> None:
        """Add a numbered list; reasons stand after the titles."""
        for number, card in enumerate(cards, 1):
            said = [self.name(card), KINDS[card.type], ", ".join(card.genres or card.known_genres()[:3])]
            said += [f"score {card.score}"] if card.score is not None else []
            reason = reasons[number - 1] if reasons else escape(card.blurb or "", 120)
            self.add(f"{number}. {' · '.join(one for one in said if one)}{f': {reason}' if reason else ''}")

    def add_notes(self, notes: Iterable[str]) -> None:
        """Add what can't be done."""
        for note in notes:
            self.add(f"({escape(note)})")

    def to_text(self) -> str:
        """Return the whole, with where its titles are from."""
        sources: dict[str, Attribution] = {}
        for one in self.titles:
            if found := self._tools.sources.get(one.title_id):
                sources.setdefault(found.source, found)
        cited = [cite_source(one if len(self.titles) == 1 else one.model_copy(update={"url": None})) for one in sources.values()]
        text = "\n".join(self._lines).strip()
        return text if not cited or all(one in text for one in cited) else f"{text}\n\n_Source: {', '.join(cited)}_"


def begin_sentence(text: str) -> str:
    """Return text with a capital in front."""
    return text[:1].upper() + text[1:]


def describe_wanted(wanted: Wanted, noun: str | None = None) -> str:
    """Return filters in words: "Korean thriller films from 2016 on"."""
    kind = {"movie": "films", "tv": "shows", None: "titles"}[wanted.type] if noun is None else noun
    language = LANGUAGES.get(wanted.language or "", wanted.language or "")
    words = [escape(wanted.tag or ""), language, " and ".join(wanted.genre), kind]
    return " ".join(word for word in words if word) + _describe_rest(wanted)


def _describe_rest(wanted: Wanted) -> str:
    said = ""
    if wanted.year_from and wanted.year_to:
        said += f" of {wanted.year_from}" if wanted.year_from == wanted.year_to else f" from {wanted.year_from} to {wanted.year_to}"
    elif wanted.year_from:
        said += f" from {wanted.year_from} on"
    elif wanted.year_to:
        said += f" up to {wanted.year_to}"
    said += f" with a score of {wanted.min_score} or more" if wanted.min_score else ""
    return said + (f" without {' or '.join(wanted.without)}" if wanted.without else "")
