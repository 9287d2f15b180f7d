"""The error browser: wrong labels that were planted come up, are doubted only on good grounds, and the page filters without running anything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright

from tests.model.test_reports import IMAGE, SCRIPT, Page
from trending.evaluation.metrics import Judged
from trending.evaluation.worst_titles import LabelDoubt, WorstTitle, find_worst
from trending.features.examples import select_part
from trending.genres import GENRE_INDEX, GENRES
from trending.models.predictor import Predictor
from trending.reports.error_browser import render_error_browser

HORROR, WESTERN = GENRE_INDEX["Horror"], GENRE_INDEX["Western"]
PLANTED = (3, 50, 117)


def explain(texts: Any, genres: Any, top: int) -> Any:
    """Explain a genre by its own name."""
    return [[[(GENRES[genre].lower(), 1.0)] for genre in asked] for asked in genres]


def make_titles() -> pd.DataFrame:
    """Return 150 films of one genre each, every one of them told by another source too."""
    genre = [GENRES[row % len(GENRES)] for row in range(150)]
    ours = pd.DataFrame(
        {
            "title_id": [f"bees:{row}" for row in range(150)],
            "title": [f"The keeper, part {row}" for row in range(150)],
            "group_id": [f"g{row}" for row in range(150)],
            "type": "movie",
            "year": 1990.0 + np.arange(150) % 30,
            "source": "bees",
            "genres": [[name] for name in genre],
        }
    )
    return pd.concat([ours, ours.assign(title_id=ours["title_id"].str.replace("bees", "wasps"), source="wasps")], ignore_index=True)


def make_judged(titles: pd.DataFrame) -> Judged:
    """Return the decisions of a model that is fairly sure of the genre of every title, and right."""
    chance = np.random.default_rng(2)
    labels = np.zeros((len(titles), len(GENRES)), dtype=np.int8)
    for row, genres in enumerate(titles["genres"]):
        labels[row, [GENRE_INDEX[genre] for genre in genres]] = 1
    probabilities = np.where(labels == 1, chance.uniform(0.6, 0.95, labels.shape), chance.uniform(0.01, 0.2, labels.shape))
    return Judged(labels, probabilities, probabilities >= 0.5)


def plant(titles: pd.DataFrame, judged: Judged) -> tuple[pd.DataFrame, Judged]:
    """List three of the first source's titles under Western instead of their genre; the model goes on saying what it said, and surely."""
    titles, labels, probabilities = titles.copy(), judged.labels.copy(), judged.probabilities.copy()
    for row in PLANTED:
        probabilities[row, labels[row] == 1] = 0.99
        probabilities[row, WESTERN] = 0.005
        labels[row] = 0
        labels[row, WESTERN] = 1
        titles.at[row, "genres"] = ["Western"]
    return titles, replace(judged, labels=labels, probabilities=probabilities)


def find(titles: pd.DataFrame, judged: Judged, others: pd.DataFrame | None = None) -> list[WorstTitle]:
    return find_worst(judged, titles, [f"Plot of {title}" for title in titles["title"]], explain, titles if others is None else others)


def test_planted_labels_come_first_and_are_doubted_by_genre_and_source() -> None:
    titles, judged = plant(make_titles(), make_judged(make_titles()))
    found = find(titles, judged)
    assert {one.title_id for one in found[:3]} == {f"bees:{row}" for row in PLANTED}
    for one in found[:3]:
        true = GENRES[int(one.title_id.removeprefix("bees:")) % len(GENRES)]
        assert sorted(one.doubts, key=lambda doubt: doubt.listed) == [
            LabelDoubt(genre=true, listed=False, sources=["wasps"]),
            LabelDoubt(genre="Western", listed=True, sources=["wasps"]),
        ]
        assert one.kind == "missed and added"
    assert not [one for one in found[3:] if one.doubts]


@pytest.mark.parametrize(
    "change",
    [
        {"source": "bees"},  # the same source's second row is no other witness
        {"year": 1950.0},  # a remake
        {"type": "tv"},
        {"group_id": "another"},
        {"genres": [[]] * 150},  # a source that says nothing contradicts nothing
    ],
    ids=["same source", "another year", "another type", "another work", "no genres"],
)
def test_a_label_is_not_doubted_on_bad_grounds(change: dict[str, Any]) -> None:
    titles, judged = plant(make_titles(), make_judged(make_titles()))
    others = titles.copy()
    for column, value in change.items():
        others.loc[others["source"] == "wasps", column] = pd.Series(value, index=others.index[150:])
    assert [one.doubts for one in find(titles, judged, others)[:3]] == [[], [], []]


def test_a_show_is_the_same_work_whatever_the_year_of_its_last_season() -> None:
    titles, judged = plant(make_titles().assign(type="tv"), make_judged(make_titles()))
    others = titles.assign(year=np.where(titles["source"] == "wasps", 1950.0, titles["year"]))
    assert all(one.doubts for one in find(titles, judged, others)[:3])


