"""Known layouts of public catalogue files are recognised, and carry their rights."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trending.cleaning.clean import CleaningResult, clean_titles
from trending.cleaning.rights import is_rights_class, may_train
from trending.errors import InputError
from trending.sources.presets import PRESETS, resolve_columns
from trending.titles import TITLE_COLUMNS

NETFLIX = """show_id,type,title,director,cast,country,date_added,release_year,rating,duration,listed_in,description
s1,Movie,Night Ferry,Ann Example,,Norway,"September 5, 2021",2020,PG-13,93 min,"Dramas, International Movies",A ferry captain takes one passenger too many.
s2,TV Show,Salt Works,,,Chile,"May 1, 2020",2019,8,2 Seasons,"Crime TV Shows, TV Dramas",A miner finds what the company has buried.
"""
JUSTWATCH = """id,title,type,description,release_year,genres,production_countries,seasons,imdb_id,imdb_score,imdb_votes,tmdb_popularity,tmdb_score
tm1,Night Ferry,MOVIE,A ferry captain takes one passenger too many.,2020,"['drama', 'scifi']",['NO'],,tt0000001,7.1,1234.0,5.5,6.9
ts2,Salt Works,SHOW,A miner finds what the company has buried.,2019,['crime'],['CL'],2.0,,,,1.2,
"""


@pytest.fixture
def clean(write_file: Any, read: Any) -> Any:
    """Read and clean a file of this content."""

    def read_and_clean(name: str, content: str, **options: Any) -> CleaningResult:
        return clean_titles(read(write_file(name, content), **options))

    return read_and_clean


@pytest.mark.parametrize("preset", ["auto", "netflix"])
def test_netflix_columns_are_found(preset: str, clean: Any) -> None:
    titles = clean("n.csv", NETFLIX, preset=preset).titles
    assert titles["title_id"].tolist() == ["n:s1", "n:s2"]
    assert titles["type"].tolist() == ["movie", "tv"]
    assert titles["year"].tolist() == [2020, 2019]
    assert titles["genres"].tolist() == [["Drama"], ["Crime", "Drama"]]
    assert titles["plot"].str.startswith("A ").all()


def test_the_age_certificate_of_netflix_never_becomes_a_rating(clean: Any) -> None:
    """Not even where it looks like a number, as in the second row."""
    assert clean("n.csv", NETFLIX).titles["rating"].isna().all()


def test_netflix_rights_are_unclear(clean: Any) -> None:
    titles = clean("n.csv", NETFLIX).titles
    assert set(titles["rights_class"]) == {"unclear"}
    assert titles["data_licence"].str.startswith("unclear").all()


@pytest.mark.parametrize("preset", ["auto", "justwatch"])
def test_justwatch_columns_are_found(preset: str, clean: Any) -> None:
    titles = clean("j.csv", JUSTWATCH, preset=preset).titles
    assert titles["type"].tolist() == ["movie", "tv"]
    assert titles["genres"].tolist() == [["Drama", "Science Fiction"], ["Crime"]]
    assert titles.loc[0, ["imdb_id", "rating", "votes", "popularity"]].tolist() == ["tt0000001", 7.1, 1234, 5.5]
    assert titles.loc[1, ["imdb_id", "rating", "votes"]].isna().all()


def test_justwatch_rights_are_tmdb_derived_and_not_learnt_from(clean: Any) -> None:
    classes = set(clean("j.csv", JUSTWATCH).titles["rights_class"])
    assert classes == {"tmdb_derived"}
    assert not any(may_train(name) for name in classes)


def test_justwatch_rights_hold_when_the_first_json_object_has_no_score(clean: Any) -> None:
    """JSON exports leave out what is null: one unrated title at the top must not make the rest free to learn from."""
    rows = [
        {"id": "tm1", "title": "Night Ferry", "type": "MOVIE", "description": "A ferry captain takes one passenger too many."},
        {"id": "tm2", "title": "Salt Works", "type": "MOVIE", "description": "A miner finds what was buried.", "imdb_score": 7.1, "tmdb_popularity": 3.0},
    ]
    titles = clean("j.jsonl", "".join(json.dumps(row) + "\n" for row in rows)).titles
    assert set(titles["rights_class"]) == {"tmdb_derived"}


def test_the_projects_own_columns_are_read_whole(clean: Any) -> None:
    titles = clean("t.csv", "title,type,year,rating,rights_class,source,source_id\nNight Ferry,movie,2020,7.5,open_x,mine,1\n").titles
    assert titles.loc[0, ["title_id", "rating", "rights_class"]].tolist() == ["mine:1", 7.5, "open_x"]


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_name_real_columns_and_rights(name: str) -> None:
    preset = PRESETS[name]
    assert {*preset.columns, *preset.constants} <= set(TITLE_COLUMNS)
    assert is_rights_class(preset.constants.get("rights_class", "unclear"))
    assert set(preset.signature) <= set(preset.columns.values())


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_auto_finds_each_layout(name: str) -> None:
    available = list(PRESETS[name].columns.values())
    assert resolve_columns(available, "auto", {}, {}, "file") == resolve_columns(available, name, {}, {}, "file")


def test_a_users_constant_wins_over_the_presets() -> None:
    available = list(PRESETS["justwatch"].columns.values())
    assert resolve_columns(available, "auto", {}, {"rights_class": "tmdb_restricted"}, "file")[1]["rights_class"] == "tmdb_restricted"


def test_a_file_that_fits_no_layout_needs_a_mapping() -> None:
    with pytest.raises(InputError, match="no column for 'title'"):
        resolve_columns(["a", "b"], "auto", {}, {}, "file")
    assert resolve_columns(["a", "b"], "auto", {"title": "a", "type": "b"}, {}, "file") == ({"title": "a", "type": "b"}, {})


def test_rights_in_the_file_go_before_those_of_its_layout() -> None:
    available = ["show_id", "type", "title", "listed_in", "description", "rights_class"]
    mapping, _ = resolve_columns(available, "auto", {}, {}, "a.csv")
    assert mapping["rights_class"] == "rights_class"
    assert mapping["genres"] == "listed_in"
