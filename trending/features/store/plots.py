"""How a plot that anyone wrote becomes what models read; serving imports this and nothing else of the store."""

from __future__ import annotations

from trending.cleaning.text import repair_text
from trending.features.masking import mask_genre_words


def prepare_plot(text: str) -> str:
    """Return a plot as models read it: repaired, and without the words that name a genre."""
    return mask_genre_words(repair_text(text))
