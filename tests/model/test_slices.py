"""Slices: what belongs together is in one, whatever a source calls it, and nothing is compared that can't be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trending.evaluation.places import find_region, list_countries
from trending.evaluation.slices import MIN_SLICE, slice_places, slice_titles


def make_titles(count: int = 120) -> pd.DataFrame:
    """Return titles of two sources, every column filled."""
    rows = np.arange(count)
    return pd.DataFrame(
        {
            "type": np.where(rows % 3 == 0, "tv", "movie"),
            "plot": ["x" * int(length) for length in np.where(rows % 2 == 0, 50, 400)],
            "year": 1990.0 + rows % 20,
            "source": np.where(rows % 2 == 0, "bees", "wasps"),
            "language": np.where(rows % 4 < 2, "en", "English"),
            "country": np.where(rows % 5 == 0, "GB", "United Kingdom, Japan"),
            "popularity": rows * 1.0,
            "votes": np.nan,
        }
    )


def test_a_language_and_a_country_are_one_slice_whatever_they_are_called() -> None:
    slices = slice_titles(make_titles())
    assert list(slices["language"]) == ["English"]
    assert slices["language"]["English"].all()
    assert slices["country"]["United Kingdom"].all()
    assert slices["country"]["Japan"].sum() == 96
    assert slices["region"]["Eastern Asia"].tolist() == slices["country"]["Japan"].tolist()
    assert slices["region"]["Europe"].all()


@pytest.mark.parametrize(
    ("value", "countries"),
    [
        ("US", ["United States"]),
        ("usa", ["United States"]),
        (" united  states , UK;Canada", ["United States", "United Kingdom", "Canada"]),
        ("West Germany / Germany", ["Germany"]),
        ("Ruritania", ["Ruritania"]),
        (",", []),
    ],
)
def test_countries_of_a_cell(value: str, countries: list[str]) -> None:
    assert list_countries(value) == countries


def test_a_country_nobody_knows_is_a_slice_but_lies_nowhere() -> None:
    assert find_region("Ruritania") is None
    places = slice_places(pd.DataFrame({"country": ["Ruritania", None, float("nan"), ""]}))
    assert {name: mask.tolist() for name, mask in places["country"].items()} == {"Ruritania": [True, False, False, False]}
    assert places["region"] == {}
    assert places["language"] == {}


def test_only_what_the_columns_say_is_sliced() -> None:
    bare = make_titles()[["type", "plot", "year", "source"]]
    assert set(slice_titles(bare)) == {"type", "decade", "plot length", "source", "type and decade", "type and plot length", "type and source"}
    assert set(slice_titles(bare[["type", "plot"]])) == {"type", "plot length", "type and plot length"}
    empty = bare.assign(year=np.nan, source=None)
    assert set(slice_titles(empty)) == {"type", "plot length", "type and plot length"}


def test_small_slices_are_left_out_but_for_types() -> None:
    titles = make_titles(30)
    slices = slice_titles(titles)
    assert {name: int(mask.sum()) for name, mask in slices["type"].items()} == {"movie": 20, "tv": 10}
    assert all(mask.sum() >= MIN_SLICE for kind, parts in slices.items() if kind != "type" for mask in parts.values())
    assert "source" not in slices


def test_popularity_is_ranked_within_its_source() -> None:
    """Multiplying one source's figures by a thousand makes none of its titles better known than another's."""
    titles = make_titles()
    plain = slice_titles(titles)["popularity"]
    louder = titles.assign(popularity=np.where(titles["source"] == "bees", titles["popularity"] * 1_000, titles["popularity"]))
    assert {name: mask.tolist() for name, mask in slice_titles(louder)["popularity"].items()} == {name: mask.tolist() for name, mask in plain.items()}
    best = titles[plain["best known third of its source"]]
    assert best["source"].value_counts().tolist() == [20, 20]
    assert (best["popularity"] >= 80).all()
    assert np.sum(list(plain.values()), axis=0).tolist() == [1] * len(titles)


def test_votes_rank_where_a_source_has_no_popularity_and_a_handful_of_titles_is_not_ranked() -> None:
    titles = make_titles()
    bees = titles["source"] == "bees"
    by_votes = titles.assign(popularity=titles["popularity"].where(bees), votes=titles["popularity"].where(~bees))
    assert {name: mask.tolist() for name, mask in slice_titles(by_votes)["popularity"].items()} == {
        name: mask.tolist() for name, mask in slice_titles(titles)["popularity"].items()
    }
    few = titles.assign(popularity=titles["popularity"].where(bees | (titles.index < MIN_SLICE)))
    assert not any((mask & ~bees).any() for mask in slice_titles(few)["popularity"].values())
    assert "popularity" not in slice_titles(titles.assign(popularity=np.nan))


def test_crossed_slices_are_what_both_slices_hold() -> None:
    slices = slice_titles(make_titles())
    both = slices["type"]["movie"] & slices["plot length"]["plot 300 to 999 chars"]
    assert slices["type and plot length"]["movie, plot 300 to 999 chars"].tolist() == both.tolist()
