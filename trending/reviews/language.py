"""The language of a review: what the source says, or what the text is most likely in."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

# ISO 639-1, as of 2024; TMDB's "xx" (none) and "cn" aren't in it.
_TEXT = """
aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd
gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh
mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su
sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
_CODES = frozenset(_TEXT.split())
_TAG = re.compile(r"([a-z]{2})(?:[-_][a-z0-9]+)*", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\[(?:name|email|phone|handle|link|address)\]")
MIN_LETTERS = 40
_MAX_CHARS = 300
_CONFIDENT = 0.95


def parse_language(value: str) -> str | None:
    """Return the ISO 639-1 code of a language tag such as "en", "pt-BR" or "EN_us"; None for anything else."""
    tag = _TAG.fullmatch(value.strip())
    code = tag[1].lower() if tag else ""
    return code if code in _CODES else None


def detect_language(text: str) -> str | None:
    """Return the ISO 639-1 code of the language `text` is in, or None where that can't be told.

    Asked of py3langid over the first 300 characters; below 40 letters, or a probability of 0.95, it guesses too often.
    """
    sample = PLACEHOLDER.sub(" ", text)[:_MAX_CHARS]
    if sum(map(str.isalpha, sample)) < MIN_LETTERS:
        return None
    code, probability = _load_identifier().classify(sample)
    return str(code) if probability >= _CONFIDENT and code in _CODES else None


@lru_cache(maxsize=1)
def _load_identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
