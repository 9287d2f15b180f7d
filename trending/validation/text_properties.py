"""Plain properties of texts, computed here: deepchecks' own would fetch models."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from trending.reviews.language import detect_language

UNSURE = "unsure"
_SENTENCE = re.compile(r"[.!?]+(?:\s|$)")


def measure_texts(texts: Sequence[str]) -> pd.DataFrame:
    """Return a row of properties per text, shape (n, 8); all but `language` are numbers."""
    return pd.DataFrame([_measure(text) for text in texts]).assign(language=[detect_language(text) or UNSURE for text in texts])


def _measure(text: str) -> dict[str, float]:
    words = text.split()
    size = max(1, len(text))
    letters = max(1, sum(char.isalpha() for char in text))
    return {
        "characters": float(len(text)),
        "words per sentence": len(words) / max(1, len(_SENTENCE.findall(text))),
        "letters per word": letters / max(1, len(words)),
        "share of different words": len({word.casefold() for word in words}) / max(1, len(words)),
        "share of capitals": sum(char.isupper() for char in text) / letters,
        "share of digits": sum(char.isdigit() for char in text) / size,
        "share outside ASCII": sum(not char.isascii() for char in text) / size,
    }
