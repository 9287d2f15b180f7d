"""The data card and the figures behind it say what is in the table, counted here a second time."""

from __future__ import annotations

import statistics

import pandas as pd
import pytest

from trending.cleaning.clean import CleaningReport, CleaningResult, clean_titles
from trending.features.masking import names_a_genre
from trending.genres import GENRES
from trending.validation.data_card import render_data_card, summarise_titles

RECORDS = [
    {"title": "Bees", "type": "movie", "year": 1999, "genres": ["Drama", "War"], "plot": "A keeper of bees is drawn into a war.", "source": "a|b"},
    {"title": "Wasps", "type": "tv", "year": 2005, "genres": ["Drama"], "plot": "A keeper of wasps never leaves her garden.", "source": "a|b"},
    {"title": "Bees", "type": "tv", "year": None, "genres": [], "plot": None, "source": "c", "rights_class": "open_cc0"},
    {"title": "Ants", "type": "movie", "year": 1950, "genres": ["Noir Musical"], "plot": None, "source": "c"},
    {"title": "", "type": "movie"},
    {"title": "Moths", "type": "sculpture"},
]


def tables(card: str) -> dict[str, dict[str, list[str]]]:
    """Return the card's tables: header of the first column -> first cell -> other cells."""
    found: dict[str, dict[str, list[str]]] = {}
    header = ""
    for line in card.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            header = ""
        elif not header:
            header = cells[0]
            found[header] = {}
        elif set(cells[0]) != {"-"}:
            found[header][cells[0]] = cells[1:]
    return found


@pytest.fixture(scope="module")
def small() -> CleaningResult:
    """Four titles kept, two refused."""
    return clean_titles(RECORDS)


def test_figures_of_a_table_counted_by_hand(small: CleaningResult) -> None:
    facts = summarise_titles(small.titles)
    assert (facts["rows"], facts["groups"], facts["types"]) == (4, 3, {"movie": 2, "tv": 2})
    assert (facts["years"], facts["plots"], facts["leaking_plots"]) == ([1950, 2005], 2, 0.5)
    assert facts["median_plot_chars"] == int(statistics.median(len(str(row["plot"])) for row in RECORDS[:2]))
    assert {genre: count for genre, count in facts["genres"].items() if any(count.values())} == {"Drama": {"movie": 1, "tv": 1}, "War": {"movie": 1, "tv": 0}}
    assert facts["sources"] == {"a|b": 2, "c": 2}
    assert facts["rights"] == {"unclear": 3, "open_cc0": 1}
    assert facts["missing"]["plot"] == 2
    assert facts["missing"]["year"] == 1
    assert "title" not in facts["missing"]


def test_the_card_of_a_small_table(small: CleaningResult) -> None:
    card = render_data_card(small.titles, small.report, starter=False)
    read = tables(card)
    assert "4 titles in 3 groups: 2 films and 2 TV shows, years 1950 to 2005" in card
    assert "6 rows in = 4 kept + 0 merged + 2 quarantined" in card
    assert read["refused because"] == {"title_missing": ["1"], "type_unknown": ["1"]}
    assert read["label nobody knows"] == {"Noir Musical": ["1"]}
    assert "starter" not in card.casefold()


def test_a_bar_in_a_name_breaks_no_table(small: CleaningResult) -> None:
    assert tables(render_data_card(small.titles, small.report, starter=False))["source"] == {"a/b": ["2"], "c": ["2"]}


def test_the_card_of_the_starter_equals_its_table(starter: CleaningResult) -> None:
    titles = starter.titles
    card = render_data_card(titles, starter.report, starter=True)
    read = tables(card)
    films, shows = (titles[titles["type"] == kind] for kind in ("movie", "tv"))
    assert f"{len(titles):,} titles in {titles['group_id'].nunique():,} groups: {len(films):,} films and {len(shows):,} TV shows" in card
    assert f"years {titles['year'].min():.0f} to {titles['year'].max():.0f}" in card
    assert f"{titles['plot'].map(names_a_genre).mean():.0%} of the plots hold a word that names a genre" in card
    exploded = {kind: part.explode("genres")["genres"].value_counts() for kind, part in (("movie", films), ("tv", shows))}
    assert read["genre"] == {genre: [f"{exploded['movie'].get(genre, 0):,}", f"{exploded['tv'].get(genre, 0):,}"] for genre in GENRES}
    assert read["source"] == {"starter": [f"{len(titles):,}"]}
    assert read["rights class"] == {"open_project": [f"{len(titles):,}"]}
    assert read["column"] == {name: [f"{titles[name].isna().sum():,}"] for name in titles.columns if titles[name].isna().any()}
    assert "starter" in card.casefold()


def test_an_empty_table_has_a_card_too(starter: CleaningResult) -> None:
    nothing: pd.DataFrame = starter.titles.head(0)
    card = render_data_card(nothing, CleaningReport(), starter=False)
    assert "0 titles in 0 groups" in card
    assert "years unknown" in card
