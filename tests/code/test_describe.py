"""What a release says of its titles: what insights are made from, which are kept, and in what order they are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.apps.companions import make_reviews, make_trends
from trending.catalogue.content import CatalogueContent, rank_titles
from trending.cleaning.clean import CleaningResult
from trending.cleaning.rights import select_allowed
from trending.genres import GENRE_INDEX
from trending.insights.cache import InsightCache
from trending.insights.maker import InsightMaker
from trending.insights.schema import Insights, Material
from trending.releases.describe import READ_REVIEWS, compose_content, write_insights


class Listening(InsightMaker):
    """The offline maker, which remembers what it was given; every third insights pretend that a model made or failed to make them."""

    def __init__(self, cache: Path) -> None:
        """Remember nothing yet."""
        super().__init__(None, InsightCache(cache))
        self.heard: list[Material] = []

    def make_batch(self, materials: Iterable[Material]) -> Iterator[Insights]:
        """Make them one by one."""
        for number, material in enumerate(materials):
            self.heard.append(material)
            made = self.offline(material)
            changes = ({}, {"maker": "openai/second", "fallback": "openai/first: no answer"}, {"fallback": "no answer in time"})[number % 3]
            yield made.model_copy(update={"provenance": made.provenance.model_copy(update=changes)})


@pytest.fixture
def content(starter: CleaningResult) -> CatalogueContent:
    """Sixty titles; the first is given Horror, and has no plot; works and dates of reviews are partly unknown."""
    titles = starter.titles.head(60).copy()
    titles.loc[0, "plot"] = None
    probabilities = np.zeros((60, 20))
    probabilities[:2, GENRE_INDEX["Horror"]] = 0.9
    splits = titles[["title_id"]].assign(split="train")
    works = titles[["title_id"]].assign(work_id=["same", "same", *titles["title_id"][2:]])
    reviews = make_reviews(titles)
    reviews.loc[0, "review_date"] = None
    return compose_content(titles, splits, probabilities, [0.5] * 20, works=works, reviews=reviews, trends=make_trends(titles))


def test_insights_come_best_known_titles_first(content: CatalogueContent) -> None:
    """So a model's budget is spent on titles that people ask for."""
    found = write_insights(content, InsightMaker.from_settings())
    assert found["title_id"].tolist() == content.titles["title_id"].iloc[rank_titles(content)].tolist()


def test_material_is_all_that_is_known_of_a_title(content: CatalogueContent, tmp_path: Path) -> None:
    maker = Listening(tmp_path / "cache")
    write_insights(content, maker)
    heard = {(one.title, one.year): one for one in maker.heard}
    first, second = (heard[row.title, row.year] for row in content.titles.head(2).itertuples())
    assert first.plot is None
    assert first.predicted_genres == []  # none without a plot
    assert second.predicted_genres == ["Horror"]
    assert second.plot == content.titles["plot"][1]
    assert second.listed_genres == list(content.titles["genres"][1])


def test_rows_of_a_work_share_their_reviews_newest_first_undated_last(content: CatalogueContent, tmp_path: Path) -> None:
    maker = Listening(tmp_path / "cache")
    write_insights(content, maker)
    heard = {(one.title, one.year): one for one in maker.heard}
    first, second = (heard[row.title, row.year] for row in content.titles.head(2).itertuples())
    assert first.reviews == second.reviews
    days = content.reviews.set_index("review_id")["review_date"]
    given = [days[one.review_id] for one in first.reviews]
    assert len(given) == (content.reviews["title_id"].isin(content.titles["title_id"].head(2))).sum() <= READ_REVIEWS
    assert given[-1] is None
    assert given[:-1] == sorted(given[:-1], reverse=True)


def test_only_what_could_not_be_made_again_at_once_is_kept(content: CatalogueContent, tmp_path: Path) -> None:
    """Made by a model, or from reviews; not what a model was asked for and rules made in its stead, for that is to be tried again."""
    found = write_insights(replace(content, reviews=None), Listening(tmp_path / "cache"))
    kept = found["document"].notna().tolist()
    assert kept == [number % 3 == 1 for number in range(60)]
    offline = write_insights(content, InsightMaker.from_settings())
    reviewed = set(content.reviews["title_id"]) | set(content.titles["title_id"].head(2))
    assert set(offline["title_id"][offline["document"].notna()]) == reviewed


def test_rights_decide_what_is_shown(starter: CleaningResult) -> None:
    titles = starter.titles.head(6).assign(rights_class=["open_project", "tmdb_restricted", "unclear", "open_tmdb_derived", "open_x", "imdb_restricted"])
    assert select_allowed(titles).index.tolist() == [0, 1, 2]
    assert select_allowed(titles)["rights_class"].tolist() == ["open_project", "unclear", "open_x"]
    assert len(select_allowed(titles.head(0))) == 0
