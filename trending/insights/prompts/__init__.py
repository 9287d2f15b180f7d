"""Prompts as files, and their versions: a name with the hash of the text, so that an edited prompt never meets answers of the old one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

CURRENT = "insights-1"


@dataclass(frozen=True)
class Prompt:
    """A prompt and its version."""

    version: str
    text: str


@cache
def load_prompt(name: str = CURRENT) -> Prompt:
    """Return a prompt of this package."""
    text = files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    return Prompt(f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}", text)
