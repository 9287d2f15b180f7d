"""The page that says what is trending: every part of a score in words, and nothing a source wrote gets through unescaped."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from trending.reports.trends_report import render_trends
from trending.tables import TREND_SCHEMA


def row(rank: int, kind: str, title: str) -> dict[str, object]:
    parts = [{"name": "level", "value": 1.5, "sentence": f"{rank} times the typical title's views"}, {"name": "rating", "value": 0.0, "sentence": "no ratings"}]
    return {
        "work_id": f"w{rank}{kind}",
        "title_id": "a:1",
        "title": title,
        "type": kind,
        "as_of": dt.date(2026, 1, 5),
        "rank": rank,
        "score": 1.5,
        "parts": parts,
    }


def test_each_list_is_in_its_order_with_the_parts_that_count() -> None:
    page = render_trends(pd.DataFrame([row(2, "movie", "Second"), row(1, "movie", "First"), row(1, "tv", "Show")]), "global")
    assert page.index("First") < page.index("Second") < page.index("Show")
    assert "2 times the typical title&#39;s views" in page
    assert "no ratings" not in page
    assert "2026-01-05" in page


def test_titles_are_escaped() -> None:
    page = render_trends(pd.DataFrame([row(1, "movie", "<script>alert(1)</script>")]), "global")
    assert "<script>" not in page


def test_without_signals_the_page_says_what_would_give_some() -> None:
    assert "netflix_top10" in render_trends(pd.DataFrame(columns=TREND_SCHEMA.names), "global")
