"""Raw records as snapshots hold them."""

from __future__ import annotations

from typing import Any

from trending.ingestion.clean import Record

RIGHTS = {"source": "here", "rights_class": "open_here", "data_licence": "CC0"}


def title(number: int | str, **values: Any) -> Record:
    return "title", {
        **RIGHTS,
        "source_id": str(number),
        "title": f"Title {number}",
        "type": "movie",
        "plot": f"The plot of number {number}, as told here.",
        **values,
    }


def signal(number: int | str, value: float, start: str = "2026-01-05", kind: str = "views", **values: Any) -> Record:
    return "signal", {**RIGHTS, "title_source_id": str(number), "kind": kind, "value": value, "period_start": start, "days": 7, **values}


def review(number: int | str, text: str, **values: Any) -> Record:
    return "review", {**RIGHTS, "title_source_id": str(number), "source_review_id": text[:12], "text": text, "rating": 8, "review_date": "2026-01-06", **values}
