"""What is trending, reviews, similar titles, and works that several sources list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest

from tests.apps.catalogue_samples import make_content, make_random_records, make_reviews, make_trends, open_catalogue
from trending.catalogue import Catalogue, Filters
from trending.catalogue.content import CatalogueContent, find_works, rank_titles
from trending.embeddings import VectorIndex
from trending.insights.schema import Insights, Provenance

LAST = dt.date(2026, 11, 16)
_A, _B, _C, _D = "test:0", "test:1", "test:2", "test:3"


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """Four titles over five weeks: A rises, B falls out, C is steady, D is only in the oldest week."""
    scores = {_A: [0.0, 1.0, 2.0, 3.0, 6.0], _B: [9.0, 9.0, 5.0, 4.0, None], _C: [2.0, 2.0, 2.0, 2.0, 2.0], _D: [-1.0, None, None, None, None]}
    records = [{"title": name, "genres": ["Drama"] if name in "AC" else ["Comedy"], "type": "tv" if name == "C" else "movie"} for name in "ABCD"]
    catalogue = open_catalogue(tmp_path_factory.mktemp("charts") / "catalogue.sqlite", make_content(records, trends=make_trends(scores, LAST)))
    yield catalogue
    catalogue.close()


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("week", [(_A, 6.0), (_C, 2.0)]),
        # In the last week B counts as that week's last, 2; and in the second to fifth, D as the last of each.
        ("month", [(_B, (9 + 5 + 4 + 2) / 4), (_A, (1 + 2 + 3 + 6) / 4), (_C, 2.0)]),
        ("quarter", [(_B, (9 + 9 + 5 + 4 + 2) / 5), (_A, 12 / 5), (_C, 2.0), (_D, (-1 + 1 + 2 + 2 + 2) / 5)]),
    ],
)
def test_a_windows_score_is_the_mean_of_its_weeks(charts: Catalogue, window: str, expected: list[tuple[str, float]]) -> None:
    """Five weeks are there, so a quarter is the mean of five."""
    page = charts.trending(window)  # type: ignore[arg-type]
    assert [(one.title.title_id, one.score) for one in page.entries] == [(title_id, pytest.approx(score, abs=1e-4)) for title_id, score in expected]
    assert [one.rank for one in page.entries] == list(range(1, len(expected) + 1))
    assert (page.total, page.as_of, page.next_cursor) == (len(expected), LAST, None)


def test_an_entry_says_why_as_of_the_latest_day_and_what_was_before(charts: Catalogue) -> None:
    first, second, _ = charts.trending("month").entries
    assert [(one.name, one.value, one.sentence) for one in second.parts] == [("level", 6.0, "6.0 above the typical title.")]
    assert first.parts == []  # B isn't listed on the latest day
    assert [(LAST - one.as_of).days for one in second.history] == [28, 21, 14, 7, 0]
    assert [one.score for one in first.history] == [9.0, 9.0, 5.0, 4.0]


def test_filters_keep_the_rank_among_all(charts: Catalogue) -> None:
    assert [(one.rank, one.title.title_id) for one in charts.trending("month", Filters(genre=["Drama"])).entries] == [(2, _A), (3, _C)]
    page = charts.trending("week", Filters(type="tv"))
    assert ([(one.rank, one.title.title_id) for one in page.entries], page.total) == ([(2, _C)], 1)


def test_pages_of_a_ranking_follow_one_another(charts: Catalogue) -> None:
    found, cursor = [], None
    for left in (3, 2, 1, 0):
        page = charts.trending("quarter", limit=1, cursor=cursor)
        found += [one.title.title_id for one in page.entries]
        cursor = page.next_cursor
        assert (page.total, cursor is not None) == (4, left > 0)
    assert found == [_B, _A, _C, _D]


def test_a_title_knows_its_place_in_the_week(charts: Catalogue) -> None:
    trend = charts.describe(_C).trend
    assert trend is not None
    assert (trend.rank, trend.score, trend.title.title_id) == (2, 2.0, _C)
    assert charts.describe(_B).trend is None


def test_the_trends_of_a_row_that_may_not_be_shown_are_those_of_its_work(tmp_path: Path) -> None:
    """Trends name the row that speaks for a work in the whole data version; the catalogue may hold another row of it, or none."""
    trends = make_trends({"hidden:1": [3.0], "hidden:2": [2.0]}, LAST).assign(work_id=["w1", "w2"])
    content = make_content([{"title": "Shown"}, {"title": "Untracked"}], trends=trends, works=pd.Series(["w1", "w9"]))
    page = open_catalogue(tmp_path / "catalogue.sqlite", content).trending("week")
    assert [one.title.title for one in page.entries] == ["Shown"]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """A film three sources list, one of them under another name; and another film."""
    records = [
        {
            "title_id": "a:1",
            "source": "a",
            "title": "Money Heist",
            "type": "tv",
            "year": 2017,
            "votes": 10,
            "plot": "A gang prints it.",
            "url": "https://a.example/1",
        },
        {
            "title_id": "b:1",
            "source": "b",
            "title": "La casa de papel",
            "type": "tv",
            "year": 2017,
            "votes": 500,
            "plot": "Robbers in red.",
            "genres": ["Crime"],
        },
        {"title_id": "c:1", "source": "c", "title": "Money Heist", "type": "tv", "year": 2017, "votes": 9_000, "plot": None},
        {"title_id": "a:2", "source": "a", "title": "Money Train", "year": 1995, "votes": 300, "plot": "A train full of money."},
    ]
    reviews = make_reviews(
        [
            {"review_id": "r1", "title_id": "a:1", "review_date": dt.date(2020, 1, 1), "text": "Old."},
            {"review_id": "r2", "title_id": "c:1", "review_date": dt.date(2024, 1, 1), "text": "New.", "rating": 8.0, "headline": "Yes", "language": "en"},
            {"review_id": "r3", "title_id": "b:1", "review_date": None, "text": "Undated."},
            {"review_id": "r4", "title_id": "b:1", "review_date": dt.date(2022, 1, 1), "text": "Everyone dies.", "spoiler": True},
            {"review_id": "r5", "title_id": "nobody:1", "review_date": dt.date(2022, 1, 1), "text": "Of nothing."},
        ]
    )
    content = make_content(records, works=pd.Series(["w1", "w1", "w1", None]), reviews=reviews)
    catalogue = open_catalogue(tmp_path_factory.mktemp("sources") / "catalogue.sqlite", content)
    yield catalogue
    catalogue.close()


def test_a_work_is_shown_once_by_the_row_that_speaks_for_it(sources: Catalogue) -> None:
    """Of those with a plot, the one with the most votes; whichever of its names was typed."""
    for query in ("money heist", "la casa de papel", "papel", "mony heist", "casa pap"):
        assert [card.title_id for card in sources.search(query).cards][:1] == ["b:1"], query
    assert {card.title_id for card in sources.search("money").cards} == {"b:1", "a:2"}
    assert [card.title_id for card in sources.complete_titles("money")] == ["b:1", "a:2"]
    assert [card.title_id for card in sources.search("").cards] == ["b:1", "a:2"]
    assert (sources.count(), sources.search("").total) == (4, 2)


def test_a_title_says_where_else_its_work_is_listed(sources: Catalogue) -> None:
    assert {one.source for one in sources.describe("b:1").also_at} == {"a", "c"}
    assert {one.source for one in sources.describe("a:1").also_at} == {"b", "c"}
    assert sources.describe("a:2").also_at == []
    assert sources.card("a:1").attribution.url == "https://a.example/1"


def test_the_reviews_of_a_work_are_those_of_all_its_rows_newest_first(sources: Catalogue) -> None:
    for title_id in ("a:1", "b:1", "c:1"):
        page = sources.reviews(title_id)
        assert ([one.review_id for one in page.reviews], page.total, page.next_cursor) == (["r2", "r1", "r3"], 3, None)
        assert sources.describe(title_id).reviews == 4
    first = sources.reviews("b:1").reviews[0]
    assert (first.text, first.headline, first.rating, first.date, first.language) == ("New.", "Yes", 8.0, dt.date(2024, 1, 1), "en")
    assert sources.reviews("a:2").total == 0


def test_spoilers_are_shown_only_if_asked_for(sources: Catalogue) -> None:
    assert not any(one.spoiler for one in sources.reviews("b:1").reviews)
    assert [one.review_id for one in sources.reviews("b:1", spoilers=True).reviews] == ["r2", "r4", "r1", "r3"]


@pytest.mark.parametrize("spoilers", [True, False])
def test_pages_of_reviews_follow_one_another(sources: Catalogue, spoilers: bool) -> None:
    whole = [one.review_id for one in sources.reviews("b:1", spoilers=spoilers).reviews]
    found, cursor = [], None
    while True:
        page = sources.reviews("b:1", 1, cursor, spoilers)
        found += [one.review_id for one in page.reviews]
        assert page.total == len(whole)
        if (cursor := page.next_cursor) is None:
            break
    assert found == whole


def test_without_a_matching_same_title_type_and_year_are_one_work() -> None:
    records = [
        {"title": "The Office", "type": "tv", "year": 2005},
        {"title": "Office, The!", "type": "tv", "year": 2005},
        {"title": "the office", "type": "tv", "year": 2005},
        {"title": "The Office", "type": "movie", "year": 2005},
        {"title": "The Office", "type": "tv", "year": 2001},
        {"title": "The Office", "type": "tv"},
        {"title": "The Office", "type": "tv"},
    ]
    works = find_works(make_content(records)).tolist()
    assert works[0] == works[2]
    assert len(set(works)) == 6


def test_stored_insights_are_found_by_every_row_of_a_work(tmp_path: Path) -> None:
    stored = Insights(summary="Made.", provenance=Provenance(maker="test", from_plot=True, from_reviews=1))
    insights = pd.DataFrame({"title_id": ["test:0", "test:1"], "score": [70, None], "tags": [["dark", "mine"], []]})
    insights["document"] = [stored.model_dump_json(), None]
    content = make_content([{"title": "One", "plot": "A plot."}, {"title": "Uno"}], insights=insights, works=pd.Series(["w", "w"]))
    catalogue = open_catalogue(tmp_path / "catalogue.sqlite", content)
    assert catalogue.insights("test:0") == catalogue.insights("test:1") == catalogue.describe("test:1").insights == stored
    card = catalogue.card("test:0")
    assert (card.score, card.tags, catalogue.tags()) == (70, ["dark", "mine"], {"dark": 1, "mine": 1})
    assert catalogue.card("test:1").score is None


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> tuple[CatalogueContent, np.ndarray, Path]:
    """Titles at random, every fifth a second row of the one before, and random vectors for all."""
    records = make_random_records(200, 8)
    works = pd.Series([f"w{number - (number % 5 == 4)}" for number in range(200)])
    vectors = np.random.default_rng(8).normal(size=(200, 384)).astype(np.float32)
    return make_content(records, works=works), vectors / np.linalg.norm(vectors, axis=1, keepdims=True), tmp_path_factory.mktemp("indexed")


@pytest.mark.parametrize("filters", [Filters(), Filters(type="tv"), Filters(min_score=60)])
@pytest.mark.parametrize("with_vectors", [True, False])
def test_similar_titles_fulfil_the_filters_and_are_never_the_same_work(
    indexed: tuple[CatalogueContent, np.ndarray, Path], filters: Filters, with_vectors: bool
) -> None:
    content, vectors, folder = indexed
    index, path = folder / "vectors.usearch", folder / "catalogue.sqlite"
    if not path.exists():
        VectorIndex.build(vectors[rank_titles(content)], index)
        open_catalogue(path, content).close()
    catalogue = Catalogue(path, VectorIndex.open(index) if with_vectors else None)
    work_of = dict(zip(content.titles["title_id"], content.works, strict=True))  # type: ignore[arg-type]
    for title_id in ("test:3", "test:4", "test:120"):
        found = catalogue.similar(title_id, 10, filters)
        works = [work_of[one.title.title_id] for one in found]
        assert len(found) == 10 if with_vectors else found
        assert len({*works, work_of[title_id]}) == len(found) + 1
        assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)
        assert all(filters.type in {None, one.title.type} for one in found)
        assert all(filters.min_score is None or (one.title.score or 0) >= filters.min_score for one in found)
        own = catalogue.card(title_id)
        for one in found:
            named = [genre for genre in one.title.genres if genre in own.genres]
            assert all(genre in one.why for genre in named)
            assert all(tag in one.why for tag in one.title.tags if tag in own.tags)
            assert one.why.endswith(".")


def test_the_most_similar_title_is_the_one_with_the_nearest_vector(indexed: tuple[CatalogueContent, np.ndarray, Path], tmp_path: Path) -> None:
    content, vectors, _ = indexed
    VectorIndex.build(vectors[rank_titles(content)], tmp_path / "vectors.usearch")
    catalogue = open_catalogue(tmp_path / "catalogue.sqlite", content, VectorIndex.open(tmp_path / "vectors.usearch"))
    works = find_works(content)
    cosines = vectors @ vectors[7]
    cosines[works == works[7]] = -1
    best = catalogue.similar("test:7", 1)[0]
    assert works[content.titles["title_id"].tolist().index(best.title.title_id)] == works[int(cosines.argmax())]
    assert best.similarity == pytest.approx(float(cosines.max()), abs=0.02)


def test_without_vectors_shared_rare_words_and_genres_make_titles_similar(tmp_path: Path) -> None:
    records = [
        {"title": "Heist", "plot": "A safecracker drills a vault in Antwerp.", "genres": ["Crime"], "tags": ["tense"]},
        {"title": "Vault", "plot": "The safecracker retires to Antwerp.", "genres": ["Crime"], "tags": ["tense"]},
        {"title": "Farce", "plot": "A baker loses a hat.", "genres": ["Comedy"]},
        {"title": "Court", "plot": "A judge loses a case.", "genres": ["Crime"]},
        *({"title": f"Filler {number}", "plot": "Nothing of the kind happens here.", "genres": ["Drama"]} for number in range(30)),
    ]
    found = open_catalogue(tmp_path / "catalogue.sqlite", make_content(records)).similar("test:0", 2)
    assert [one.title.title for one in found] == ["Vault", "Court"]
    assert found[0].why == "Both are Crime. Both feel tense. Both speak of antwerp, safecracker and vault."


def test_filters_that_few_neighbours_pass_still_find_similar_titles(tmp_path: Path) -> None:
    """The only Westerns are the farthest of all."""
    count = 2_000
    angles = np.linspace(0, np.pi / 2, count)
    vectors = np.zeros((count, 384), dtype=np.float32)
    vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
    content = make_content([{"title": f"T{number}", "genres": ["Western" if number >= count - 5 else "Drama"]} for number in range(count)])
    VectorIndex.build(vectors[rank_titles(content)], tmp_path / "vectors.usearch")
    catalogue = open_catalogue(tmp_path / "catalogue.sqlite", content, VectorIndex.open(tmp_path / "vectors.usearch"))
    assert {one.title.title for one in catalogue.similar("test:0", 3, Filters(genre=["Western"]))} <= {f"T{number}" for number in range(count - 5, count)}
    assert len(catalogue.similar("test:0", 3, Filters(genre=["Western"]))) == 3


def test_a_filter_that_nothing_passes_ends_before_the_largest_index_does(tmp_path: Path) -> None:
    """Neighbours are asked for in growing numbers, but never in more than SQLite takes as parameters, however many titles there are."""
    content = make_content([{"title": f"T{number}", "genres": ["Drama"]} for number in range(50)])
    asked: list[int] = []

    class Endless:
        def __len__(self) -> int:
            return 1_000_000

        def vector(self, row: int) -> np.ndarray:
            return np.zeros(384, dtype=np.float32)

        def search(self, vector: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
            asked.append(count)
            return np.arange(50), np.linspace(1, 0, 50)

    catalogue = open_catalogue(tmp_path / "catalogue.sqlite", content, cast("VectorIndex", Endless()))
    assert catalogue.similar("test:0", 3, Filters(genre=["Western"])) == []
    assert asked == sorted(asked)
    assert asked[-1] == 32_000
