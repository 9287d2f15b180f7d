"""Prompts as files, and their versions: a name with the hash of the text and of the lists it is filled with, so that none meets answers of an older one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from trending.genres import GENRES
from trending.insights.themes import list_themes
from trending.insights.vibes import list_vibes

CURRENT = "insights-1"


@dataclass(frozen=True)
class Prompt:
    """A prompt and its version."""

    version: str
    text: str


@cache
def load_prompt(name: str = CURRENT) -> Prompt:
    """Return a prompt of this package, with all but `{boundary}` and `{canary}` filled in."""
    text = files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    for blank, names in {"{vibes}": list_vibes(), "{genres}": GENRES, "{themes}": list_themes()}.items():
        text = text.replace(blank, ", ".join(names))
    return Prompt(f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}", text)
