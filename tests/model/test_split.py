"""The split: whole groups, four fifths to learn from, every genre everywhere, the same for the same seed, and only what may be learnt from."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.cleaning.clean import CleaningResult
from trending.errors import InputError
from trending.features.examples import build_examples, select_part
from trending.features.masking import mask_genre_words
from trending.genres import GENRES
from trending.models.split import FOLDS, MIN_TRAINABLE, SPLITS, select_trainable, split_titles

PLOT = "A sheriff hunts an outlaw across the frontier."


def table(groups: list[str], **columns: object) -> pd.DataFrame:
    rows = range(len(groups))
    basic = {
        "title_id": [f"s:{row}" for row in rows],
        "group_id": groups,
        "type": ["tv" if row % 3 else "movie" for row in rows],
        "plot": PLOT,
        "genres": [[GENRES[row % 20]] for row in rows],
        "rights_class": "open_cc_by_sa",
    }
    return pd.DataFrame({**basic, **columns})


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 25), min_size=60, max_size=120), st.integers(0, 1000))
def test_no_group_is_in_two_parts_and_none_is_lost(numbers: list[int], seed: int) -> None:
    titles = table([f"g{number}" for number in [*range(FOLDS), *numbers]])
    parts = split_titles(titles, seed)
    assert parts.index.equals(titles.index)
    assert set(parts) == set(SPLITS)
    assert (parts.groupby(titles["group_id"]).nunique() == 1).all()


def test_the_starter_is_split_about_80_10_10(examples: pd.DataFrame) -> None:
    shares = examples["split"].value_counts(normalize=True)
    assert shares["train"] == pytest.approx(0.8, abs=0.02)
    assert shares["validation"] == pytest.approx(0.1, abs=0.02)
    assert shares["test"] == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("split", SPLITS)
def test_every_genre_and_type_of_the_starter_is_in_each_part_in_proportion(examples: pd.DataFrame, split: str) -> None:
    part = select_part(examples, split)
    everything = examples.explode("genres")["genres"].value_counts()
    for genre, count in zip(GENRES, part.labels.sum(axis=0), strict=True):
        expected = everything[genre] * len(part.texts) / len(examples)
        assert 0.5 * expected <= count <= 1.6 * expected, genre
    assert (part.rows["type"] == "tv").mean() == pytest.approx((examples["type"] == "tv").mean(), abs=0.03)


def test_no_plot_of_the_starter_is_in_two_parts(examples: pd.DataFrame) -> None:
    assert (examples.groupby(examples["plot"].str.casefold())["split"].nunique() == 1).all()
    assert (examples.groupby("group_id")["split"].nunique() == 1).all()


def test_the_split_depends_on_the_seed_and_not_on_the_order_of_rows(examples: pd.DataFrame) -> None:
    titles = examples.drop(columns="split")
    first = split_titles(titles, 17)
    shuffled = titles.sample(frac=1, random_state=3)
    pd.testing.assert_series_equal(split_titles(shuffled, 17).reindex(titles.index), first)
    pd.testing.assert_series_equal(split_titles(titles, 17), first)
    assert (split_titles(titles, 18) != first).any()


def test_a_copy_of_a_title_follows_it(examples: pd.DataFrame) -> None:
    titles = examples.drop(columns="split")
    copies = titles[titles["genres"].map(lambda row: row == ["Drama"])].head(40).assign(title_id=lambda rows: rows["title_id"] + "-copy")
    both = pd.concat([titles, copies], ignore_index=True)
    parts = split_titles(both, 17)
    by_group = dict(zip(both["group_id"], parts, strict=True))
    assert [by_group[group] for group in both["group_id"]] == parts.tolist()


def test_fewer_groups_than_folds_are_refused() -> None:
    with pytest.raises(InputError, match=r"all titles fall into 9 groups, at least 10"):
        split_titles(table([f"g{row % 9}" for row in range(200)]), 1)


@pytest.mark.parametrize("allowed", [["open_*"], ["open_*", "unclear"], ["unclear"]])
def test_only_rows_of_an_allowed_rights_class_are_selected(allowed: list[str]) -> None:
    """Forbidden rows stay out whatever their name begins with."""
    classes = ["open_cc_by_sa", "unclear", "tmdb_restricted", "imdb_restricted", "tmdb_derived", "open_mirror_restricted", "open_mirror_derived"]
    titles = table([f"g{row}" for row in range(1_400)], rights_class=[classes[row % 7] for row in range(1_400)])
    chosen, left_out = select_trainable(titles, allowed)
    wanted = {"open_cc_by_sa" if pattern == "open_*" else pattern for pattern in allowed}
    assert set(titles.loc[chosen, "rights_class"]) == wanted
    assert int(chosen.sum()) == 200 * len(wanted)
    assert left_out == {"rights": 1_400 - 200 * len(wanted), "no plot": 0, "no genre": 0}


def test_titles_without_plot_or_genre_are_left_out_and_counted_once() -> None:
    titles = table([f"g{row}" for row in range(MIN_TRAINABLE + 6)])
    titles.loc[0:1, "plot"] = None
    titles.loc[2, "plot"] = "Too short."
    for row in (2, 3):
        titles.at[row, "genres"] = []
    titles.loc[[1, 4, 5], "rights_class"] = "tmdb_restricted"
    chosen, left_out = select_trainable(titles, ["open_*"])
    assert left_out == {"rights": 3, "no plot": 2, "no genre": 1}
    assert titles.index[~chosen].tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("rows", [0, 1, MIN_TRAINABLE - 1])
def test_too_few_titles_are_refused_with_the_numbers(rows: int) -> None:
    titles = table([f"g{row}" for row in range(MIN_TRAINABLE)]).head(rows)
    with pytest.raises(InputError, match=rf"training data: {rows} of {rows} titles can be learnt from, at least {MIN_TRAINABLE}"):
        select_trainable(titles, ["open_*"])


def test_titles_that_may_not_be_learnt_from_are_refused_with_the_reason() -> None:
    with pytest.raises(InputError, match=r"0 of 150 .*150 for rights.*tmdb_restricted.*allowed: open_\*"):
        select_trainable(table([f"g{row}" for row in range(150)], rights_class="tmdb_restricted"), ["open_*"])


def test_titles_without_any_plot_are_refused_with_the_reason() -> None:
    with pytest.raises(InputError, match=r"0 of 150 .*150 for no plot"):
        select_trainable(table([f"g{row}" for row in range(150)], plot=[None] * 150), ["open_*"])


def test_examples_keep_the_plot_and_mask_the_text(starter: CleaningResult) -> None:
    splits = pd.DataFrame({"title_id": starter.titles["title_id"], "split": "train"})
    built = build_examples(starter.titles, splits)
    assert built["plot"].tolist() == starter.titles["plot"].tolist()
    assert built["text"].tolist() == [mask_genre_words(plot) for plot in starter.titles["plot"]]
    assert (built["text"] != built["plot"]).any()
    assert select_part(built, "train", "unmasked").texts == built["plot"].tolist()
