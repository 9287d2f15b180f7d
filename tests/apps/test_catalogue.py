"""The catalogue of a release: what is in it, how it is searched, and that nobody can change it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trending.cleaning import CleaningResult, clean_titles
from trending.evaluation.candidates import Verdict, judge_candidate, judge_commonest, tune_candidate
from trending.genres import GENRES
from trending.models.base import GenreModel
from trending.provenance import RunOrigin
from trending.releases import Release, load_bundle
from trending.releases.build import Ingredients, build_bundle
from trending.releases.catalogue import Catalogue, write_catalogue
from trending.releases.manifest import DataOrigin

RECORDS = [
    {"title": "Amélie", "type": "movie", "year": 2001, "plot": "A shy waitress in Montmartre décide d'aider les autres.", "genres": ["Comedy", "Romance"]},
    {"title": "Řeka čaruje", "type": "movie", "plot": "An old miller leaves for the mountains of his youth.", "genres": ["Drama"]},
    {"title": "O'Brien's \"Last\" 100%_Stand; DROP TABLE titles", "type": "tv", "plot": None, "genres": []},
    {
        "title": "سفر",
        "type": "tv",
        "release_date": "2020-02-29",
        "votes": 12,
        "rating": 7.5,
        "plot": "رحلة طويلة عبر الصحراء إلى البحر",
        "genres": ["Adventure"],
    },
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalogue, Path, pd.DataFrame]]:
    """A catalogue of four awkward titles; the first is predicted Comedy and Drama."""
    path = tmp_path_factory.mktemp("small") / "catalogue.sqlite"
    titles = clean_titles(RECORDS).titles
    probabilities = np.full((len(titles), len(GENRES)), 0.1)
    probabilities[0, [GENRES.index("Drama"), GENRES.index("Comedy")]] = [0.91236, 0.7]
    splits = pd.Series(["train", "test", None, float("nan")], dtype=object)
    write_catalogue(path, titles, splits, probabilities, probabilities > 0.5)
    catalogue = Catalogue(path)
    yield catalogue, path, titles
    catalogue.close()


def _match(path: Path, query: str) -> list[str]:
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as connection:
        found = connection.execute("SELECT titles.title FROM titles_fts JOIN titles USING (title_id) WHERE titles_fts MATCH ? ORDER BY rank", (query,))
        return [title for (title,) in found.fetchall()]


def test_count_and_every_title_are_those_of_the_cleaned_data(release: Release, starter: CleaningResult) -> None:
    assert release.catalogue.count() == len(starter.titles)
    for row in starter.titles.sample(60, random_state=3).to_dict("records"):
        found = release.catalogue.get(row["title_id"])
        assert found is not None
        for name, value in found.title.model_dump().items():
            expected = row[name]
            assert value == (expected if isinstance(expected, list) else None if pd.isna(expected) else expected), name


def test_counts_per_genre_are_those_of_the_cleaned_data(release: Release, starter: CleaningResult) -> None:
    expected = Counter(genre for genres in starter.titles["genres"] for genre in genres)
    assert release.catalogue.count_genres() == {genre: expected[genre] for genre in GENRES}


def test_the_split_each_title_was_in_is_recorded(release: Release, examples: pd.DataFrame) -> None:
    splits = dict(zip(examples["title_id"], examples["split"], strict=True))
    with sqlite3.connect(release.directory / "catalogue.sqlite") as connection:
        recorded = dict(connection.execute("SELECT title_id, split FROM titles").fetchall())
    assert {title_id: split for title_id, split in recorded.items() if split} == splits
    assert set(splits.values()) == {"train", "validation", "test"}


def test_predicted_genres_are_those_the_release_predicts_for_the_plot(release: Release, starter: CleaningResult) -> None:
    """The catalogue and the API never disagree about a title."""
    rows = starter.titles[starter.titles["plot"].notna()].sample(60, random_state=5)
    for title_id, live in zip(rows["title_id"], release.predictor.predict(rows["plot"].tolist()), strict=True):
        found = release.catalogue.get(title_id)
        assert found is not None
        assert {one.genre: one.probability for one in found.predicted} == pytest.approx({one.genre: one.probability for one in live.genres}, abs=2e-4)


@pytest.mark.parametrize("title_id", ["", "nobody:nothing", "' OR 1=1 --", "%", "\0", "a" * 100_000, "\U0001f600", "starter"])
def test_an_unknown_id_gets_nothing(release: Release, title_id: str) -> None:
    assert release.catalogue.get(title_id) is None


def test_awkward_titles_come_back_as_they_went_in(small: tuple[Catalogue, Path, pd.DataFrame]) -> None:
    catalogue, _, titles = small
    found = [catalogue.get(title_id) for title_id in titles["title_id"]]
    assert [one.title.title for one in found if one] == [record["title"] for record in RECORDS]
    assert [one.split for one in found if one] == ["train", "test", None, None]
    last = found[-1]
    assert last is not None
    assert (last.title.votes, last.title.rating, str(last.title.release_date), last.title.year) == (12, 7.5, "2020-02-29", None)


def test_predicted_genres_come_most_probable_first(small: tuple[Catalogue, Path, pd.DataFrame]) -> None:
    catalogue, _, titles = small
    first, second = (catalogue.get(title_id) for title_id in titles["title_id"][:2])
    assert first is not None
    assert second is not None
    assert [(one.genre, one.probability) for one in first.predicted] == [("Drama", 0.9124), ("Comedy", 0.7)]
    assert second.predicted == []


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("amelie", "Amélie"),
        ("AMÉLIE", "Amélie"),
        ("decide", "Amélie"),
        ("reka caruje", "Řeka čaruje"),
        ("miller", "Řeka čaruje"),
        ("plot : mountain*", "Řeka čaruje"),
        ("الصحراء", "سفر"),
        ('"drop table"', RECORDS[2]["title"]),
    ],
)
def test_full_text_search_folds_case_and_diacritics(small: tuple[Catalogue, Path, pd.DataFrame], query: str, title: str) -> None:
    assert _match(small[1], query) == [title]


def test_full_text_search_finds_released_titles_by_title_and_by_plot(release: Release) -> None:
    path = release.directory / "catalogue.sqlite"
    assert "Nosferatu" in _match(path, "nosferatu")
    assert "The Cabinet of Dr. Caligari" in _match(path, "sleepwalker Cesare")
    assert _match(path, "qqqzzzxxx") == []


@pytest.mark.parametrize("statement", ["DELETE FROM titles", "INSERT INTO predictions VALUES ('a', 'Drama', 1)", "DROP TABLE titles", "CREATE TABLE more (a)"])
def test_the_catalogue_is_read_only(release: Release, statement: str) -> None:
    """An attempt to write fails and leaves the file as it was."""
    path = release.directory / "catalogue.sqlite"
    before, names = path.read_bytes(), sorted(path.parent.iterdir())
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        release.catalogue._connection.execute(statement)
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == names


def test_threads_may_share_a_catalogue(release: Release, starter: CleaningResult) -> None:
    ids = starter.titles["title_id"].tolist()[:300]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(release.catalogue.get, ids))
    assert [one.title.title_id for one in found if one] == ids


def test_titles_whose_rights_forbid_it_are_not_shipped(
    tmp_path: Path, starter: CleaningResult, examples: pd.DataFrame, fitted_models: dict[str, GenreModel]
) -> None:
    """Neither as rows nor in the full-text index nor anywhere in the bundle's bytes."""
    titles = starter.titles.copy()
    classes = {0: "tmdb_restricted", 1: "imdb_restricted", 2: "tmdb_derived", 3: "unclear"}
    for row, name in classes.items():
        titles.loc[row, "rights_class"] = name
        titles.loc[row, "plot"] = f"Zyxwvut{row} walks alone through the city until a stranger speaks to him."
    rules = {kind: tune_candidate(fitted_models[kind], examples, "masked") for kind in ("majority", "keywords")}
    judgements = {kind: judge_candidate(kind, rule.apply(fitted_models[kind], examples, "test"), examples, 17) for kind, rule in rules.items()}
    build_bundle(
        tmp_path,
        Ingredients(
            titles=titles,
            splits=examples[["title_id", "split"]],
            cleaning=starter.report,
            model=fitted_models["keywords"],
            rule=rules["keywords"],
            verdict=Verdict(champion="keywords", validation={}, differences={}, leak={}),
            judgements=judgements | {"commonest": judge_commonest(examples, 17)},
            data=DataOrigin(source="test", fingerprint="1" * 64, rows=len(titles), starter=False, rights=["open_*", "unclear"]),
            run=RunOrigin(),
        ),
    )
    built = load_bundle(tmp_path)
    assert [built.catalogue.get(titles["title_id"][row]) is not None for row in classes] == [False, False, False, True]
    assert built.catalogue.count() == len(titles) - 3
    assert [len(_match(tmp_path / "catalogue.sqlite", f"zyxwvut{row}")) for row in classes] == [0, 0, 0, 1]
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert [f"Zyxwvut{row}".encode() in everything for row in classes] == [False, False, False, True]


def test_genres_are_stored_as_json(release: Release) -> None:
    with sqlite3.connect(release.directory / "catalogue.sqlite") as connection:
        rows = connection.execute("SELECT genres FROM titles").fetchall()
    assert all(set(json.loads(genres)) <= set(GENRES) for (genres,) in rows)
