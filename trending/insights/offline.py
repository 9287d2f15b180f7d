"""Insights by rules: an extract of the plot, a measured score, vibes by cue words, quoted opinions. Deterministic; no model, no network.

Not a lesser model: what it says stands word for word in the material, or is a figure that can be checked.
"""

from __future__ import annotations

import re

from trending.insights.hostile import has_markup
from trending.insights.reading import Reading, read_material
from trending.insights.schema import Insights, Material, Provenance
from trending.insights.sentences import split_sentences
from trending.insights.themes import find_spoilers, find_themes
from trending.insights.verdict import judge_title
from trending.insights.vibes import find_vibes

MAKER = "offline-1"
_SUMMARY_WORDS, _LONG_PLOT_WORDS = 60, 120
_MOST_CHARS = 600
# From such a sentence on, a plot tells how it ends.
_ENDING = re.compile(
    r"(?i)\b(?:in the end|at the end|finally|eventually|ultimately|turns out|(?:is|are) revealed|reveals? (?:that|himself|herself|to be)|it emerges"
    r"|dies|is killed|kills (?:him|her|them)self|the (?:film|movie|story|series|episode) ends|epilogue|aftermath|spoilers?)\b"
)


def write_insights(material: Material) -> Insights:
    """Return insights of `material` by rules."""
    return describe_reading(read_material(material))


def describe_reading(reading: Reading) -> Insights:
    """Return insights of material that has been cleaned."""
    verdict = judge_title(reading.material.rating, reading.material.votes, reading.reviews)
    praise, complaints = find_themes(reading.reviews)
    return Insights(
        summary=extract_summary(reading.plot),
        score=verdict.score,
        score_reasons=verdict.reasons,
        tags=find_vibes(reading.plot, [review.text for review in reading.reviews if not review.spoiler]),
        genres=reading.genres,
        praise=praise,
        complaints=complaints,
        provenance=Provenance(maker=MAKER, from_plot=bool(reading.plot), from_reviews=len(reading.reviews)),
    )


def find_endings(text: str) -> set[str]:
    """Return the phrases of a text by which plots and reviews tell how it ends."""
    return {phrase.casefold() for phrase in _ENDING.findall(text)} | find_spoilers(text)


def cut_ending(plot: str) -> str:
    """Return a plot without the last third of a long one and without what reads like an ending: what may be told of it."""
    sentences = split_sentences(plot)
    if len(plot.split()) > _LONG_PLOT_WORDS:
        sentences = sentences[: max(1, len(sentences) * 2 // 3)]
    ending = next((place for place, sentence in enumerate(sentences) if place and _ENDING.search(sentence)), len(sentences))
    return " ".join(sentences[:ending])


def extract_summary(plot: str) -> str | None:
    """Return the first sentences of a plot, about 60 words: those that set the story up."""
    chosen: list[str] = []
    words = 0
    for sentence in split_sentences(cut_ending(plot)):
        length = len(sentence.split())
        if chosen and words + length > _SUMMARY_WORDS:
            break
        if not has_markup(sentence):
            chosen.append(sentence)
            words += length
    return _shorten(" ".join(chosen)) if chosen else None


def _shorten(text: str) -> str:
    if len(text) <= _MOST_CHARS and len(text.split()) <= 2 * _SUMMARY_WORDS:
        return text
    return " ".join(text[:_MOST_CHARS].rsplit(" ", 1)[0].split()[:_SUMMARY_WORDS]).rstrip(",;:- ") + "\u2026"
