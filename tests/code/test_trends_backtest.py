"""The back-test's figure is NDCG as published, and its replay runs over the shared lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.trends_backtest import load_lists, ndcg, replay


def test_ndcg_is_one_for_the_best_order_and_as_computed_by_hand_otherwise() -> None:
    gains = {"a": 10, "b": 9}
    assert ndcg(["a", "b", "c"], gains) == 1.0
    assert ndcg(["c", "b", "a"], gains) == pytest.approx((9 / 1.584963 + 10 / 2) / (10 + 9 / 1.584963), rel=1e-5)
    assert ndcg(["c"] * 10 + ["a", "b"], gains) == 0.0


def test_the_replay_judges_every_category_and_week_after_the_eighth(shared_data: Path) -> None:
    lists = load_lists(str(shared_data / "trend" / "netflix_top10_global_weekly.parquet"))
    weeks = sorted(lists["start"].unique())[:14]
    figures = replay(lists[lists["start"].isin(weeks)])
    assert sorted(figures["week"].unique()) == weeks[8:13]
    assert figures.groupby("category").size().tolist() == [5] * 4
    assert figures[["score", "last"]].stack().between(0.0, 1.0).all()
