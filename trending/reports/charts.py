"""Charts as inline SVG, drawn with matplotlib without a display."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import escape

_ACCENT, _SOFT, _SECOND, _INK = "#3457d5", "#98a2b3", "#e8a317", "#1c2330"
_LONGEST_NAME = 26


def describe_chart(svg: str, alt: str) -> str:
    """Return a chart that a screen reader names by `alt` and doesn't read any further."""
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" ', 1)


def _draw(size: tuple[float, float], paint: Callable[[Any], None]) -> str:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    style: Any = {"svg.hashsalt": "trending-now", "font.family": "sans-serif", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
    # Names come from data: a dollar sign in one starts no formula.
    style["text.parse_math"] = False
    with pyplot.rc_context(style):
        figure, axes = pyplot.subplots(figsize=size, layout="constrained")
        try:
            paint(axes)
            stream = io.StringIO()
            # Without a date the same data give the same bytes.
            figure.savefig(stream, format="svg", metadata={"Date": None})
        finally:
            pyplot.close(figure)
    text = stream.getvalue()
    return text[text.index("<svg") :]


def draw_bars(names: Sequence[str], series: Mapping[str, Sequence[float]]) -> str:
    """Draw horizontal bars, one group a name, one colour a series."""

    def paint(axes: Any) -> None:
        height = 0.8 / len(series)
        for number, ((label, values), colour) in enumerate(zip(series.items(), (_ACCENT, _SECOND), strict=False)):
            axes.barh(np.arange(len(names)) + number * height, values, height=height, color=colour, label=label)
        axes.set_yticks(np.arange(len(names)) + height * (len(series) - 1) / 2, names)
        axes.invert_yaxis()
        axes.grid(axis="x", alpha=0.25)
        axes.legend(frameon=False, loc="lower right")

    return _draw((9, 0.28 * len(names) + 0.8), paint)


def draw_lines(positions: Sequence[float], series: Mapping[str, Sequence[float]], xlabel: str, ylabel: str) -> str:
    """Draw up to three lines over the same positions."""

    def paint(axes: Any) -> None:
        for (label, values), colour in zip(series.items(), (_SOFT, _SECOND, _ACCENT), strict=False):
            axes.plot(positions, values, color=colour, linewidth=2, label=label)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False, loc="lower left")

    return _draw((9, 4.2), paint)


def draw_intervals(names: Sequence[str], values: Sequence[float], lows: Sequence[float], highs: Sequence[float], reference: Sequence[float]) -> str:
    """Draw points with their intervals, and a tick where the reference stands."""

    def paint(axes: Any) -> None:
        rows = np.arange(len(names))
        axes.hlines(rows, lows, highs, color=_ACCENT, linewidth=3, alpha=0.35)
        axes.plot(reference, rows, "|", color=_SECOND, markersize=12, markeredgewidth=2.5, label="majority baseline")
        axes.plot(values, rows, "o", color=_ACCENT, label="this model, 95 % interval")
        axes.set_yticks(rows, names)
        axes.set(xlim=(0, 1), xlabel="F1")
        axes.invert_yaxis()
        axes.grid(axis="x", alpha=0.25)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, 1.06), ncols=2)

    return _draw((9, 0.28 * len(names) + 1.0), paint)


def draw_reliability(centres: npt.NDArray[np.float64], observed: npt.NDArray[np.float64], counts: npt.NDArray[np.float64]) -> str:
    """Draw observed frequency against predicted probability; a point's area grows with its number of predictions."""

    def paint(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=_SOFT, linewidth=1)
        axes.scatter(centres, observed, s=20 + 280 * np.sqrt(counts / counts.max()), color=_ACCENT, alpha=0.7)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="predicted probability", ylabel="share that had the genre", aspect="equal")
        axes.grid(alpha=0.25)

    return _draw((4.8, 4.8), paint)


def draw_matrix(names: Sequence[str], matrix: npt.NDArray[np.float64]) -> str:
    """Draw a square matrix of shares in [0, 1] with its values."""
    return draw_grid(names, names, matrix, (9, 8.4), xlabel="predicted", ylabel="listed")


def draw_grid(
    rows: Sequence[str],
    columns: Sequence[str],
    shares: npt.NDArray[np.float64],
    size: tuple[float, float] | None = None,
    xlabel: str = "",
    ylabel: str = "",
) -> str:
    """Draw shares in [0, 1], shape (rows, columns), as shaded cells with their percentages; NaN stays blank and so does what rounds to 0."""

    def paint(axes: Any) -> None:
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(columns)), _shorten(columns), rotation=60, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(rows)), _shorten(rows))
        axes.set(xlabel=xlabel, ylabel=ylabel)
        for row, column in np.argwhere(shares >= 0.005):
            colour = "white" if shares[row, column] > 0.68 else _INK
            axes.text(column, row, f"{shares[row, column] * 100:.0f}", ha="center", va="center", fontsize=7, color=colour)

    # Names of columns stand on edge below the grid, and so need room by their length.
    longest = max(len(name) for name in _shorten(columns))
    return _draw(size or (9, 0.32 * max(len(rows), 5) + 0.6 + 0.08 * longest), paint)


