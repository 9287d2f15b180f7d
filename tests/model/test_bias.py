"""Bias of labels, scores and rankings: what was planted is found, what was drawn by lot isn't, and a source's ways don't pass for a country's."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from tests.model.test_fairness import make_judged
from tests.model.test_reports import Page
from trending.cleaning.clean import CleaningResult
from trending.evaluation.bias import Bias, measure_bias
from trending.evaluation.disparities import MIN_COMPARED, Disparity
from trending.evaluation.fairness import measure_fairness
from trending.reports.bias_report import render_bias

DRAWS = 200
COUNT = 1_000


def make_titles(count: int = COUNT, seed: int = 5) -> pd.DataFrame:
    """Return titles of two sources, a fifth from Japan, a tenth from nowhere known; labels, votes and ratings drawn alike for all."""
    chance = np.random.default_rng(seed)
    drawn = chance.random((count, 3)) < [0.5, 0.3, 0.2]
    genres = [[name for name, holds in zip(("Drama", "Comedy", "Animation"), row, strict=True) if holds] for row in drawn]
    return pd.DataFrame(
        {
            "title_id": [f"t{row}" for row in range(count)],
            "group_id": [f"g{row}" for row in range(count)],
            "source": chance.choice(["bees", "wasps"], count),
            "country": chance.choice(np.asarray(["Japan", "US", "France", None], dtype=object), count, p=[0.2, 0.4, 0.3, 0.1]),
            "language": None,
            "year": chance.choice([1985, 1995, 2005, 2015], count),
            "plot": np.where(chance.random(count) < 0.9, "A plot.", None),
            "genres": genres,
            "rating": chance.normal(6.5, 1, count),
            "votes": np.where(chance.random(count) < 0.5, chance.integers(1, 5_000, count), np.nan),
        }
    )


def measure(titles: pd.DataFrame, **more: pd.DataFrame) -> Bias:
    return measure_bias(titles, **more, seed=1, draws=DRAWS)


def find(bias: Bias, group: str, measure: str, genre: str = "") -> Disparity:
    (found,) = [one for one in bias.disparities if (one.group, one.measure, one.genre) == (group, measure, genre)]
    return found


@pytest.fixture(scope="module")
def planted() -> Bias:
    """Of Japan's titles half more are Animation, half lack a plot, votes are a tenth, ratings a point lower; no 1980s are ranked; France is ranked higher."""
    titles, chance = make_titles(), np.random.default_rng(7)
    japanese = (titles["country"] == "Japan").to_numpy()
    more = japanese & (chance.random(COUNT) < 0.5)
    titles["genres"] = [[*dict.fromkeys([*names, "Animation"])] if add else names for names, add in zip(titles["genres"], more, strict=True)]
    titles["plot"] = titles["plot"].where(~(japanese & (chance.random(COUNT) < 0.5)), None)
    titles["votes"] = titles["votes"].where(~japanese, titles["votes"] / 10)
    titles["rating"] -= japanese
    scores = pd.DataFrame({"title_id": titles["title_id"], "score": np.where(japanese, 40.0, 60.0) + chance.normal(0, 5, COUNT)})
    ranked = titles[(titles["year"] != 1985) & (chance.random(COUNT) < 0.2)]
    trends = pd.DataFrame(
        {"as_of": dt.date(2030, 1, 7), "title_id": ranked["title_id"], "score": chance.normal(1, 0.3, len(ranked)) + (ranked["country"] == "France")}
    )
    old = pd.DataFrame({"as_of": dt.date(2029, 12, 31), "title_id": titles["title_id"], "score": 1.0})
    return measure(titles, scores=scores, trends=pd.concat([trends, old]))


def test_what_is_known_of_a_small_country_and_of_hardly_anybody_else_is_compared_without_a_fault() -> None:
    """Weighted down to the country's size, the others' titles of which it is known come to less than one."""
    titles = make_titles(4_040)
    titles["source"] = "bees"
    titles["country"] = np.where(np.arange(4_040) < 40, "Iceland", "US")
    titles["rating"] = titles["rating"].where(np.arange(4_040) < 80, np.nan)
    found = find(measure(titles), "Iceland", "rating, 0 to 10")
    assert np.isfinite([found.value.value, found.others.low, found.difference.high]).all()


