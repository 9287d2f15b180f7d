"""The deepchecks reports on real titles and reviews: nothing drops out, what is known to be wrong with the data is found, and it takes a minute at most."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from trending.cleaning.rights import DEFAULT_TRAINABLE
from trending.cleaning.text import normalise_title, plot_key
from trending.models.split import select_trainable, split_titles
from trending.validation.sampling import sample_files
from trending.validation.settings import CheckSettings
from trending.validation.suite_report import SuiteReport
from trending.validation.suites import check_integrity, check_split, check_texts

CHECKS = CheckSettings()
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def titles(shared_data: Path) -> pd.DataFrame:
    """The shared titles as they came, with their known defects."""
    return pd.read_parquet(shared_data / "titles.parquet")


@pytest.fixture(autouse=True)
def _within_a_minute() -> Iterator[None]:
    """Processor time, as other work may run beside."""
    start = time.process_time()
    yield
    assert time.process_time() - start < 60


def red(report: SuiteReport) -> list[str]:
    assert not report.not_run
    return [one.name for one in report.failed]


def test_titles_as_a_table_are_sound(shared_data: Path) -> None:
    sample, total = sample_files([shared_data / "titles.parquet"], "title", normalise_title, CHECKS.sample, CHECKS.seed)
    assert total > 50_000 > len(sample)
    assert red(check_integrity(sample, CHECKS, total)) == []


def test_the_plot_that_many_titles_share_is_found_on_both_sides_of_the_split(titles: pd.DataFrame) -> None:
    """About sixty shorts share the lead of one list article: the data card says so, and their groups differ."""
    chosen, _ = select_trainable(titles, list(DEFAULT_TRAINABLE))
    rows = titles[chosen]
    part = split_titles(rows, CHECKS.seed)
    assert red(check_split(rows[part == "train"], rows[part == "test"], CHECKS)) == ["split.shared_plots"]
    keys = rows["plot"].map(plot_key)
    lone = rows[keys.groupby(keys).transform("size") < 30]
    part = split_titles(lone, CHECKS.seed)
    assert red(check_split(lone[part == "train"], lone[part == "test"], CHECKS)) == []


def test_plots_are_sound_texts(titles: pd.DataFrame) -> None:
    assert red(check_texts(titles, "plots", CHECKS)) == []


def test_reviews_are_sound_texts(shared_data: Path) -> None:
    assert red(check_texts(pd.read_parquet(shared_data / "reviews.parquet"), "reviews", CHECKS)) == []


def test_a_crawl_whose_texts_are_an_error_page_is_red(titles: pd.DataFrame) -> None:
    half = titles["plot"].where(titles.index % 2 == 0, "Sorry, we could not find the page you were looking for. Please try again later.")
    assert {"texts.duplicates", "texts.conflicts", "texts.boilerplate"} <= set(red(check_texts(titles.assign(plot=half), "plots", CHECKS)))
