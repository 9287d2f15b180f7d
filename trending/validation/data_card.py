"""The data card: what a table of titles holds, where it comes from and what may be done with it, as Markdown."""

from __future__ import annotations

from typing import Any

import pandas as pd

from trending.cleaning.clean import CleaningReport
from trending.features.masking import names_a_genre
from trending.genres import GENRES
from trending.reports.markdown import render_rows
from trending.sources.starter import STARTER_NOTE


def summarise_titles(titles: pd.DataFrame) -> dict[str, Any]:
    """Return the figures of the card and of the data summary."""
    plots = titles["plot"].dropna()
    years = titles["year"].dropna()
    by_type = {kind: titles[titles["type"] == kind] for kind in ("movie", "tv")}
    return {
        "rows": len(titles),
        "groups": int(titles["group_id"].nunique()),
        "types": {kind: len(part) for kind, part in by_type.items()},
        "years": [int(years.min()), int(years.max())] if len(years) else [],
        "plots": len(plots),
        "median_plot_chars": int(plots.str.len().median()) if len(plots) else 0,
        "leaking_plots": round(float(plots.map(names_a_genre).mean()), 3) if len(plots) else 0.0,
        "genres": {genre: {kind: sum(genre in row for row in part["genres"]) for kind, part in by_type.items()} for genre in GENRES},
        "sources": titles["source"].value_counts().to_dict(),
        "rights": titles["rights_class"].value_counts().to_dict(),
        "missing": {name: int(titles[name].isna().sum()) for name in titles.columns if titles[name].isna().any()},
    }


def render_data_card(titles: pd.DataFrame, report: CleaningReport, starter: bool) -> str:
    """Return the card as Markdown."""
    facts = summarise_titles(titles)
    years = " to ".join(map(str, facts["years"])) or "unknown"
    lines = ["# Data card", ""]
    if starter:
        lines += [f"> {STARTER_NOTE}", ""]
    lines += [
        f"{facts['rows']:,} titles in {facts['groups']:,} groups: {facts['types']['movie']:,} films and {facts['types']['tv']:,} TV shows, years {years}.",
        f"{facts['plots']:,} have a plot (median {facts['median_plot_chars']:,} characters).",
        f"{facts['leaking_plots']:.0%} of the plots hold a word that names a genre.",
        "",
        "## Account",
        "",
        report.line() + ".",
        "",
        *render_rows(("refused because", "rows"), report.reasons.items()),
        *render_rows(("mended", "rows"), report.repairs.items()),
        *render_rows(("label nobody knows", "rows"), report.unknown_genres.items()),
        "## Genres",
        "",
        *render_rows(("genre", "films", "TV"), ((genre, count["movie"], count["tv"]) for genre, count in facts["genres"].items())),
        "## Sources and rights",
        "",
        *render_rows(("source", "rows"), facts["sources"].items()),
        *render_rows(("rights class", "rows"), facts["rights"].items()),
        *render_rows(("column", "missing"), facts["missing"].items()),
        "Labels differ between sources: the same title agrees on genres only in part, which bounds what any model can score.",
        "",
    ]
    return "\n".join(lines)
