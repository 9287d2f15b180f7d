"""Ratings from whatever scale a source uses, brought to 0 to 10."""

from __future__ import annotations

import re

_NUMBER = r"(?:\d{1,4}(?:\.\d+|,\d{1,2})?|\.\d+)"  # "7,5" is a decimal comma, "1,234" no rating
_BARE = re.compile(_NUMBER)
_OUT_OF = re.compile(rf"({_NUMBER})\s*(?:/|out of|von|sur)\s*(\d{{1,3}})(?:\s*(?:stars?|points?))?\.?", re.IGNORECASE)
_PERCENT = re.compile(rf"({_NUMBER})\s*%")
_STARS = re.compile(rf"({_NUMBER})\s*stars?", re.IGNORECASE)
_GLYPHS = re.compile("(\u2605*)([\u00bd\u2bea]?)(\u2606*)")


def parse_rating(rating: str, best: str | None = None, worst: str | None = None) -> float | None:
    """Return a rating as a number from 0 to 10, or None where it is no rating or lies outside its scale.

    10 (rating - worst) / (best - worst), to two decimals. A scale within the rating ("4 out of 5", "85 %", three of five stars drawn) beats the
    one beside it. A number of stars is read only where `best` says of how many.

    Args:
        rating: As the source wrote it.
        best: The top of the scale; 10 where the source doesn't say.
        worst: Its bottom; 0 where the source doesn't say. It belongs to `best`, so that a rating with another scale within begins at 0.
    """
    text = " ".join(rating.split())
    glyphs = _GLYPHS.fullmatch(text)
    if text and glyphs:
        full, half, empty = glyphs.groups()
        size = len(full) + len(half) + len(empty)
        # Three stars alone may be of three, four or five.
        return _scale(len(full) + len(half) / 2, size, 0) if empty or size == 5 else None
    if percent := _PERCENT.fullmatch(text):
        return _scale(_number(percent[1]), 100, 0)
    top, bottom = _read(best, 10), _read(worst, 0)
    if top is None or bottom is None:
        return None
    if out_of := _OUT_OF.fullmatch(text):
        scale = _number(out_of[2])
        return _scale(_number(out_of[1]), scale, bottom if best is not None and scale == top else 0)
    stars = _STARS.fullmatch(text) if best is not None else None
    if stars or _BARE.fullmatch(text):
        return _scale(_number(stars[1] if stars else text), top, bottom)
    return None


def _read(limit: str | None, default: float) -> float | None:
    if limit is None:
        return default
    return _number(limit) if _BARE.fullmatch(limit.strip()) else None


def _number(text: str) -> float:
    return float(text.strip().replace(",", "."))


def _scale(value: float, best: float, worst: float) -> float | None:
    return round(10 * (value - worst) / (best - worst), 2) if worst <= value <= best and worst < best else None
