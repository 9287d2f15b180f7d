"""A drawn scene where others would show a poster, which open catalogues don't license: the same for a title always, in the mood of its genre."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from trending.answers import TitleCard

_WIDTH, _HEIGHT = 120, 160

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


@dataclass(frozen=True)
class _Colours:
    ground: str
    far: str
    near: str
    light: str


def draw_poster(card: TitleCard) -> Markup:
    """Return the scene of a title: its colours come from the first genre, its shapes from the id. All of it is ours, nothing of the catalogue is in it."""
    seed = zlib.crc32(card.title_id.encode("utf-8", "replace"))
    genre = next(iter(card.known_genres()), "")
    palettes = _PALETTES[_MOOD_OF.get(genre, "paper")]
    colours = _Colours(*palettes[seed // 7 % len(palettes)])
    scene = _SCENES[seed % len(_SCENES)](colours, seed >> 6)
    return Markup(
        f'<svg class="poster" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">'
        f"{_rect(0, 0, _WIDTH, _HEIGHT, colours.ground)}{scene}</svg>"
    )


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"/>'


def _circle(x: float, y: float, radius: float, fill: str) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}"/>'


def _path(drawn: str, fill: str, opacity: float = 1) -> str:
    return f'<path d="{drawn}" fill="{fill}" opacity="{opacity:g}"/>'


def _hills(colours: _Colours, seed: int) -> str:
    ridge, slope = 84 + seed // 7 % 22, seed // 11 % 24
    return (
        _circle(25 + seed % 70, ridge - 22, 15 + seed % 9, colours.light)
        + _path(f"M0 {ridge} Q30 {ridge - 20 - slope} 60 {ridge} T120 {ridge - 8} V160 H0Z", colours.far)
        + _path(f"M0 {ridge + 30} Q40 {ridge + 6} 75 {ridge + 32} T120 {ridge + 24} V160 H0Z", colours.near)
    )


def _towers(colours: _Colours, seed: int) -> str:
    heights = [38 + (seed >> shift) % 62 for shift in (0, 3, 6, 9, 12)]
    far = "".join(_rect(place * 26 - 4, 150 - height, 20, height + 10, colours.far) for place, height in enumerate(heights))
    near = "".join(_rect(place * 30 + 6, 160 - height * 0.6, 22, height, colours.near) for place, height in enumerate(heights[1:]))
    return _circle(28 + seed % 64, 30 + seed % 16, 11, colours.light) + far + near


def _waves(colours: _Colours, seed: int) -> str:
    rows = [_circle(30 + seed % 60, 58, 17 + seed % 8, colours.light)]
    for place in range(4):
        top, lift = 74 + place * 22, 7 + (seed >> place * 3) % 8
        rows.append(_path(f"M0 {top} q15 -{lift} 30 0 t30 0 t30 0 t30 0 V160 H0Z", colours.near if place % 2 else colours.far))
    return "".join(rows)


def _doorway(colours: _Colours, seed: int) -> str:
    left = 34 + seed % 30
    return (
        _rect(0, 122 + seed % 8, 120, 40, colours.near)
        + _rect(left - 7, 40, 44, 90, colours.far)
        + _rect(left, 48, 30, 82, colours.light)
        + _path(f"M{left} 130 h30 l{14 + seed % 14} 30 h-{66 + seed % 8}z", colours.light, 0.35)
    )


def _road(colours: _Colours, seed: int) -> str:
    end = 36 + seed % 48
    return (
        _rect(0, 82, 120, 78, colours.near)
        + _path(f"M{end - 2} 82 h4 L{end + 46} 160 H{end - 46}Z", colours.far)
        + _path(f"M{end - 22} 82 a22 22 0 0 1 44 0Z", colours.light)
        + _rect(seed % 30, 30 + seed % 18, 40 + seed % 50, 2, colours.far)
    )


def _trees(colours: _Colours, seed: int) -> str:
    drawn = [_circle(24 + seed % 72, 34 + seed % 18, 12 + seed % 8, colours.light)]
    for place in range(6):
        x, top = 6 + place * 20 + (seed >> place * 2) % 8, 90 - (seed >> place * 3) % 50
        drawn.append(_path(f"M{x - 13} 150 L{x} {top} L{x + 13} 150Z", colours.near if place % 2 else colours.far))
    return "".join(drawn) + _rect(0, 148, 120, 12, colours.near)


def _spotlight(colours: _Colours, seed: int) -> str:
    lamp, foot = 20 + seed % 80, 40 + seed // 5 % 40
    return (
        _path(f"M{lamp - 4} 0 h8 L{foot + 34} 136 H{foot - 34}Z", colours.far, 0.75)
        + _rect(0, 130, 120, 30, colours.near)
        + _path(f"M{foot - 34} 136 a34 7 0 0 1 68 0 a34 7 0 0 1 -68 0Z", colours.light)
        + _circle(foot, 92, 7, colours.near)
        + _path(f"M{foot - 9} 136 q-2 -36 9 -36 t9 36Z", colours.near)
    )


def _window(colours: _Colours, seed: int) -> str:
    slats = "".join(_rect(22, 34 + row * 14, 76, 4 + (seed >> row) % 4, colours.near) for row in range(7))
    return _rect(16, 26, 88, 108, colours.far) + _circle(40 + seed % 40, 58 + seed % 30, 18 + seed % 8, colours.light) + slats


def _boat(colours: _Colours, seed: int) -> str:
    x, sea = 34 + seed % 46, 96 + seed // 3 % 14
    return (
        _circle(98 - seed % 70, sea - 34, 14, colours.light)
        + _rect(0, sea, 120, 160 - sea, colours.far)
        + _path(f"M{x} {sea - 46} V{sea - 4} H{x - 20}Z M{x + 3} {sea - 36} L{x + 20} {sea - 4} H{x + 3}Z", colours.near)
        + _path(f"M{x - 24} {sea} h50 l-8 12 h-34z", colours.near)
        + _path(f"M0 {sea + 28} q20 -7 40 0 t40 0 t40 0 V160 H0Z", colours.near)
    )


_SCENES: tuple[Callable[[_Colours, int], str], ...] = (_hills, _towers, _waves, _doorway, _road, _trees, _spotlight, _window, _boat)
