"""Reads what should be different from the title or list at hand: "funnier", "darker", "newer", "in French", "less scary"."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from apps.chat.plans import Change, Wanted
from apps.chat.slots import LENGTH_NOTE, read_slots

# What comparatives say of titles; the rest is read like any other description.
_SYNONYMS: dict[str, str] = {
    "funnier": "funny",
    "more fun": "funny",
    "more humou?r(?:ous)?": "funny",
    "goofier|sillier": "silly",
    "scarier|more scary|creepier|more frightening": "scary",
    "more romantic|more romance": "romantic",
    "more action": "action",
    "more exciting|more thrilling": "thrilling",
    "more suspense(?:ful)?|more tense|tenser": "tense",
    "darker|bleaker|grimmer|more dark": "dark",
    "grittier": "gritty",
    "lighter|more light-?hearted|more cheerful|happier|more upbeat|less (?:dark|sad|serious|depressing|heavy|bleak|grim)": "feel-good",
    "sadder|more sad": "sad",
    "weirder|stranger|more surreal": "surreal",
    "sweeter|warmer|cosier|cozier|more heartwarming": "heartwarming",
    "smarter|more clever|cleverer|deeper|more thoughtful": "thought-provoking",
    "slower|calmer": "slow-burn",
    "more epic|bigger|grander": "epic",
    "more magical": "fantasy",
    "more violent|bloodier|gorier": "violent",
    "animated": "animated",
    "more mystery|more mysterious": "mystery",
    "for (?:my )?(?:little )?(?:kids|children|younger viewers)|more family[- ]friendly|kid[- ]friendly|less violent|less gory|tamer": "family-friendly",
    "more realistic|true|based on a true story": "realistic",
}
_CHANGES: dict[Change, str] = {
    "newer": r"\b(?:newer|more recent|more modern|later)\b",
    "older": r"\b(?:older|earlier|more classic)\b",
    "better": r"\b(?:better|higher[- ]rated|better[- ]reviewed|better[- ]rated)\b",
}
_NO_POPULARITY = "I can't pick by how widely known a title is."


@dataclass(frozen=True)
class Changes:
    """What was read.

    Attributes:
        rest: Words nothing was read from.
    """

    wanted: Wanted
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rest: str = ""

    @property
    def found(self) -> bool:
        """True if the text asked for any change."""
        return bool(self.wanted != Wanted() or self.changes or self.notes)


def read_changes(text: str, today: dt.date) -> Changes:
    """Read what `text` wants changed."""
    given = " ".join(text.casefold().split())
    notes, changes = [], []
    given, lengths = re.subn(r"\b(?:shorter|longer|not (?:so|too) long|less long|quicker)\b", " ", given)
    given, fame = re.subn(r"\b(?:less (?:known|popular|famous|mainstream)|more obscure|lesser[- ]known|more (?:popular|famous))\b", " ", given)
    notes += [LENGTH_NOTE] if lengths else []
    notes += [_NO_POPULARITY] if fame else []
    for change, pattern in _CHANGES.items():
        given, count = re.subn(pattern, " ", given)
        changes += [change] if count else []
    for pattern, word in _SYNONYMS.items():
        given = re.sub(rf"\b(?:{pattern})\b", f" {word} ", given)
    slots = read_slots(re.sub(r"\b(?:more|a bit|a little|much|even|way|slightly)\b", " ", given), today)
    return Changes(slots.wanted, changes, [*notes, *slots.notes], slots.query)
