"""Charts as inline SVG, drawn with matplotlib without a display."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_ACCENT, _SOFT, _SECOND = "#3457d5", "#98a2b3", "#e8a317"


def _draw(size: tuple[float, float], paint: Callable[[Any], None]) -> str:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    style: Any = {"svg.hashsalt": "trending-now", "font.family": "sans-serif", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
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

    def paint(axes: Any) -> None:
        axes.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(names)), names, rotation=60, ha="right")
        axes.set_yticks(range(len(names)), names)
        axes.set(xlabel="predicted", ylabel="listed")
        for row, column in np.argwhere(matrix >= 0.005):
            axes.text(
                column,
                row,
                f"{matrix[row, column] * 100:.0f}",
                ha="center",
                va="center",
                fontsize=7,
                color="white" if matrix[row, column] > 0.68 else "#1c2330",
            )

    return _draw((9, 8.4), paint)