@pytest.mark.parametrize(
    ("group", "name", "genre", "difference"),
    [
        ("Japan", "share", "Animation", 0.35),
        ("Japan", "has a plot", "", -0.45),
        ("Japan", "votes, as log10", "", -1.0),
        ("Japan", "rating, 0 to 10", "", -1.0),
        ("Japan", "score, 0 to 100", "", -20.0),
        ("Eastern Asia", "rating, 0 to 10", "", -1.0),
        ("France", "trending score", "", 1.0),
        ("1980s", "is ranked as trending", "", -0.2),
    ],
)
def test_what_was_planted_is_found_and_measured(planted: Bias, group: str, name: str, genre: str, difference: float) -> None:
    found = find(planted, group, name, genre)
    assert found.stands_out
    assert found.difference.value == pytest.approx(difference, rel=0.25)
    assert (found.difference.low > 0) == (difference > 0)
    assert found.adjusted_p >= found.p


def test_what_was_not_planted_does_not_stand_out(planted: Bias) -> None:
    marked = {(one.group, one.measure) for one in planted.marked if one.kind == "decade"}
    assert {measure for group, measure in marked} <= {"is ranked as trending"}


def test_groups_drawn_by_lot_rarely_stand_out() -> None:
    """At a false discovery rate of 5 % one run in twenty may mark something; four of ten would in one of a thousand such tests."""
    assert sum(bool(measure_bias(make_titles(600, seed), seed=seed, draws=100).marked) for seed in range(10)) < 4


def test_what_a_source_does_is_not_laid_at_a_countrys_door() -> None:
    """Nearly all Japanese titles come from a source that rates everything lower and lists all as Comedy."""
    titles, chance = make_titles(), np.random.default_rng(9)
    japanese = (titles["country"] == "Japan").to_numpy()
    titles["source"] = np.where(chance.random(COUNT) < np.where(japanese, 0.8, 0.2), "bees", "wasps")
    low = (titles["source"] == "bees").to_numpy()
    titles["rating"] -= 2 * low
    titles["genres"] = [["Comedy"] if one else names for names, one in zip(titles["genres"], low, strict=True)]
    found = measure(titles)
    assert not [one for one in found.marked if one.kind == "country" and one.measure in ("rating, 0 to 10", "share")]
    assert find(measure(titles.assign(source="all")), "Japan", "rating, 0 to 10").stands_out


def test_a_row_of_a_ranked_work_counts_as_ranked_whichever_row_is_named() -> None:
    titles = make_titles(100)
    trends = pd.DataFrame({"as_of": [dt.date(2030, 1, 7)], "title_id": ["t0"], "score": [1.0]})
    works = pd.DataFrame({"title_id": titles["title_id"], "work_id": ["w0", "w0", *[f"w{row}" for row in range(2, 100)]]})
    assert measure(titles, trends=trends).trending == 1
    assert measure(titles, trends=trends, works=works).trending == 2


def test_copies_of_a_work_are_no_further_evidence() -> None:
    titles = make_titles(300).assign(source="bees")
    copied = titles.iloc[np.repeat(np.arange(300), 4)].reset_index(drop=True)
    once, often = measure(titles), measure(copied)
    for one in once.disparities:
        again = find(often, one.group, one.measure, one.genre)
        assert again.difference.value == pytest.approx(one.difference.value)
        assert again.p == pytest.approx(one.p, rel=0.5, abs=0.05)


def test_everybody_is_counted_and_small_groups_are_not_compared() -> None:
    titles = make_titles(200)
    titles.loc[:9, "country"] = "Iceland"
    found = measure(titles)
    (iceland,) = [one for one in found.groups if one.group == "Iceland"]
    assert (iceland.titles, iceland.compared) == (10, False)
    assert "Iceland" in found.left_out["country"]
    assert not [one for one in found.disparities if one.group == "Iceland"]
    assert all(one.titles >= MIN_COMPARED for one in found.groups if one.compared)


def test_of_titles_about_which_nothing_is_known_nothing_is_said(starter: CleaningResult) -> None:
    """The starter catalogue: no rating, no votes, nothing ranked."""
    found = measure(starter.titles)
    assert {one.kind for one in found.disparities} == {"language", "country", "region", "decade"}
    assert not {"rating, 0 to 10", "has votes counted", "is ranked as trending"} & {one.measure for one in found.disparities}
    assert found.trending == 0
    assert Bias(**found.model_dump()) == found
    measure(starter.titles[:0])


def test_the_page_shows_labels_predictions_and_scores_and_nothing_of_a_plot(planted: Bias) -> None:
    titles = make_titles(1_200).assign(plot="Zanzibar unspoken")
    page = Page(render_bias(planted, measure_fairness(make_judged(), titles, 1, DRAWS), ["<note>"]))
    text = page.text
    for said in ("country: Japan", "share of Animation", "rating, 0 to 10", "decade: 1980s", "Who is in it", "comparisons stand out", "<note>"):
        assert said in text
    assert "Zanzibar" not in text
