"""Fairness: a bias that was planted is found, none is where groups were drawn by lot, and a source's ways don't pass for a country's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from tests.model.test_reports import IMAGE, SCRIPT, Page
from trending.evaluation.disparities import ALPHA, MIN_COMPARED, Disparity, mark_disparities
from trending.evaluation.fairness import Fairness, measure_fairness
from trending.evaluation.judgement import Figure
from trending.evaluation.metrics import Judged
from trending.genres import GENRE_INDEX, GENRES
from trending.reports.fairness_report import render_fairness

DRAWS = 200
DRAMA, COMEDY = GENRE_INDEX["Drama"], GENRE_INDEX["Comedy"]


def make_titles(count: int = 1_200, seed: int = 5) -> pd.DataFrame:
    """Return titles of two sources, a fifth from Japan, a tenth from nowhere known; alone in their groups."""
    chance = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "group_id": [f"g{row}" for row in range(count)],
            "source": chance.choice(["bees", "wasps"], count),
            "country": chance.choice(np.asarray(["Japan", "US", "France", None], dtype=object), count, p=[0.2, 0.4, 0.3, 0.1]),
            "language": None,
        }
    )


def make_judged(count: int = 1_200, seed: int = 6, recall: float = 0.8, added: float = 0.1) -> Judged:
    """Return decisions that find each listed genre, and add each other, with the same chance everywhere."""
    chance = np.random.default_rng(seed)
    labels = (chance.random((count, len(GENRES))) < 0.25).astype(np.int8)
    decisions = np.where(labels == 1, chance.random(labels.shape) < recall, chance.random(labels.shape) < added)
    return Judged(labels, decisions.astype(float), decisions)


def miss(judged: Judged, rows: np.ndarray, genre: int, share: float, seed: int = 7) -> Judged:
    """Return decisions that miss a genre in a share of some titles."""
    decisions = judged.decisions.copy()
    decisions[:, genre] &= ~(rows & (np.random.default_rng(seed).random(len(rows)) < share))
    return replace(judged, decisions=decisions)


def name(one: Disparity) -> tuple[str, str, str]:
    return one.group, one.measure, one.genre


def test_a_genre_missed_in_one_country_stands_out_and_its_neighbours_do_not() -> None:
    titles = make_titles()
    fairness = measure_fairness(miss(make_judged(), (titles["country"] == "Japan").to_numpy(), DRAMA, 0.6), titles, 1, DRAWS)
    marked = {name(one) for one in fairness.marked}
    assert {("Japan", "recall", "Drama"), ("Eastern Asia", "recall", "Drama"), ("Japan", "over-prediction", "Drama")} <= marked
    assert {genre for _, measure, genre in marked if measure != "macro F1"} == {"Drama"}
    found = next(one for one in fairness.marked if name(one) == ("Japan", "recall", "Drama"))
    assert found.difference.high < 0
    assert found.value.value == pytest.approx(0.32, abs=0.1)
    assert found.others.value == pytest.approx(0.8, abs=0.07)
    assert found.adjusted_p >= found.p


def test_a_genre_added_in_one_country_stands_out_though_its_recall_does_not() -> None:
    titles, judged = make_titles(), make_judged()
    decisions = judged.decisions.copy()
    decisions[:, COMEDY] |= (titles["country"] == "France").to_numpy() & (np.random.default_rng(8).random(len(titles)) < 0.4) & (judged.labels[:, COMEDY] == 0)
    marked = {name(one) for one in measure_fairness(replace(judged, decisions=decisions), titles, 1, DRAWS).marked}
    assert ("France", "over-prediction", "Comedy") in marked
    assert ("France", "recall", "Comedy") not in marked


def test_groups_drawn_by_lot_rarely_stand_out() -> None:
    """At a false discovery rate of 5 % a run in twenty may mark something; five of twenty would in one of four hundred such tests."""
    judged = make_judged(500)
    marked = [seed for seed in range(20) if measure_fairness(judged, make_titles(500, seed), seed, 100).marked]
    assert len(marked) < 5


def test_what_a_source_does_is_not_laid_at_a_countrys_door() -> None:
    """Nearly all Japanese titles come from a source whose Drama is missed for every country alike."""
    chance = np.random.default_rng(9)
    titles = make_titles(2_000)
    japanese = (titles["country"] == "Japan").to_numpy()
    titles["source"] = np.where(chance.random(2_000) < np.where(japanese, 0.9, 0.2), "bees", "wasps")
    judged = miss(make_judged(2_000), (titles["source"] == "bees").to_numpy(), DRAMA, 0.7)
    assert not [one for one in measure_fairness(judged, titles, 1, DRAWS).marked if one.genre == "Drama"]
    blind = measure_fairness(judged, titles.assign(source="all"), 1, DRAWS)
    assert ("Japan", "recall", "Drama") in {name(one) for one in blind.marked}


def test_copies_of_a_work_are_no_further_evidence() -> None:
    """Four copies of every title in its group leave every figure and every p value as they were; as titles of their own they'd make p values small."""
    works = np.repeat(np.arange(300), 4)
    judged, titles = make_judged(300), make_titles(300).assign(source="bees")
    plain = measure_fairness(judged, titles, 3, DRAWS).disparities
    copied_titles = titles.iloc[works].reset_index(drop=True)
    copied = measure_fairness(judged.take(works), copied_titles, 3, DRAWS).disparities
    naive = measure_fairness(judged.take(works), copied_titles.assign(group_id=[f"g{row}" for row in range(1_200)]), 3, DRAWS).disparities
    assert [name(one) for one in copied] == [name(one) for one in plain]
    assert [one.p for one in copied] == pytest.approx([one.p for one in plain])
    assert [one.difference.low for one in copied] == pytest.approx([one.difference.low for one in plain])
    assert np.median([one.p for one in naive]) < 0.6 * np.median([one.p for one in plain])


