"""A trend's line as inline SVG that says in words where it goes."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from trending.answers import TrendPoint

_WIDTH, _HEIGHT = 120, 32


def draw_sparkline(history: Sequence[TrendPoint]) -> Markup:
    """Return the trend of the weeks before as a line that ends in a dot, described in words; nothing for fewer than two points."""
    if len(history) < 2:
        return Markup("")
    scores = [point.score for point in history]
    low, high = min(scores), max(scores)
    span = (high - low) or 1.0
    step = (_WIDTH - 8) / (len(scores) - 1)
    points = [(4 + index * step, _HEIGHT - 5 - (score - low) / span * (_HEIGHT - 10)) for index, score in enumerate(scores)]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    direction = "up" if scores[-1] > scores[0] else "down" if scores[-1] < scores[0] else "level"
    label = f"Trending score over {len(scores)} weeks: {direction}, from {scores[0]:.2f} to {scores[-1]:.2f}"
    return Markup(
        '<svg class="spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{label}">'
        '<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"/>'
        '<circle cx="{x:.1f}" cy="{y:.1f}" r="2.75" fill="currentColor"/></svg>'
    ).format(w=_WIDTH, h=_HEIGHT, label=label, points=drawn, x=points[-1][0], y=points[-1][1])
