"""The data cards of a version: one for all of it, one per source."""

from __future__ import annotations

from typing import Any


def render_cards(facts: Any, sources: Any, parts: Any) -> dict[str, str]:
    """Temporary."""
    return {"cards/version.md": "# Data card\n" * 100}
