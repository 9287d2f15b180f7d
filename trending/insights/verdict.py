"""The score: how good a title is by its ratings and by what reviews say, with the figures it came from as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from trending.insights.schema import ReviewText
from trending.insights.scorer import ReviewScorer

# Without evidence a title is taken to be about as good as most: the score moves from here as votes and reviews come in.
_PRIOR, _PRIOR_WEIGHT = 60.0, 2.0
_MOST_WEIGHT, _HALF_VOTES, _UNKNOWN_VOTES_WEIGHT = 20.0, 200, 3.0
_FEWEST_TERMS, _FEWEST_KNOWN = 3, 0.2
_LITTLE = 5.0


@dataclass(frozen=True)
class Verdict:
    """A score from 0 to 100, None where there is nothing to go by, and its reasons."""

    score: int | None
    reasons: list[str]


def judge_title(rating: float | None, votes: int | None, reviews: Sequence[ReviewText]) -> Verdict:
    """Return the mean of catalogue rating and reviews, weighed by how much is behind each and shrunk towards 60.

    Each review has one vote: how favourable its words read, with the rating its author gave where there is one. Reviews in a language the scorer doesn't
    know count by their rating alone.
    """
    evidence: list[tuple[float, float]] = []
    reasons: list[str] = []
    if rating is not None and (votes is None or votes > 0):
        weight = _UNKNOWN_VOTES_WEIGHT if votes is None else _MOST_WEIGHT * votes / (votes + _HALF_VOTES)
        evidence.append((rating * 10, weight))
        reasons.append(f"Catalogues rate it {rating:.1f} of 10" + ("." if votes is None else f" from {votes:,} {_count('vote', votes)}."))
    read = [(score, review.rating) for review in reviews if (score := _read(review.text)) is not None or review.rating is not None]
    if read:
        opinions = [fmean(part for part in (score, None if stars is None else stars / 10) if part is not None) * 100 for score, stars in read]
        evidence.append((fmean(opinions), float(len(opinions))))
        reasons += _describe(read)
    if not evidence:
        return Verdict(None, [])
    total = sum(weight for _, weight in evidence)
    score = (_PRIOR * _PRIOR_WEIGHT + sum(value * weight for value, weight in evidence)) / (_PRIOR_WEIGHT + total)
    if total < _LITTLE:
        reasons.append(f"That is little to go by, so the score is drawn towards {_PRIOR:.0f}.")
    return Verdict(round(score), reasons)


def _read(text: str) -> float | None:
    """Return how favourable a text reads; None if too little of it is known, as in another language."""
    read = ReviewScorer.load().read(text)
    return read.score if read.known >= _FEWEST_TERMS and read.share >= _FEWEST_KNOWN else None


def _describe(read: Sequence[tuple[float | None, float | None]]) -> list[str]:
    scores = [score for score, _ in read if score is not None]
    stars = [given for _, given in read if given is not None]
    reasons = []
    if scores:
        liked = sum(score > 0.5 for score in scores)
        reasons.append(f"{liked:,} of {len(scores):,} {_count('review', len(scores))} read as favourable, {fmean(scores):.0%} on average.")
    if stars:
        reasons.append(f"{len(stars):,} {_count('reviewer', len(stars))} gave {fmean(stars):.1f} of 10 on average.")
    return reasons


def _count(noun: str, number: int) -> str:
    return noun if number == 1 else noun + "s"
