"""Themes of praise and complaint: sentences of reviews that are about acting, story, pacing and so on, and plainly for or against it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from trending.insights.hostile import has_markup
from trending.insights.orders import is_order
from trending.insights.schema import Quote, ReviewText, Theme
from trending.insights.scorer import ReviewScorer
from trending.insights.sentences import split_sentences
from trending.reviews.privacy import mask_text

_WORD = re.compile(r"[a-z\u00e9]+(?:[-'][a-z]+)*")
_FEWEST_WORDS, _MOST_WORDS, _MOST_CHARS = 4, 40, 240
_FOR, _AGAINST = 0.85, 0.15
_MOST_THEMES, _MOST_QUOTES = 5, 3
# A sentence about how it ends may tell how it ends; these mostly do.
_SPOILER = re.compile(
    r"(?i)\bspoil|\b(?:dies|died|is killed|gets killed|turns out|revealed to be|reveals? (?:that|himself|herself)|real killer|at the end,? (?:he|she|they|we)"
    r"|in the end,? (?:he|she|they|we)|the twist is|(?:is|was) actually (?:the|his|her|dead))\b"
)


class _Said(NamedTuple):
    """A sentence that speaks for or against something."""

    strength: float
    review: int
    text: str


@lru_cache(maxsize=1)
def _load_themes() -> tuple[tuple[str, ...], dict[str, str], frozenset[str]]:
    themes = json.loads(files("trending.insights").joinpath("themes.json").read_text(encoding="utf-8"))
    cues = {cue: theme for theme, words in reversed(themes.items()) for cue in words}
    return tuple(themes), cues, frozenset(cue for cue in cues if " " in cue)


def list_themes() -> tuple[str, ...]:
    """Return the names of the themes."""
    return _load_themes()[0]


def find_themes(reviews: Sequence[ReviewText]) -> tuple[list[Theme], list[Theme]]:
    """Return what is praised and what is complained of, most often said first, each with one to three sentences of different reviews, word for word.

    Reviews marked as spoilers, and sentences that read like one, aren't quoted.
    """
    scorer = ReviewScorer.load()
    praise: dict[str, list[_Said]] = defaultdict(list)
    complaints: dict[str, list[_Said]] = defaultdict(list)
    for number, review in enumerate(reviews):
        if review.spoiler:
            continue
        for sentence in split_sentences(review.text):
            theme = _name_theme(sentence)
            if theme is None:
                continue
            score = scorer.score(sentence)
            if score >= _FOR or score <= _AGAINST:
                (praise if score >= _FOR else complaints)[theme].append(_Said(abs(score - 0.5), number, sentence))
    return _quote(praise, reviews), _quote(complaints, reviews)


def _name_theme(sentence: str) -> str | None:
    """Return the theme whose words occur most in a sentence of a quotable length; the first named one of several."""
    if len(sentence) > _MOST_CHARS:
        return None
    folded = sentence.lower()
    words = _WORD.findall(folded)
    if not _FEWEST_WORDS <= len(words) <= _MOST_WORDS:
        return None
    _, cues, phrases = _load_themes()
    counts: dict[str, int] = defaultdict(int)
    for word in words:
        if word in cues:
            counts[cues[word]] += 1
    for phrase in phrases:
        if phrase in folded:
            counts[cues[phrase]] += 2
    return max(counts, key=counts.__getitem__) if counts else None


def find_spoilers(text: str) -> set[str]:
    """Return the phrases of a text by which reviews give an ending away."""
    return {phrase.casefold() for phrase in _SPOILER.findall(text)}


def is_quotable(sentence: str) -> bool:
    """Return whether a sentence may be shown: no markup, no contact details, no orders, nothing that gives an ending away."""
    return not (has_markup(sentence) or find_spoilers(sentence) or is_order(sentence)) and mask_text(sentence) == sentence


def _quote(said: dict[str, list[_Said]], reviews: Sequence[ReviewText]) -> list[Theme]:
    ranked = sorted(said.items(), key=lambda item: (-len({one.review for one in item[1]}), -max(one.strength for one in item[1]), item[0]))
    themes: list[Theme] = []
    for theme, found in ranked:
        quotes = [Quote(text=one.text, review_id=reviews[one.review].review_id) for one in _choose(found)]
        if quotes:
            themes.append(Theme(theme=theme, quotes=quotes))
        if len(themes) == _MOST_THEMES:
            break
    return themes


def _choose(found: list[_Said]) -> list[_Said]:
    """Return the strongest sentences that may be quoted, one a review."""
    chosen: dict[int, _Said] = {}
    for one in sorted(found, key=lambda one: (-one.strength, one.review)):
        if one.review not in chosen and is_quotable(one.text):
            chosen[one.review] = one
        if len(chosen) == _MOST_QUOTES:
            break
    return list(chosen.values())
