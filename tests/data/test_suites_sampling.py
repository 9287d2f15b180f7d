"""Samples by content keep copies together, keep each source's share, and are the same wherever the rows lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trending.validation.sampling import choose_rows, keep_share, rank_keys, sample_files, sample_frame


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Ten thousand rows, a fifth of which repeat the text of another; one source in a hundred rows is rare."""
    texts = [f"text {number}" for number in range(8_000)] + [f"TEXT {number}" for number in range(2_000)]
    sources = ["rare" if number % 100 == 0 else "small" if number % 4 == 0 else "large" for number in range(10_000)]
    return pd.DataFrame({"text": texts, "source": sources}).sample(frac=1, random_state=1, ignore_index=True)


def share_of_copies(rows: pd.DataFrame) -> float:
    return float(1 - rows["text"].str.lower().nunique() / len(rows))


def test_a_sample_of_a_tenth_holds_the_share_of_copies_that_the_whole_holds(frame: pd.DataFrame) -> None:
    assert share_of_copies(sample_frame(frame.assign(source="one"), frame["text"].str.lower(), 1_000, 7)) == pytest.approx(0.2, abs=0.05)
    assert share_of_copies(frame.sample(1_000, random_state=7)) < 0.05  # what a sample of rows would say


@pytest.mark.parametrize("limit", [10, 100, 999, 5_000])
def test_a_sample_is_no_larger_than_asked_and_has_each_source_by_its_size(frame: pd.DataFrame, limit: int) -> None:
    rows = sample_frame(frame, frame["text"], limit, 7)
    assert limit - 3 <= len(rows) <= limit
    assert set(rows["source"]) == {"large", "small", "rare"}
    shares = rows["source"].value_counts(normalize=True)
    assert shares["large"] == pytest.approx(0.75, abs=2.5 / limit + 0.01)


def test_few_rows_are_all_kept_in_their_order(frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(sample_frame(frame.head(50), frame["text"].head(50), 50, 7), frame.head(50))


def test_the_rows_chosen_depend_on_content_and_seed_not_on_order(frame: pd.DataFrame) -> None:
    def choose(rows: pd.DataFrame, seed: int) -> set[str]:
        return set(sample_frame(rows, rows["text"], 500, seed)["text"])

    assert choose(frame, 7) == choose(frame.sample(frac=1, random_state=2), 7)
    assert len(choose(frame, 7) & choose(frame, 8)) < 100


def test_files_are_sampled_as_one_frame_would_be(frame: pd.DataFrame, tmp_path: Path) -> None:
    files = [tmp_path / f"{half}.parquet" for half in (0, 1)]
    frame.iloc[:4_000].to_parquet(files[0], row_group_size=500)
    frame.iloc[4_000:].to_parquet(files[1], row_group_size=700)
    rows, total = sample_files(files, "text", str.lower, 500, 7)
    assert total == len(frame)
    pd.testing.assert_frame_equal(rows, sample_frame(frame, frame["text"].str.lower(), 500, 7))


def test_missing_values_are_one_key(tmp_path: Path) -> None:
    pd.DataFrame({"text": [None, "a", None], "source": "one"}).to_parquet(tmp_path / "a.parquet")
    rows, total = sample_files([tmp_path / "a.parquet"], "text", str.lower, 10, 7)
    assert (len(rows), total) == (3, 3)


def test_two_sets_cut_at_a_share_keep_the_same_keys() -> None:
    ranks = rank_keys([str(number) for number in range(10_000)], 7)
    few, many = keep_share(ranks[:3_000], 0.1), keep_share(ranks, 0.1)
    assert set(few) == set(many) & set(ranks[:3_000])
    assert len(many) == pytest.approx(1_000, rel=0.15)
    assert len(keep_share(ranks, 1.0)) == 10_000


def test_more_sources_than_rows_asked_for_give_a_row_each() -> None:
    sources = pd.Series([f"s{number}" for number in range(200)])
    assert len(choose_rows(np.arange(200, dtype=np.uint64), sources, 100)) == 200
