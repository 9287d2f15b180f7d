"""Tables in Markdown, for cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def render_rows(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return the lines of a table and an empty one; nothing if there are no rows.

    Whole numbers get thousands separators; a bar within a cell, which would end it, becomes a slash.
    """
    body = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return [f"| {' | '.join(header)} |", "|" + " --- |" * len(header), *body, ""] if body else []


def _cell(cell: Any) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell).replace("|", "/")
