"""Vibes: the project's own list of what it feels like to watch something, and the words of plot and reviews that speak for each."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

from trending.insights.schema import Tag

_WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")
_DENIALS = frozenset(
    {"not", "no", "never", "hardly", "isn't", "wasn't", "without", "neither", "nor", "less", "barely", "aren't", "weren't", "doesn't", "didn't"}
)
_STRONG, _WEAK, _REVIEW = 2.0, 1.0, 1.0
_ENOUGH = 2.0  # one strong cue in the plot, two weak ones, or two reviews that say it
_MOST_WORDS = 5
MOST_TAGS = 6
_MOST_EVIDENCE = 4


@lru_cache(maxsize=1)
def _load_cues() -> tuple[tuple[str, ...], dict[str, list[tuple[str, bool]]]]:
    vibes = json.loads(files("trending.insights").joinpath("vibes.json").read_text(encoding="utf-8"))
    cues: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for vibe, words in vibes.items():
        for strength in ("strong", "weak"):
            for cue in words[strength]:
                cues[cue].append((vibe, strength == "strong"))
    return tuple(vibes), dict(cues)


def list_vibes() -> tuple[str, ...]:
    """Return the names of the controlled tags."""
    return _load_cues()[0]


@lru_cache(maxsize=1)
def _continuing() -> frozenset[str]:
    """Return the first words of cues that have more than one."""
    return frozenset(cue.split()[0] for cue in _load_cues()[1] if " " in cue)


def find_vibes(plot: str, reviews: Sequence[str]) -> list[Tag]:
    """Return up to six vibes, those with most evidence first, each with the words that spoke for it."""
    support: dict[str, float] = defaultdict(float)
    evidence: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for vibe, cues in _find_cues(plot).items():
        for cue, strong in cues.items():
            support[vibe] += _STRONG if strong else _WEAK
            evidence[vibe][cue] += 1
    for review in reviews:
        for vibe, cues in _find_cues(review).items():
            said = [cue for cue, strong in cues.items() if strong]
            # Reviewers retell plots: only words for the feeling itself count there.
            if said:
                support[vibe] += _REVIEW
            for cue in said:
                evidence[vibe][cue] += 1
    order = {vibe: place for place, vibe in enumerate(list_vibes())}
    found = sorted((vibe for vibe, total in support.items() if total >= _ENOUGH), key=lambda vibe: (-support[vibe], order[vibe]))
    return [Tag(name=vibe, controlled=True, evidence=_rank(evidence[vibe])) for vibe in found[:MOST_TAGS]]


def _rank(counts: dict[str, int]) -> list[str]:
    return sorted(counts, key=lambda cue: (-counts[cue], cue))[:_MOST_EVIDENCE]


def _find_cues(text: str) -> dict[str, dict[str, bool]]:
    """Return, per vibe, its cues that occur in the text and whether they are strong; denied ones ("not scary") don't count."""
    cues, continuing = _load_cues()[1], _continuing()
    words = _WORD.findall(text.lower().replace("\u2019", "'"))
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for place, word in enumerate(words):
        lengths = range(1, _MOST_WORDS + 1) if word in continuing else (1,)
        for length in lengths:
            meant = cues.get(word if length == 1 else " ".join(words[place : place + length]))
            if meant and not _DENIALS.intersection(words[max(0, place - 3) : place]):
                for vibe, strong in meant:
                    found[vibe][" ".join(words[place : place + length])] = strong
    return found
