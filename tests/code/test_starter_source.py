"""The starter catalogue: what a clone with no network learns from."""

from __future__ import annotations

import pytest

from trending.cleaning.clean import CleaningResult
from trending.errors import UsageError
from trending.genres import GENRES
from trending.sources import SourceConfig, open_source
from trending.titles import MIN_PLOT_CHARS
from trending.validation.schema import validate_titles


def test_it_is_the_default_source() -> None:
    assert open_source(SourceConfig()).name == "starter"


def test_every_title_is_kept_as_written(starter: CleaningResult) -> None:
    report = starter.report
    assert report.rows_in == report.kept > 1_000
    assert (report.repairs, report.unknown_genres, report.reasons) == ({}, {}, {})


def test_every_title_can_be_learnt_from(starter: CleaningResult) -> None:
    titles = starter.titles
    assert set(titles["rights_class"]) == {"open_project"}
    assert titles["plot"].str.len().min() >= MIN_PLOT_CHARS
    assert titles["genres"].map(len).min() >= 1
    assert titles["year"].notna().all()


def test_every_genre_and_both_types_are_there(starter: CleaningResult) -> None:
    counts = starter.titles.explode("genres")["genres"].value_counts()
    assert set(counts.index) == set(GENRES)
    assert counts.min() >= 10
    assert set(starter.titles["type"]) == {"movie", "tv"}


def test_no_two_titles_share_a_plot(starter: CleaningResult) -> None:
    assert starter.titles["plot"].is_unique


def test_it_passes_the_schema_gate(starter: CleaningResult) -> None:
    assert validate_titles(starter.titles) > 0


@pytest.mark.parametrize("limit", [1, 7])
def test_a_limit_bounds_the_titles(limit: int) -> None:
    assert len(list(open_source(SourceConfig(limit=limit)).records())) == limit


def test_the_fingerprint_is_steady_and_follows_the_limit() -> None:
    assert open_source(SourceConfig()).fingerprint() == open_source(SourceConfig()).fingerprint()
    assert open_source(SourceConfig()).fingerprint() != open_source(SourceConfig(limit=5)).fingerprint()


def test_a_path_without_the_files_source_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="--set source=files"):
        open_source(SourceConfig(path="titles.csv"))
