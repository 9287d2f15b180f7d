"""Real data, where it lies beside the checkout: labels, catalogues and the account of a large table."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from trending.cleaning.clean import CleaningResult, clean_titles
from trending.genres import map_genre
from trending.sources import SourceConfig, open_source
from trending.validation.schema import validate_titles

CATALOGUES = {"netflix": 7_059, "amazon_prime": 7_819, "disney_plus": 1_157, "hulu": 2_463}


def clean_file(path: Path) -> CleaningResult:
    """Read a file as `--set source=files` does, and clean it."""
    return clean_titles(open_source(SourceConfig(source="files", path=str(path))).records())


def test_every_label_of_the_sources_maps_as_the_map_says(shared_data: Path) -> None:
    with (shared_data / "genre_map.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    wrong = [row["raw_genre"] for row in rows if set(map_genre(row["raw_genre"]) or ()) != {genre for genre in row["canonical"].split("|") if genre}]
    unknown = [row["raw_genre"] for row in rows if map_genre(row["raw_genre"]) is None]
    assert len(rows) > 400
    assert (wrong, unknown) == ([], [])


def test_the_large_table_is_accounted_for_to_the_row(shared_data: Path) -> None:
    result = clean_file(shared_data / "titles.parquet")
    report = result.report
    assert report.rows_in == 50_181 == report.kept + report.merged + report.quarantined
    assert (report.kept, report.quarantined) == (len(result.titles), len(result.quarantine))
    assert report.kept > 0.999 * report.rows_in
    assert report.unknown_genres == {}
    assert set(result.titles["rights_class"]) == {"open_cc_by_sa", "unclear"}
    assert validate_titles(result.titles) > 0


@pytest.mark.parametrize("name", sorted(CATALOGUES))
def test_catalogues_of_streaming_services_are_recognised(name: str, shared_data: Path) -> None:
    result = clean_file(shared_data / "raw" / f"{name}_titles.csv")
    titles = result.titles
    assert result.report.rows_in == CATALOGUES[name] == result.report.kept + result.report.merged + result.report.quarantined
    assert len(titles) > 0.99 * CATALOGUES[name]
    assert set(titles["type"]) == {"movie", "tv"}
    assert set(titles["rights_class"]) == {"unclear"}
    assert titles["rating"].isna().all()
    assert titles["genres"].map(len).gt(0).mean() > 0.9
    assert titles["plot"].notna().mean() > 0.95
    assert result.report.unknown_genres == {}
