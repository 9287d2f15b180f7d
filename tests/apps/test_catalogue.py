"""The catalogue of a release: what is in it, and that nobody can change it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.apps.catalogue_samples import make_content, make_random_records, open_catalogue
from tests.judging import decide, tune
from trending.catalogue import Catalogue
from trending.catalogue.content import CatalogueContent, rank_titles
from trending.catalogue.languages import LANGUAGES, find_language
from trending.catalogue.write import write_catalogue
from trending.cleaning.clean import CleaningResult, clean_titles
from trending.cleaning.rights import select_allowed
from trending.errors import ReleaseError
from trending.evaluation.candidates import judge_candidate, judge_commonest
from trending.evaluation.champion import Verdict
from trending.genres import GENRES
from trending.models.base import GenreModel
from trending.provenance import RunOrigin
from trending.releases import Release, load_bundle
from trending.releases.build import Ingredients, build_bundle
from trending.releases.describe import compose_content, predict_titles
from trending.releases.manifest import DataOrigin
from trending.reviews.language import parse_language

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
    write_catalogue(path, CatalogueContent(titles, splits, probabilities, probabilities > 0.5))
    catalogue = Catalogue(path)
    yield catalogue, path, titles
    catalogue.close()


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
    with closing(sqlite3.connect(release.directory / "catalogue.sqlite")) as connection:
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
    about = release.catalogue.describe(title_id)
    assert release.catalogue.get(title_id) is None
    assert release.catalogue.insights(title_id) is None
    assert release.catalogue.cards([title_id]) == release.catalogue.similar(title_id) == release.catalogue.reviews(title_id).reviews == []
    assert (about.also_at, about.reviews, about.trend, about.insights) == ([], 0, None, None)


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


def test_cards_come_in_the_order_asked_for_and_may_repeat(small: tuple[Catalogue, Path, pd.DataFrame]) -> None:
    catalogue, _, titles = small
    ids = titles["title_id"].tolist()
    asked = [ids[2], "nobody:nothing", ids[0], ids[2]]
    assert [card.title_id for card in catalogue.cards(asked)] == [ids[2], ids[0], ids[2]]
    assert catalogue.card(ids[0]).blurb == RECORDS[0]["plot"]


def test_whatever_the_order_of_the_titles_the_same_file_is_written(tmp_path: Path) -> None:
    content = make_content(make_random_records(300, 4))
    shuffled = np.random.default_rng(0).permutation(300)
    assert content.insights is not None
    other = CatalogueContent(
        content.titles.iloc[shuffled].reset_index(drop=True),
        content.splits,
        content.probabilities[shuffled],
        content.decisions[shuffled],
        insights=content.insights.iloc[shuffled],
    )
    write_catalogue(tmp_path / "one.sqlite", content)
    write_catalogue(tmp_path / "two.sqlite", other)
    assert (tmp_path / "one.sqlite").read_bytes() == (tmp_path / "two.sqlite").read_bytes()


def test_rows_are_numbered_in_the_order_of_the_rank(tmp_path: Path) -> None:
    """Whoever builds an index of vectors numbers its rows by `rank_titles`, and finds the same titles here."""
    content = make_content(make_random_records(200, 5))
    write_catalogue(tmp_path / "catalogue.sqlite", content)
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection:
        stored = [title_id for (title_id,) in connection.execute("SELECT title_id FROM titles ORDER BY row")]
    assert stored == content.titles["title_id"].iloc[rank_titles(content)].tolist()


def test_the_best_known_come_first(tmp_path: Path) -> None:
    """By votes, or by popularity among their own source's titles, for sources measure it on scales of their own."""
    records = [
        *({"title": f"Voted {votes}", "votes": votes} for votes in (5, 50_000, 700)),
        *({"title": f"Big scale {popularity}", "popularity": popularity, "source": "big"} for popularity in (4_000.0, 9_000.0)),
        *({"title": f"Small scale {popularity}", "popularity": popularity, "source": "small"} for popularity in (0.5, 0.1)),
        {"title": "Unknown"},
    ]
    catalogue = open_catalogue(tmp_path / "catalogue.sqlite", make_content(records))
    names = [card.title for card in catalogue.search("").cards]
    assert set(names[:3]) == {"Voted 50000", "Big scale 9000.0", "Small scale 0.5"}
    assert names[-1] == "Unknown"


@pytest.mark.parametrize("statement", ["DELETE FROM titles", "INSERT INTO words VALUES (1, 'a', 1, 1)", "DROP TABLE titles", "CREATE TABLE more (a)"])
def test_the_catalogue_is_read_only(release: Release, statement: str) -> None:
    """An attempt to write fails and leaves the file as it was."""
    path = release.directory / "catalogue.sqlite"
    before, names = path.read_bytes(), sorted(path.parent.iterdir())
    with release.catalogue._database.connect() as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute(statement)
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == names


def test_threads_may_share_a_catalogue(release: Release, starter: CleaningResult) -> None:
    """Every thread gets what one alone gets, and no more connections stay open than threads asked at once."""
    rows = starter.titles.head(300)
    alone = [release.catalogue.search(name).cards for name in rows["title"]]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(release.catalogue.get, rows["title_id"]))
        together = list(pool.map(lambda name: release.catalogue.search(name).cards, rows["title"]))
    assert [one.title.title_id for one in found if one] == rows["title_id"].tolist()
    assert together == alone
    assert len(release.catalogue._database._idle) <= 8