def test_a_label_is_not_doubted_where_the_model_is_as_unsure_as_ever() -> None:
    titles, judged = plant(make_titles(), make_judged(make_titles()))
    probabilities = judged.probabilities.copy()
    for row in PLANTED:
        probabilities[row] = np.where(probabilities[row] > 0.5, 0.55, 0.3)
    assert not [one for one in find(titles, replace(judged, probabilities=probabilities)) if one.title_id in {f"bees:{row}" for row in PLANTED} and one.doubts]


def test_the_worst_have_the_largest_loss_and_only_wrong_decisions_are_among_them() -> None:
    titles = make_titles()
    judged = make_judged(titles)
    assert find(titles, judged) == []
    missed = replace(judged, decisions=judged.decisions & (np.arange(300) % 3 != 0)[:, None])
    found = find(titles, missed)
    assert len(found) == 50
    assert {one.kind for one in found} == {"missed"}
    losses = -np.log(np.where(judged.labels == 1, judged.probabilities, 1 - judged.probabilities)).sum(axis=1)
    assert [one.loss for one in found] == pytest.approx(sorted(losses[np.arange(300) % 3 == 0], reverse=True)[:50], abs=1e-3)
    added = judged.decisions.copy()
    added[:5, HORROR] = True
    assert {one.kind for one in find(titles, replace(judged, decisions=added))} == {"added"}


def test_evidence_and_text_are_what_the_model_read(predictor: Predictor, judged: dict[str, Judged], examples: pd.DataFrame) -> None:
    part = select_part(examples, "test")
    found = find_worst(judged["tfidf_logreg"], part.rows, part.texts, predictor.model.explain, examples, count=10)
    assert len(found) == 10
    for one in found:
        row = part.rows.index[part.rows["title_id"] == one.title_id][0]
        assert one.text == part.texts[row]
        listed = set(part.rows.at[row, "genres"])
        assert {genre.genre for genre in one.genres if genre.listed} == listed
        for genre in one.genres:
            assert genre.probability == pytest.approx(judged["tfidf_logreg"].probabilities[row, GENRE_INDEX[genre.genre]], abs=1e-4)
            assert not one.text.isascii() or all(word in one.text.casefold() for words in genre.evidence for word in words.split())
    assert any(genre.evidence for one in found for genre in one.genres)


@pytest.fixture(scope="module")
def page() -> str:
    """The page of planted labels, some of it hostile."""
    titles, judged = plant(make_titles(), make_judged(make_titles()))
    titles.loc[PLANTED[0], "title"] = SCRIPT
    titles.loc[titles.index % 7 == 0, "type"] = "tv"
    decisions = judged.decisions.copy()
    decisions[20:60, HORROR] = True
    return render_error_browser(find(titles, replace(judged, decisions=decisions)), f"champion {IMAGE}", 300, ["a note"])


def test_the_page_shows_titles_as_text_and_runs_nothing(page: str) -> None:
    read = Page(page)
    read.check()
    assert SCRIPT in read.text
    assert IMAGE in read.text
    assert "a note" in read.text
    assert read.text.count("The label may be wrong") == 6
    assert "Plot of The keeper, part 50" in read.text


@pytest.fixture(scope="module")
def tab(page: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """The page in a browser."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium: apt-get install chromium")
    file = tmp_path_factory.mktemp("page") / "errors.html"
    file.write_text(page, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"])
        opened = browser.new_page(viewport={"width": 900, "height": 900})
        opened.goto(Path(file).as_uri())
        yield opened
        browser.close()


def choose(tab: Tab, **wanted: str) -> list[str]:
    """Set the filters and return the titles that are shown."""
    for name in ("genre", "type", "kind", "label"):
        tab.select_option(f"#{name}", label=wanted.get(name, "all"))
    return [one.strip() for one in tab.locator(".error:visible h2").all_inner_texts()]


def test_filters_show_what_they_say(tab: Tab, page: str) -> None:
    everything = choose(tab)
    assert len(everything) == page.count("<article")
    westerns = choose(tab, genre="Western", kind="a listed genre is missed")
    assert len(westerns) == 3
    doubted = choose(tab, label="may be wrong")
    assert doubted == westerns
    films, shows = choose(tab, type="films"), choose(tab, type="TV shows")
    assert sorted(films + shows) == sorted(everything)
    assert all("TV show" in one for one in shows)
    assert shows
    assert choose(tab, genre="Western", kind="a genre is added that isn't listed", label="no other source contradicts it") == [
        one for one in choose(tab, genre="Western") if one not in doubted
    ]
    assert choose(tab, genre="Music", label="may be wrong") == []


def test_axe_finds_nothing_on_the_page(tab: Tab) -> None:
    choose(tab)
    found = Axe().run(tab).response["violations"]
    assert [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found] == []
