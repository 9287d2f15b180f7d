"""What a catalogue knows of a title beside its plot, as words before the plot: a series is told in other words than a film of the same genre.

Words, not columns, because a plot alone must be readable too: someone who pastes a plot need not know its year.
"""

from __future__ import annotations

import re

_KINDS = {"movie": "Film", "tv": "TV show"}
_FACTS = re.compile(r"(?:Film|TV show|Title)(?:, \d{4}s)?: ")


def write_facts(kind: str | None, year: float | None) -> str:
    """Return words such as `TV show, 1990s: `; empty if neither is known.

    Args:
        kind: `movie`, `tv` or None.
        year: Of release; None or NaN if unknown. One that hasn't four digits is none.
    """
    decade = f", {int(year) // 10 * 10}s" if year is not None and 1000 <= year <= 9999 else ""  # NaN lies in no range
    name = _KINDS.get(kind or "", "Title" if decade else "")
    return f"{name}{decade}: " if name else ""


def split_facts(text: str) -> tuple[str, str]:
    """Return what `write_facts` wrote before a plot, if it did, and the plot."""
    found = _FACTS.match(text)
    return (found[0], text[found.end() :]) if found else ("", text)


def read_facts(text: str) -> tuple[bool | None, int | None]:
    """Return whether it is a TV show and the decade's first year, as far as the facts before a plot say."""
    facts, _ = split_facts(text)
    decade = re.search(r"\d{4}", facts)
    is_tv = True if facts.startswith("TV") else False if facts.startswith("Film") else None
    return is_tv, int(decade[0]) if decade else None