def draw_stacks(names: Sequence[str], series: Mapping[str, Sequence[float]], xlabel: str = "") -> str:
    """Draw one horizontal bar a name, made of up to two series laid end to end; with one series its values stand beside the bars."""

    def paint(axes: Any) -> None:
        left = np.zeros(len(names))
        for (label, values), colour in zip(series.items(), (_ACCENT, _SECOND), strict=False):
            bars = axes.barh(range(len(names)), values, left=left, height=0.72, color=colour, label=label)
            left += np.asarray(values, dtype=float)
        if len(series) == 1:
            axes.bar_label(bars, fmt="{:,.0f}", padding=4, fontsize=9, color=_INK)
        axes.set_yticks(range(len(names)), _shorten(names))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set(xlabel=xlabel, xlim=(0, (left.max() if len(names) else 0) * 1.08 or 1), ylim=(len(names) - 0.4, -0.6))
        axes.grid(axis="x", alpha=0.25)
        axes.set_axisbelow(True)
        _place_legend(axes, len(series))

    return _draw((9, 0.3 * len(names) + 1.1), paint)


def draw_columns(labels: Sequence[str], series: Mapping[str, Sequence[float]], xlabel: str = "", ylabel: str = "", edges: bool = False) -> str:
    """Draw one column a label, of up to two series stacked.

    With `edges`, a label names the lower edge of its bin, and every fourth is shown; one that ends in a plus (an open bin) always is, at its middle.
    """

    def paint(axes: Any) -> None:
        at = np.arange(len(labels)) + (0.5 if edges else 0.0)
        base = np.zeros(len(labels))
        for (label, values), colour in zip(series.items(), (_ACCENT, _SECOND), strict=False):
            axes.bar(at, values, bottom=base, width=0.92 if edges else 0.78, color=colour, label=label)
            base += np.asarray(values, dtype=float)
        ticks = {float(number): labels[number] for number in range(0, len(labels), 4 if edges else 1)}
        if edges and labels[-1].endswith("+"):
            ticks = {at: label for at, label in ticks.items() if at < len(labels) - 2} | {len(labels) - 0.5: labels[-1]}
        axes.set_xticks(list(ticks), list(ticks.values()))
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.margins(x=0.01)
        axes.grid(axis="y", alpha=0.25)
        axes.set_axisbelow(True)
        _place_legend(axes, len(series))

    return _draw((9, 3.2), paint)


def draw_quartiles(names: Sequence[str], lowers: Sequence[float], medians: Sequence[float], uppers: Sequence[float], xlabel: str = "") -> str:
    """Draw, per name, the range that holds the middle half of its values, with the median as a point."""

    def paint(axes: Any) -> None:
        rows = np.arange(len(names))
        axes.hlines(rows, lowers, uppers, color=_ACCENT, linewidth=9, alpha=0.3, label="middle half")
        axes.plot(medians, rows, "o", color=_ACCENT, label="median")
        axes.set_yticks(rows, _shorten(names))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set(xlabel=xlabel, xlim=(0, max(uppers, default=0) * 1.08 or 1), ylim=(len(names) - 0.4, -0.6))
        axes.grid(axis="x", alpha=0.25)
        _place_legend(axes, 2)

    return _draw((9, 0.3 * len(names) + 1.1), paint)


def draw_spans(names: Sequence[str], firsts: Sequence[dt.date], lasts: Sequence[dt.date]) -> str:
    """Draw, per name, a bar from its first day to its last."""

    def paint(axes: Any) -> None:
        starts = np.asarray(firsts, dtype="datetime64[D]")
        # A span of days is too thin to see beside one of years.
        widths = np.asarray(lasts, dtype="datetime64[D]") - starts
        widths = np.maximum(widths, max(widths.max() // 150, np.timedelta64(1, "D")))
        axes.barh(range(len(names)), widths, left=starts, height=0.6, color=_ACCENT)
        axes.set_yticks(range(len(names)), _shorten(names))
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.xaxis_date()
        # Bars would else begin at the very edge, as if cut off.
        axes.use_sticky_edges = False
        axes.margins(x=0.02)
        axes.grid(axis="x", alpha=0.25)
        axes.set_axisbelow(True)

    return _draw((9, 0.34 * len(names) + 0.8), paint)


def _place_legend(axes: Any, series: int) -> None:
    if series > 1:
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=series, borderaxespad=0.2)


def _shorten(names: Sequence[str]) -> list[str]:
    return [name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "\u2026" for name in names]


def draw_scatter(names: Sequence[str], across: Sequence[float], up: Sequence[float], filled: Sequence[bool], labels: tuple[str, str]) -> str:
    """Draw named points, the horizontal axis logarithmic; some are filled."""

    def paint(axes: Any) -> None:
        axes.set_xscale("log")
        for name, x, y, full in zip(names, across, up, filled, strict=True):
            axes.plot(max(x, 1e-3), y, "o", color=_ACCENT, markerfacecolor=_ACCENT if full else "white", markersize=9)
            axes.annotate(name, (max(x, 1e-3), y), xytext=(8, -3), textcoords="offset points", color=_INK)
        axes.set(xlabel=labels[0], ylabel=labels[1])
        axes.margins(x=0.25, y=0.12)
        axes.grid(alpha=0.25)

    return _draw((9, 4.2), paint)
