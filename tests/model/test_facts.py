"""Facts before a plot: written, read back, and never taken for the plot's own words."""

from __future__ import annotations

import pandas as pd
import pytest

from trending.features.examples import select_part
from trending.features.facts import read_facts, split_facts, write_facts
from trending.features.masking import mask_genre_words


@pytest.mark.parametrize(
    ("kind", "year", "words", "known"),
    [
        ("tv", 1997, "TV show, 1990s: ", (True, 1990)),
        ("movie", 2020.0, "Film, 2020s: ", (False, 2020)),
        ("movie", None, "Film: ", (False, None)),
        ("tv", float("nan"), "TV show: ", (True, None)),
        (None, 1931, "Title, 1930s: ", (None, 1930)),
        (None, None, "", (None, None)),
        ("movie", 90, "Film: ", (False, None)),
        ("tv", 99_999, "TV show: ", (True, None)),
    ],
)
def test_what_is_written_is_read_back(kind: str | None, year: float | None, words: str, known: tuple[bool | None, int | None]) -> None:
    assert write_facts(kind, year) == words
    assert split_facts(words + "A nun sails north.") == (words, "A nun sails north.")
    assert read_facts(words + "A nun sails north.") == known
    assert mask_genre_words(words) == words.strip()  # no fact names a genre


@pytest.mark.parametrize("plot", ["", "A film, 1990s: lost.", "TV shows: how they are made.", "Film noir: a detective walks in.", "1990s: everyone dances."])
def test_a_plot_without_facts_is_a_plot(plot: str) -> None:
    assert split_facts(plot) == ("", plot)
    assert read_facts(plot) == (None, None)


def test_examples_are_described_by_their_own_type_and_decade(examples: pd.DataFrame) -> None:
    part = select_part(examples, "test", "described")
    plain = select_part(examples, "test")
    for text, plot, (kind, year) in zip(part.texts, plain.texts, part.rows[["type", "year"]].itertuples(index=False), strict=True):
        assert split_facts(text)[1] == plot
        assert read_facts(text) == (kind == "tv", None if pd.isna(year) else int(year) // 10 * 10)
