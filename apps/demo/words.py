"""Figures in words that a person would use: how sure the model is, who made a text, what a code stands for. Plain text; `render` escapes it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

from apps.demo.text import clean_text
from trending.catalogue.languages import LANGUAGES
from trending.insights.schema import Provenance
from trending.predictions import Prediction

_SOURCES = {"starter": "Starter catalogue", "tvmaze": "TVmaze", "tmdb": "TMDB", "netflix_top10": "Netflix Top 10", "wikipedia": "Wikipedia"}


def name_language(code: str) -> str:
    """Return a language's English name, or the code itself."""
    return LANGUAGES.get(code.lower(), code)


def name_kind(kind: str) -> str:
    """Return what a title's type is called."""
    return {"movie": "Film", "tv": "Series"}.get(kind, kind)


def name_source(source: str) -> str:
    """Return a source's own spelling."""
    return _SOURCES.get(source, source)


def say_percent(share: float) -> str:
    """Return a probability as whole per cent, never 0 % or 100 %, which it never is."""
    return "under 1%" if share < 0.01 else "over 99%" if share > 0.99 else f"{share:.0%}"


def say_many(count: int, one: str, several: str | None = None) -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def join_words(parts: Iterable[str]) -> str:
    """Return parts as a list in a sentence."""
    *first, last = list(parts) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def say_certainty(probability: float, uncertain: bool) -> str:
    """Return how sure a predicted genre is; an uncertain one might as well not have been predicted."""
    if uncertain:
        return "borderline"
    if probability >= 0.8:
        return "very likely"
    if probability >= 0.5:
        return "likely"
    return "possible"


def find_near(prediction: Prediction) -> list[str]:
    """Return up to two genres that might as well have been predicted."""
    said = {one.genre for one in prediction.genres}
    return [name for name, _ in _sorted(prediction.scores) if name in prediction.uncertain and name not in said][:2]


def say_uncertainty(prediction: Prediction, thresholds: dict[str, float]) -> str:
    """Return one or two sentences: what the model would bet on, and what it nearly said."""
    near = find_near(prediction)
    nearly = f" {join_words(near)} came close." if near else ""
    if not prediction.genres:
        best, score = _sorted(prediction.scores)[0]
        guess = f"Its best guess, {best}, reaches {say_percent(score)}, below its threshold of {say_percent(thresholds[best])}."
        return f"The model isn't sure enough of any genre. {guess}{nearly if best not in near else ''}"
    said: dict[str, list[str]] = {}
    for one in prediction.genres:
        said.setdefault(say_certainty(one.probability, one.genre in prediction.uncertain), []).append(one.genre)
    return "; ".join(f"{join_words(names)} {'are' if len(names) > 1 else 'is'} {how}" for how, names in said.items()) + "." + nearly


def name_maker(provenance: Provenance) -> str:
    """Return the label that content made by rules or a model always carries."""
    maker = provenance.maker
    return f"made by rules ({maker})" if maker.startswith("offline") else f"made by {maker}"


def say_origin(provenance: Provenance) -> str:
    """Return from what it was made."""
    parts = (["the plot"] if provenance.from_plot else []) + ([say_many(provenance.from_reviews, "review")] if provenance.from_reviews else [])
    return f"from {join_words(parts)}" if parts else "from ratings only"


def mark_evidence(text: str, phrases: Iterable[str]) -> Markup:
    """Return the text cleaned and escaped, with the words of the evidence in `<mark>`; a phrase that isn't in it marks nothing."""
    text = clean_text(text)
    wanted = sorted({phrase.strip() for phrase in phrases if phrase.strip()}, key=len, reverse=True)
    if not wanted:
        return escape(text)
    # Evidence is lower-cased and its words may be parted by what isn't a letter.
    patterns = (r"[\W_]+".join(re.escape(word) for word in phrase.split()) for phrase in wanted)
    found = re.compile(r"\b(?:" + "|".join(patterns) + r")\b", re.IGNORECASE)
    marked, last = [], 0
    for match in found.finditer(text):
        marked += [escape(text[last : match.start()]), Markup("<mark>{}</mark>").format(match.group())]
        last = match.end()
    return Markup("").join([*marked, escape(text[last:])])


def _sorted(scores: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
