"""Labels that aren't their titles' own: a known share of them is found, and titles that are merely different are not taken for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from trending.cleaning.clean import CleaningResult
from trending.continual.noise import find_noise
from trending.continual.settings import PromotionRules
from trending.continual.triggers import rank_labels

SEEDS = range(6)


def split(starter: CleaningResult, seed: int, shuffled: float = 0.0, strange: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """700 old titles, and 560 new ones of which a share carries another's labels, or whose longer words are written backwards."""
    chance = np.random.default_rng(seed)
    titles = starter.titles.iloc[chance.permutation(len(starter.titles))].reset_index(drop=True)
    old, new = titles[:700], titles[700:1260].copy()
    rows = chance.permutation(len(new))[: int(shuffled * len(new))]
    genres = new["genres"].to_numpy(copy=True)
    genres[rows] = genres[np.roll(rows, 1)]
    new["genres"] = genres
    if strange:
        new["plot"] = [re.sub(r"[a-z]{4,}", lambda word: word[0][::-1], plot) for plot in new["plot"]]
    return old, new


def is_noisy(old: pd.DataFrame, new: pd.DataFrame, seed: int) -> bool:
    noise = find_noise(old, new, seed)
    assert noise.low <= noise.share <= noise.high
    most = PromotionRules().noise
    return noise.share > most and noise.low > most / 2


@pytest.mark.parametrize("seeds", [SEEDS[:2], pytest.param(SEEDS[2:], marks=pytest.mark.slow)], ids=["first", "others"])
def test_a_fifth_of_shuffled_labels_is_found_and_honest_ones_are_left_alone(starter: CleaningResult, seeds: Sequence[int]) -> None:
    caught = [is_noisy(*split(starter, seed, shuffled=0.2), seed) for seed in seeds]
    alarmed = [is_noisy(*split(starter, seed), seed) for seed in seeds]
    assert all(caught), caught
    assert not any(alarmed), alarmed


@pytest.mark.slow
def test_new_words_are_no_wrong_labels(starter: CleaningResult) -> None:
    wrong = [is_noisy(*split(starter, seed, strange=True), seed) for seed in SEEDS]
    assert not any(wrong), wrong
    assert all(is_noisy(*split(starter, seed, shuffled=0.2, strange=True), seed) for seed in SEEDS)


def test_copies_of_one_title_count_once(starter: CleaningResult) -> None:
    """Twenty copies each of 28 titles say no more than 28 titles do: taken for 560, they would leave far less doubt."""
    old, new = split(starter, 1, shuffled=0.2)
    copies = pd.concat([new[:28]] * 20, ignore_index=True)
    alone = copies.assign(group_id=[f"group-{row}" for row in range(len(copies))])
    doubt, less = (found.high - found.low for found in (find_noise(old, copies, 1), find_noise(old, alone, 1)))
    assert doubt > 2 * less


def test_ranking_is_as_scikit_learn_measures_it() -> None:
    from sklearn.metrics import label_ranking_average_precision_score

    chance = np.random.default_rng(1)
    labels = (chance.random((200, 20)) < 0.2).astype(np.int8)
    labels[labels.sum(axis=1) == 0, 3] = 1
    probabilities = chance.random((200, 20))
    assert rank_labels(labels, probabilities).mean() == pytest.approx(label_ranking_average_precision_score(labels, probabilities))
