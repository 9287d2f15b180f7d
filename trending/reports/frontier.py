"""Quality against cost of every candidate, as part of a page and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from trending.evaluation.frontier import FrontierRow
from trending.reports.charts import draw_scatter
from trending.reports.page import render_figure, render_table

_COLUMNS = ("model", "macro F1, validation", "macro F1, test", "ms a title", "ms in a batch", "MB", "training, CPU s", "")


def render_frontier(rows: Sequence[FrontierRow]) -> list[Markup]:
    """Return a table and a chart."""
    champion = next(row.name for row in rows if row.champion)
    chart = draw_scatter(
        [row.name for row in rows],
        [row.cost.single_ms for row in rows],
        [row.macro_f1.value for row in rows],
        [row.efficient for row in rows],
        ("milliseconds a title, logarithmic", "macro F1, test titles"),
    )
    note = "Filled: no other model is as good on validation titles, as quick and as small at once. Times are of the machine of this run, a title at a time."
    return [render_table(_COLUMNS, map(_list_cells, rows), "Quality and cost", best=champion), render_figure("Quality against time", chart, note)]


def _list_cells(row: FrontierRow) -> tuple[str, ...]:
    cost = row.cost
    remark = "champion" if row.champion else "over the budget" if not row.within_budget else "on the frontier" if row.efficient else ""
    return (
        row.name,
        f"{row.validation_macro_f1:.3f}",
        str(row.macro_f1),
        f"{cost.single_ms:.2f}",
        f"{cost.batch_ms:.2f}",
        f"{cost.megabytes:.1f}",
        f"{cost.cpu_seconds:,.1f}",
        remark,
    )


def list_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the table as lines of text, columns aligned."""
    table = [_COLUMNS, *(_list_cells(FrontierRow(**row)) for row in rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(_COLUMNS))]
    return [
        "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(zip(cells, widths, strict=True))).rstrip()
        for cells in table
    ]
