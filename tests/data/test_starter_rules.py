"""The rules of the starter catalogue: what it covers, how its synopses are written, and that it passes cleaning untouched."""

from __future__ import annotations

import json
import re
from typing import Any

import pandas as pd
import pytest

from trending.cleaning.clean import CleaningResult
from trending.features.masking import names_a_genre
from trending.genres import GENRES
from trending.sources import SourceConfig, open_source
from trending.validation.schema import validate_titles

# At least as strict as trending.features.masking, one pattern a genre.
OWN_NAMES = {
    "Action": r"actions?|actioners?",
    "Adventure": r"adventur\w*",
    "Animation": r"(?:re-?)?animat\w*|cartoon\w*|animes?|claymation",
    "Comedy": r"(?:tragi)?comed\w*|comic(?:al|ally)?|sit-?coms?|rom-?coms?|dramed\w*",
    "Crime": r"crimes?|criminal\w*",
    "Documentary": r"\w*documentar\w*|\w*umentar(?:y|ies)|docu-?(?:series|dramas?|soaps?)",
    "Drama": r"\w*dramas?|\w*dramatic(?:ally)?|dramati[sz]\w*|dramed\w*|docu-?dramas?",
    "Family": r"famil(?:y|ies|ial)",
    "Fantasy": r"fantas(?:y|ies|tic|tical|tically|i[sz]\w*)",
    "History": r"\w*histor(?:y|ies|ic|ical|ically|ians?)",
    "Horror": r"horrors?|horrif\w*",
    "Music": r"music\w*",
    "Mystery": r"myster\w*",
    "Reality": r"realit\w*",
    "Romance": r"romanc\w*|romantic\w*|rom-?coms?",
    "Science Fiction": r"sci[\s-]?fi|science[\s-]+fiction\w*",
    "Sport": r"sport\w*",
    "Thriller": r"thrill\w*",
    "War": r"wars?|wartime|warfare|post-?war|pre-?war",
    "Western": r"westerns?",
}
MEDIUM = re.compile(r"\b(?:films?|movies?|series|seasons?|episodes?|tv|television)\b", re.IGNORECASE)
MARKUP = re.compile(r"[<>{}\[\]*_#`|\\~^]|&\w+;|https?:|www\.|\s{2,}|[\x00-\x1f\u200b-\u200f\ufeff\ufffd]")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """The catalogue as its source yields it."""
    return list(open_source(SourceConfig()).records())


@pytest.fixture(scope="module")
def titles(starter: CleaningResult) -> pd.DataFrame:
    """The catalogue, cleaned."""
    return starter.titles


def test_there_are_a_thousand_titles_and_hundreds_of_each_type(titles: pd.DataFrame) -> None:
    assert len(titles) >= 1_000
    assert titles["type"].value_counts().min() >= 300


@pytest.mark.parametrize("genre", GENRES)
def test_every_genre_has_forty_titles_among_films_and_tv(titles: pd.DataFrame, genre: str) -> None:
    having = titles[titles["genres"].map(lambda row: genre in row)]
    assert len(having) >= 40
    assert having["type"].nunique() == 2 or genre == "Reality"


def test_years_run_from_the_1920s_to_the_2020s_without_a_gap(titles: pd.DataFrame) -> None:
    decades = (titles["year"] // 10 * 10).astype(int).value_counts()
    assert set(range(1920, 2030, 10)) <= set(decades.index)
    assert decades.min() >= 20


def test_ids_and_titles_are_unique(rows: list[dict[str, Any]], titles: pd.DataFrame) -> None:
    assert titles["title_id"].is_unique
    assert len({row["source_id"] for row in rows}) == len(rows)
    assert len({(row["title"].casefold(), row["type"], row["year"]) for row in rows}) == len(rows)


def test_nothing_is_mended_merged_or_quarantined(starter: CleaningResult, rows: list[dict[str, Any]]) -> None:
    report = starter.report
    assert (report.rows_in, report.kept, report.merged, report.quarantined) == (len(rows), len(rows), 0, 0)
    assert starter.quarantine.empty
    assert report.repairs == {}
    assert report.unknown_genres == {}
    assert starter.titles["plot"].tolist() == [row["plot"] for row in rows]


def test_it_passes_the_schema(titles: pd.DataFrame) -> None:
    assert validate_titles(titles) > 18


def test_it_is_open_and_says_under_which_licence(titles: pd.DataFrame) -> None:
    assert set(titles["rights_class"]) == {"open_project"}
    assert titles["data_licence"].str.startswith("Apache-2.0").all()
    assert set(titles["source"]) == {"starter"}


def test_genres_are_canonical_without_repeats_and_few(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert set(GENRES).issuperset(row["genres"]), row["title"]
        assert len(set(row["genres"])) == len(row["genres"]), row["title"]
        assert 1 <= len(row["genres"]) <= 5, row["title"]


def test_a_synopsis_has_thirty_to_seventy_words(rows: list[dict[str, Any]]) -> None:
    assert [row["title"] for row in rows if not 30 <= len(row["plot"].split()) <= 70] == []


def test_a_synopsis_is_whole_sentences(rows: list[dict[str, Any]]) -> None:
    ends = (".", "!", "?", '."', '!"', '?"', ".'", ".\u201d")
    assert [row["title"] for row in rows if not row["plot"].endswith(ends) or row["plot"][0].islower()] == []


def test_a_synopsis_does_not_name_its_own_genres(rows: list[dict[str, Any]]) -> None:
    patterns = {genre: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for genre, words in OWN_NAMES.items()}
    found = [(row["title"], genre, hit.group()) for row in rows for genre in row["genres"] if (hit := patterns[genre].search(row["plot"]))]
    assert found == []


def test_those_patterns_are_as_strict_as_masking(rows: list[dict[str, Any]]) -> None:
    """Whatever masking would take out of any synopsis, one of the patterns above finds."""
    anything = re.compile(rf"\b(?:{'|'.join(OWN_NAMES.values())})\b", re.IGNORECASE)
    assert tuple(OWN_NAMES) == GENRES
    assert any(names_a_genre(row["plot"]) for row in rows)
    assert [row["title"] for row in rows if names_a_genre(row["plot"]) and not anything.search(row["plot"])] == []


def test_a_synopsis_does_not_name_its_medium(rows: list[dict[str, Any]]) -> None:
    assert [(row["title"], hit.group()) for row in rows if (hit := MEDIUM.search(row["plot"]))] == []


def test_a_synopsis_does_not_name_its_year(rows: list[dict[str, Any]]) -> None:
    assert [row["title"] for row in rows if re.search(rf"\b{row['year']}\b", row["plot"])] == []


def test_titles_and_synopses_hold_no_markup(rows: list[dict[str, Any]]) -> None:
    assert [row["title"] for row in rows if MARKUP.search(row["plot"]) or MARKUP.search(row["title"].replace("*", ""))] == []


def test_countries_and_languages_are_codes(rows: list[dict[str, Any]]) -> None:
    assert [row["title"] for row in rows if not re.fullmatch(r"[A-Z]{2}", row["country"]) or not re.fullmatch(r"[a-z]{2,3}", row["language"])] == []


def test_every_line_of_the_file_has_the_same_fields(rows: list[dict[str, Any]]) -> None:
    assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(rows[0]))}
    assert all(json.dumps(row) for row in rows)
    assert {type(row["year"]) for row in rows} == {int}