def _search_elsewhere(path: Path) -> list[str]:
    with closing(Catalogue(path)) as catalogue:
        return [card.title_id for card in catalogue.search("river").cards]


def test_processes_may_share_a_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    here = [card.title_id for card in open_catalogue(path, make_content(make_random_records(200, 6))).search("river").cards]
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        assert list(pool.map(_search_elsewhere, [path] * 4)) == [here] * 4


def test_a_closed_catalogue_refuses_and_one_in_use_is_closed_afterwards(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path / "catalogue.sqlite", make_content(make_random_records(20, 7)))
    with catalogue._database.connect() as connection:
        catalogue.close()
        assert connection.execute("SELECT count(*) FROM titles").fetchone()[0] == 20
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        catalogue.search("river")
    catalogue.close()


@pytest.mark.parametrize("damage", ["empty", "text", "other format", "other database"])
def test_what_is_no_catalogue_is_refused_with_what_to_do(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "catalogue.sqlite"
    if damage == "text":
        path.write_text("not a database at all, " * 100)
    elif damage == "empty":
        path.touch()
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE about (name, value)" if damage == "other format" else "CREATE TABLE titles (title_id)")
            connection.commit()
    with pytest.raises(ReleaseError, match=r"train again: python run\.py"):
        Catalogue(path)


def test_a_catalogue_without_titles_answers_everything(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path / "catalogue.sqlite", make_content([]))
    assert catalogue.count() == catalogue.search("").total == catalogue.search("anything").total == catalogue.trending("week").total == 0
    assert catalogue.complete_titles("a") == []
    assert catalogue.tags() == catalogue.languages() == {}
    assert catalogue.trending("week").as_of is None


def test_languages_are_iso_639_1_whatever_a_source_writes(tmp_path: Path) -> None:
    given = ["en", "English", "en-GB", "JAPANESE", "cn", "pt_BR", "Klingon", "xx", None]
    catalogue = open_catalogue(tmp_path / "catalogue.sqlite", make_content([{"title": f"Title {n}", "language": one} for n, one in enumerate(given)]))
    assert catalogue.languages() == {"en": 3, "ja": 1, "pt": 1, "zh": 1}
    assert [catalogue.card(f"test:{number}").language for number in range(9)] == ["en", "en", "en", "ja", "zh", "pt", "Klingon", "xx", None]
    assert {code for code in LANGUAGES if parse_language(code)} == set(LANGUAGES)
    assert {find_language(name) for name in LANGUAGES.values()} == set(LANGUAGES)


def test_titles_whose_rights_forbid_it_are_not_shipped(
    tmp_path: Path, starter: CleaningResult, examples: pd.DataFrame, fitted_models: Mapping[str, GenreModel]
) -> None:
    """Neither as rows nor among what can be searched nor anywhere in the bundle's bytes."""
    titles = starter.titles.copy()
    classes = {0: "tmdb_restricted", 1: "imdb_restricted", 2: "tmdb_derived", 3: "unclear"}
    for row, name in classes.items():
        titles.loc[row, "rights_class"] = name
        titles.loc[row, "plot"] = f"Zyxwvut{row} walks alone through the city until a stranger speaks to him."
    models = {kind: fitted_models[kind] for kind in ("majority", "keywords")}
    rules = tune(models, examples)
    judgements = {kind: judge_candidate(kind, one, examples, 17) for kind, one in decide(models, rules, examples).items()}
    rights = ["open_*", "unclear"]
    shown = select_allowed(titles, rights)
    probabilities = predict_titles(fitted_models["keywords"], rules["keywords"], shown)
    build_bundle(
        tmp_path,
        Ingredients(
            titles=titles,
            cleaning=starter.report,
            model=fitted_models["keywords"],
            rule=rules["keywords"],
            verdict=Verdict(champion="keywords", validation={}, differences={}, leak={}),
            judgements=judgements | {"commonest": judge_commonest(examples, 17)},
            data=DataOrigin(source="test", fingerprint="1" * 64, rows=len(titles), starter=False, rights=rights),
            run=RunOrigin(),
            content=compose_content(shown, examples[["title_id", "split"]], probabilities, rules["keywords"].thresholds),
        ),
    )
    built = load_bundle(tmp_path)
    assert [built.catalogue.get(titles["title_id"][row]) is not None for row in classes] == [False, False, False, True]
    assert built.catalogue.count() == len(titles) - 3
    found = [{card.title_id for card in built.catalogue.search(f"zyxwvut{row}").cards} for row in classes]
    assert [titles["title_id"][row] in ids for row, ids in zip(classes, found, strict=True)] == [False, False, False, True]
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert [f"Zyxwvut{row}".encode() in everything for row in classes] == [False, False, False, True]


def test_genres_are_stored_as_json(release: Release) -> None:
    with closing(sqlite3.connect(release.directory / "catalogue.sqlite")) as connection:
        rows = connection.execute("SELECT genres FROM titles").fetchall()
    assert all(set(json.loads(genres)) <= set(GENRES) for (genres,) in rows)


def test_a_server_loads_nothing_that_only_writing_needs() -> None:
    """Importing pandas takes longer than all else the MCP server does before it answers."""
    code = "import sys, trending.catalogue; print([name for name in ('pandas', 'numpy', 'pyarrow', 'ftfy') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
