"""The data summary: what came in, what became of it, and what the titles look like."""

from __future__ import annotations

import pandas as pd

from trending.cleaning.clean import CleaningReport
from trending.reports.charts import draw_bars
from trending.reports.page import render_cards, render_figure, render_page, render_table
from trending.sources.starter import STARTER_NOTE, STARTER_SOURCE
from trending.validation.data_card import summarise_titles


def render_data_summary(titles: pd.DataFrame, report: CleaningReport) -> str:
    """Return the page for clean titles and the account of their cleaning."""
    facts = summarise_titles(titles)
    genres = facts["genres"]
    cards = [
        (f"{facts['rows']:,}", "titles kept"),
        (f"{facts['groups']:,}", "title groups"),
        (f"{facts['types']['movie']:,} / {facts['types']['tv']:,}", "films / TV shows"),
        (f"{facts['plots']:,}", "with a plot"),
        (f"{facts['leaking_plots']:.0%}", "plots that name a genre"),
        (f"{report.quarantined:,}", "quarantined"),
    ]
    series = {kind: [genres[genre][kind] for genre in genres] for kind in ("movie", "tv")}
    parts = [
        render_cards(cards),
        render_figure("Genres", draw_bars(list(genres), series), "Titles listed under each canonical genre; one title may have several."),
        render_table(("mended", "rows"), report.repairs.items(), "What was mended"),
        render_table(("refused because", "rows"), report.reasons.items(), "What was refused"),
        render_table(("label", "rows"), report.unknown_genres.items(), "Labels nobody knows"),
        render_table(("source", "rows"), facts["sources"].items(), "Sources"),
        render_table(("rights class", "rows"), facts["rights"].items(), "Rights"),
        render_table(("column", "missing"), facts["missing"].items(), "Missing values"),
    ]
    notes = [STARTER_NOTE] if set(facts["sources"]) == {STARTER_SOURCE} else []
    return render_page("Data summary", report.line() + ".", parts, notes)