def test_figures_of_few_titles_are_trusted_less_than_their_intervals_suggest() -> None:
    """Student's p value: against the normal's it is several times as large where a dozen titles are behind a difference, and much the same for hundreds."""
    ratios = {}
    for count in (160, 4_000):
        found = measure_fairness(make_judged(count), make_titles(count).assign(source="bees"), 2, 1_000).disparities
        recalls = [one for one in found if one.measure == "recall"]
        spreads = [(one.difference.high - one.difference.low) / (2 * norm.ppf(0.975)) for one in recalls]
        normals = [2 * norm.sf(abs(one.difference.value) / spread) for one, spread in zip(recalls, spreads, strict=True)]
        ratios[count] = [one.p / p for one, p in zip(recalls, normals, strict=True) if p < 0.1]
        assert len(ratios[count]) >= 3
    assert min(ratios[160]) > 1.15
    assert np.median(ratios[4_000]) < 1.15


def test_titles_of_no_known_country_have_no_say() -> None:
    titles, judged = make_titles(), make_judged()
    unknown = titles["country"].isna().to_numpy()
    spoilt = miss(judged, unknown, DRAMA, 1.0)
    assert measure_fairness(spoilt, titles, 1, DRAWS) == measure_fairness(judged, titles, 1, DRAWS)


def test_what_cannot_be_compared_is_said_and_left_out() -> None:
    titles = make_titles(300)
    titles.loc[titles.index[:5], "source"] = "bees"
    titles.loc[titles["source"] == "wasps", "country"] = None
    titles["language"] = np.where(titles["source"] == "wasps", "en", None)
    titles.loc[titles.index[:5], "country"] = "Peru"
    fairness = measure_fairness(make_judged(300), titles, 1, DRAWS)
    country = next(one for one in fairness.coverage if one.kind == "country")
    assert country.known == titles["country"].notna().sum()
    assert country.silent_sources == ["wasps"]
    language = next(one for one in fairness.coverage if one.kind == "language")
    assert language.uniform_sources == ["wasps"]
    assert fairness.left_out["country"] == ["Peru"]
    assert fairness.left_out["language"] == ["English"]
    assert {one.kind for one in fairness.groups} == {"country", "region"}
    assert all(min(one.compared, one.others) >= MIN_COMPARED and one.sources == ["bees"] for one in fairness.groups)


def test_nothing_is_compared_where_nothing_is_known() -> None:
    titles = make_titles(100).drop(columns=["language", "country"])
    fairness = measure_fairness(make_judged(100), titles, 1, DRAWS)
    assert (fairness.groups, fairness.disparities, fairness.marked) == ([], [], [])
    assert {one.kind: one.known for one in fairness.coverage} == {"language": 0, "country": 0, "region": 0, "decade": 0}
    assert "stand" in render_fairness(fairness, "m", [])


def test_p_values_are_adjusted_over_all_comparisons() -> None:
    """Benjamini and Hochberg by hand: each p value times how many there are over its rank, never above that of a larger one."""
    figure = Figure(value=0, low=0, high=0)
    given = [Disparity(kind="k", group="g", measure="recall", listed=1, value=figure, others=figure, difference=figure, p=p) for p in (0.04, 0.001, 0.03, 0.9)]
    found = mark_disparities(given)
    assert [one.adjusted_p for one in found] == pytest.approx([0.04 * 4 / 3, 0.004, 0.04 * 4 / 3, 0.9])
    assert [one.stands_out for one in found] == [False, True, False, False]
    assert ALPHA == 0.05


def test_the_same_seed_gives_the_same_figures_and_they_survive_storage() -> None:
    titles, judged = make_titles(300), make_judged(300)
    once = measure_fairness(judged, titles, 3, DRAWS)
    assert measure_fairness(judged, titles, 3, DRAWS) == once
    assert Fairness(**once.model_dump()) == once


def test_the_page_shows_what_stands_out_as_text() -> None:
    titles = make_titles().assign(source=SCRIPT)
    titles["country"] = titles["country"].replace("France", IMAGE)
    fairness = measure_fairness(miss(make_judged(), (titles["country"] == "Japan").to_numpy(), DRAMA, 0.6), titles, 1, DRAWS)
    page = Page(render_fairness(fairness, "champion", ["a note"]))
    page.check()
    assert "country: Japan" in page.text
    assert SCRIPT in page.text
    assert "a note" in page.text
    assert f"{len(fairness.marked)}stand out" in page.text
    assert page.elements.count("svg") == 1
