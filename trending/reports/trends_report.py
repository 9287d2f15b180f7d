"""The page that says what is trending: the first titles of each list, and for each the parts of its score in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from trending.reports.page import render_cards, render_page, render_table

_SHOWN = 20
_LISTS = (("movie", "Films"), ("tv", "TV shows"))


def render_trends(trends: pd.DataFrame, market: str) -> str:
    """Return the page for rows of `trending.tables.TREND_SCHEMA`."""
    if trends.empty:
        note = "No source of this version gives views, ranks or reviews; wikipedia, netflix_top10 and tmdb do."
        return render_page("Trending now", "Nothing to rank yet.", [], [note])
    day = trends["as_of"].max()
    cards = [(f"{int((trends['type'] == kind).sum()):,}", f"{name} with signals") for kind, name in _LISTS]
    parts = [render_cards(cards), *(_render_list(trends[trends["type"] == kind], name) for kind, name in _LISTS)]
    lead = f"As of {day}, market {market}. A score is the sum of its parts; each part says what it is made of, so that it can be checked by hand."
    return render_page("Trending now", lead, parts)


def _render_list(rows: pd.DataFrame, name: str) -> Markup:
    first = rows.sort_values("rank").head(_SHOWN)
    cells = zip(first["rank"], first["title"], first["score"].map("{:.2f}".format), first["parts"].map(_explain), strict=True)
    return render_table(("", "title", "score", "why"), cells, name, prose=True)


def _explain(parts: Sequence[Mapping[str, object]]) -> str:
    return "; ".join(str(part["sentence"]) for part in parts if part["value"])
