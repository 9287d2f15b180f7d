"""What a challenger learns from: what was held out stays held out, groups stay together, and old titles are not forgotten."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trending.cleaning.clean import CleaningResult
from trending.continual.assembly import assemble_splits, draw_replay, find_known
from trending.continual.settings import AssemblySettings
from trending.errors import InputError
from trending.features.examples import build_examples
from trending.models.split import split_titles


@pytest.fixture(scope="module")
def titles(starter: CleaningResult) -> pd.DataFrame:
    return starter.titles.reset_index(drop=True)


@pytest.fixture(scope="module")
def known(titles: pd.DataFrame) -> pd.DataFrame:
    """The champion knew the titles before 1995."""
    old = titles[titles["year"] < 1995].reset_index(drop=True)
    return old[["title_id", "title", "type"]].assign(split=split_titles(old, 17).to_numpy())


def assemble(titles: pd.DataFrame, known: pd.DataFrame, **settings: int) -> pd.DataFrame:
    return assemble_splits(titles, known, AssemblySettings(**settings), seed=17).merge(known, on="title_id", how="left", suffixes=("", "_before"))


def test_a_title_keeps_the_part_it_had(titles: pd.DataFrame, known: pd.DataFrame) -> None:
    found = assemble(titles, known)
    before = found[found["split_before"].notna()]
    assert len(before) == len(known)
    strictest = before.merge(titles[["title_id", "group_id"]], on="title_id")
    alone = ~strictest["group_id"].duplicated(keep=False)
    assert (strictest[alone.to_numpy()]["split"] == strictest[alone.to_numpy()]["split_before"]).all()
    assert set(before.loc[before["split_before"] == "test", "role"]) == {"frozen"}


def test_a_new_copy_of_a_held_out_title_is_held_out_too(titles: pd.DataFrame, known: pd.DataFrame) -> None:
    held_out = titles[titles["title_id"].isin(known.loc[known["split"] == "test", "title_id"])]
    copies = held_out.assign(title_id="other:" + held_out["title_id"], source="other")
    found = assemble(pd.concat([titles, copies], ignore_index=True), known)
    assert (found.loc[found["title_id"].str.startswith("other:"), "split"] == "test").all()
    # Even in a group of its own: the same name and type is the same title as far as learning goes.
    apart = copies.assign(group_id="apart:" + copies["group_id"])
    found = assemble(pd.concat([titles, apart], ignore_index=True), known)
    assert (found.loc[found["title_id"].str.startswith("other:"), "split"] == "test").all()


def test_no_group_is_in_two_parts(titles: pd.DataFrame, known: pd.DataFrame) -> None:
    found = assemble(titles, known).merge(titles[["title_id", "group_id"]], on="title_id")
    assert (found.groupby("group_id")["split"].nunique() == 1).all()


def test_new_titles_are_dealt_into_what_is_learnt_from_and_what_is_judged_by(titles: pd.DataFrame, known: pd.DataFrame) -> None:
    found = assemble(titles, known)
    new = found[found["split_before"].isna() & (found["role"] != "window")]  # of the window are namesakes of titles it knew
    shares = new["split"].value_counts(normalize=True)
    assert shares["test"] == pytest.approx(0.4, abs=0.03)
    assert shares["train"] == pytest.approx(0.5, abs=0.03)
    assert set(new["role"]) == {"fresh", "validation", "new"}


def test_a_window_and_a_replay_bound_what_is_learnt_from(titles: pd.DataFrame, known: pd.DataFrame) -> None:
    found = assemble(titles, known, window_years=40, replay=100).merge(titles[["title_id", "year", "genres"]], on="title_id")
    outside = found[(found["role"] == "replay")]
    assert len(outside) == 100
    assert outside["year"].max() <= titles["year"].max() - 40
    assert (found.loc[found["role"] == "window", "year"] > titles["year"].max() - 40).all()
    assert (found["role"] == "frozen").sum() == (known["split"] == "test").sum(), "what is judged by is never left out"


def test_what_is_left_out_stays_known_and_can_be_drawn_again(titles: pd.DataFrame, known: pd.DataFrame) -> None:
    found = assemble_splits(titles, known, AssemblySettings(window_years=40, replay=100), seed=17)
    assert (found["role"] == "left out").any()
    assert set(found["title_id"]) == set(titles["title_id"])
    now = found.merge(titles[["title_id", "title", "type"]], on="title_id")[["title_id", "title", "type", "split"]]
    assert find_known(titles, now).notna().all(), "next time it isn't new"
    again = assemble_splits(titles, now, AssemblySettings(), seed=17)
    assert set(again.loc[found["role"].to_numpy() == "left out", "split"]) == {"train"}
    assert len(build_examples(titles, found)) == (found["role"] != "left out").sum()


def test_a_new_copy_joins_the_strictest_part_of_its_namesakes(titles: pd.DataFrame, known: pd.DataFrame) -> None:
    learnt, held_out = (known[known["split"] == split].iloc[[0]] for split in ("train", "test"))
    twins = pd.concat([learnt.assign(title="Twins", type="movie"), held_out.assign(title="Twins", type="movie")])
    copy = titles.iloc[[0]].assign(title_id="new:1", group_id="new:1", title="Twins", type="movie")
    assert find_known(copy, twins).tolist() == ["test"]
    assert find_known(copy, twins[::-1]).tolist() == ["test"]


def test_data_without_any_title_the_champion_was_judged_on_are_refused(titles: pd.DataFrame, known: pd.DataFrame) -> None:
    others = titles[titles["year"] >= 1995].assign(title=lambda rows: rows["title"] + " II").reset_index(drop=True)
    with pytest.raises(InputError, match="no title that the champion was judged on"):
        assemble(others.assign(title_id="other:" + others["title_id"], group_id="other:" + others["group_id"]), known)


def test_replay_draws_each_as_likely_keeps_rare_genres_and_hardly_changes_when_more_come(titles: pd.DataFrame) -> None:
    drawn = titles.loc[draw_replay(titles, 500, seed=1)]
    listed = [genre for row in titles["genres"] for genre in row]
    rare = {genre for genre in listed if listed.count(genre) < 50}
    is_rare = titles["genres"].map(lambda row: bool(rare & set(row)))
    assert set(titles.loc[is_rare, "title_id"]) <= set(drawn["title_id"])
    more = titles.loc[draw_replay(titles.iloc[:1200], 500, seed=1)]
    assert len(set(drawn["title_id"]) & set(more["title_id"])) > 450
    picked = np.zeros(len(titles))
    for seed in range(200):
        picked[draw_replay(titles, 500, seed)] += 1
    common = picked[~is_rare.to_numpy()]
    assert common.std() < 3 * np.sqrt(200 * 0.25)
    assert common.min() > 0
