"""Small pictures as inline SVG: a trend's line, and a drawn card where others would show a poster, which catalogues don't license."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from markupsafe import Markup

from trending.service.answers import TitleCard, TrendPoint

_WIDTH, _HEIGHT = 120, 32

# Ground, far shape, near shape, light: by the mood a genre shares with its neighbours.
_PALETTES = {
    "dark": (("#1d2331", "#2f3a52", "#141925", "#c8553d"), ("#2a1f26", "#4a2f38", "#150f14", "#e0a458"), ("#222a2c", "#3b4a4a", "#12181a", "#d9d2b8")),
    "night": (("#233252", "#3d5687", "#141d33", "#f2d98b"), ("#1f3a44", "#35636b", "#10222a", "#f0c27a"), ("#33305a", "#554f8c", "#1c1a38", "#f3e3b0")),
    "warm": (("#f0d9bd", "#d99a6c", "#8a4b38", "#fff4e2"), ("#f6e3a8", "#e4a853", "#a3562f", "#fffaf0"), ("#f3cdb8", "#dd8566", "#7b3f3a", "#fff1e0")),
    "cool": (("#cfe0e8", "#7fa6bd", "#2f5873", "#f7fbfd"), ("#d5e3dc", "#86ab9b", "#35614f", "#fbfdf8"), ("#dfe0ea", "#9a9ec0", "#474d78", "#fffdf5")),
    "wild": (("#e9dfc3", "#b9a36a", "#5f5a36", "#c8692f"), ("#efd9b4", "#cf9a55", "#6b4a2a", "#b8472f"), ("#d9e0c0", "#94a868", "#455a35", "#e3a13c")),
    "rose": (("#f3dcd9", "#d5928f", "#7c3f4e", "#fff6f2"), ("#f5e0cf", "#dd9c86", "#8c4a52", "#fff8ee"), ("#ecdbe4", "#bf8fa8", "#6a4160", "#fff6fb")),
    "paper": (("#e9e6df", "#b6b0a3", "#4d4a45", "#fbfaf7"), ("#e0e2df", "#a3aaa6", "#434c4a", "#f6d9a6"), ("#e8dfd2", "#b79f86", "#574636", "#fdf8ee")),
}
_MOODS = {
    "dark": ("Horror", "Thriller", "Crime"),
    "night": ("Mystery", "Science Fiction", "Fantasy"),
    "warm": ("Comedy", "Family", "Animation", "Reality"),
    "cool": ("Drama", "Sport"),
    "wild": ("Western", "Adventure", "Action"),
    "rose": ("Music", "Romance"),
    "paper": ("War", "History", "Documentary"),
}
_MOOD_OF = {genre: mood for mood, genres in _MOODS.items() for genre in genres}


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


def draw_poster(card: TitleCard) -> Markup:
    """Return a drawn scene, always the same for a title: its colours come from the first genre, its shapes from the id."""
    seed = zlib.crc32(card.title_id.encode("utf-8", "replace"))
    genre = next(iter([*card.genres, *(one.genre for one in card.predicted)]), "")
    palettes = _PALETTES[_MOOD_OF.get(genre, "paper")]
    ground, far, near, light = palettes[seed // 7 % len(palettes)]
    scene = _SCENES[seed % len(_SCENES)](seed >> 6)
    return Markup(
        '<svg class="poster" viewBox="0 0 120 160" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">'
        '<rect width="120" height="160" fill="{ground}"/>{scene}</svg>'
    ).format(ground=ground, scene=Markup(scene.format(far=far, near=near, light=light)))


def _hills(seed: int) -> str:
    sun, ridge, slope = 25 + seed % 70, 84 + seed // 7 % 22, seed // 11 % 24
    return (
        f'<circle cx="{sun}" cy="{ridge - 22}" r="{15 + seed % 9}" fill="{{light}}"/>'
        f'<path d="M0 {ridge} Q30 {ridge - 20 - slope} 60 {ridge} T120 {ridge - 8} V160 H0Z" fill="{{far}}"/>'
        f'<path d="M0 {ridge + 30} Q40 {ridge + 6} 75 {ridge + 32} T120 {ridge + 24} V160 H0Z" fill="{{near}}"/>'
    )


def _towers(seed: int) -> str:
    heights = [38 + (seed >> shift) % 62 for shift in (0, 3, 6, 9, 12)]
    far = "".join(f'<rect x="{index * 26 - 4}" y="{150 - height}" width="20" height="{height + 10}" fill="{{far}}"/>' for index, height in enumerate(heights))
    near = "".join(
        f'<rect x="{index * 30 + 6}" y="{160 - height * 0.6:.0f}" width="22" height="{height:.0f}" fill="{{near}}"/>' for index, height in enumerate(heights[1:])
    )
    return f'<circle cx="{28 + seed % 64}" cy="{30 + seed % 16}" r="11" fill="{{light}}"/>{far}{near}'


def _waves(seed: int) -> str:
    rows = []
    for index in range(4):
        y, lift = 74 + index * 22, 7 + (seed >> index * 3) % 8
        fill = "{far}" if index % 2 == 0 else "{near}"
        rows.append(f'<path d="M0 {y} q15 -{lift} 30 0 t30 0 t30 0 t30 0 V160 H0Z" fill="{fill}"/>')
    return f'<circle cx="{30 + seed % 60}" cy="58" r="{17 + seed % 8}" fill="{{light}}"/>' + "".join(rows)


def _doorway(seed: int) -> str:
    left = 34 + seed % 30
    return (
        f'<rect x="0" y="{122 + seed % 8}" width="120" height="40" fill="{{near}}"/><rect x="{left - 7}" y="40" width="44" height="90" fill="{{far}}"/>'
        f'<rect x="{left}" y="48" width="30" height="82" fill="{{light}}"/><path d="M{left} 130 h30 l{14 + seed % 14} 30 h-{66 + seed % 8}z" fill="{{light}}" opacity=".35"/>'
    )


def _road(seed: int) -> str:
    point = 36 + seed % 48
    return (
        f'<rect y="82" width="120" height="78" fill="{{near}}"/><path d="M{point - 2} 82 h4 L{point + 46} 160 H{point - 46}Z" fill="{{far}}"/>'
        f'<path d="M{point - 22} 82 a22 22 0 0 1 44 0Z" fill="{{light}}"/><rect y="{30 + seed % 18}" width="{40 + seed % 50}" height="2" x="{seed % 30}" fill="{{far}}"/>'
    )


def _trees(seed: int) -> str:
    trunks = []
    for index in range(6):
        x, height = 6 + index * 20 + (seed >> index * 2) % 8, 60 + (seed >> index * 3) % 50
        fill = "{near}" if index % 2 else "{far}"
        trunks.append(f'<path d="M{x - 13} 150 L{x} {150 - height} L{x + 13} 150Z" fill="{fill}"/>')
    return f'<circle cx="{24 + seed % 72}" cy="{34 + seed % 18}" r="{12 + seed % 8}" fill="{{light}}"/>{"".join(trunks)}<rect y="148" width="120" height="12" fill="{{near}}"/>'


def _spotlight(seed: int) -> str:
    top, foot = 20 + seed % 80, 40 + seed // 5 % 40
    return (
        f'<path d="M{top - 4} 0 h8 L{foot + 34} 136 H{foot - 34}Z" fill="{{far}}" opacity=".75"/><rect y="130" width="120" height="30" fill="{{near}}"/>'
        f'<ellipse cx="{foot}" cy="136" rx="34" ry="7" fill="{{light}}"/><circle cx="{foot}" cy="92" r="7" fill="{{near}}"/><path d="M{foot - 9} 136 q-2 -36 9 -36 t9 36Z" fill="{{near}}"/>'
    )


def _window(seed: int) -> str:
    slats = "".join(f'<rect x="22" y="{34 + row * 14}" width="76" height="{4 + (seed >> row) % 4}" fill="{{near}}"/>' for row in range(7))
    return f'<rect x="16" y="26" width="88" height="108" fill="{{far}}"/><circle cx="{40 + seed % 40}" cy="{58 + seed % 30}" r="{18 + seed % 8}" fill="{{light}}"/>{slats}'


def _boat(seed: int) -> str:
    x, line = 34 + seed % 46, 96 + seed // 3 % 14
    return (
        f'<circle cx="{98 - seed % 70}" cy="{line - 34}" r="14" fill="{{light}}"/><rect y="{line}" width="120" height="{160 - line}" fill="{{far}}"/>'
        f'<path d="M{x} {line - 46} V{line - 4} H{x - 20}Z M{x + 3} {line - 36} L{x + 20} {line - 4} H{x + 3}Z" fill="{{near}}"/><path d="M{x - 24} {line} h50 l-8 12 h-34z" fill="{{near}}"/>'
        f'<path d="M0 {line + 28} q20 -7 40 0 t40 0 t40 0 V160 H0Z" fill="{{near}}"/>'
    )


_SCENES = (_hills, _towers, _waves, _doorway, _road, _trees, _spotlight, _window, _boat)
