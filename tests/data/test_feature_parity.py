"""Parity: what training joins offline, what is looked up online, and what is made of a pasted plot are the same values."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.data.feature_samples import DAY, NOW, fill_store, make_figures, make_titles
from trending.cleaning.text import repair_text
from trending.features.examples import build_examples
from trending.features.facts import write_facts
from trending.features.store.parity import measure_parity, measure_text_parity, paste
from trending.features.store.repository import FeatureRepository
from trending.features.store.schema import FREE_VIEWS, VIEWS, name_features
from trending.models.base import build_model
from trending.models.calibration import Calibrator
from trending.models.predictor import Predictor
from trending.settings import load_settings

NUMBER = 1_000
MESSY = (
    "<p>A  comedy&nbsp;about &amp;amp; for a family</p>",
    "CafÃ© society\u200b meets a sci-\nfi crime; action-packed!",
    "\u202eIt\u2019s a war <script>alert(1)</script> drama \ud83d",
    "documentary",
    "",
)


@dataclass(frozen=True)
class Filled:
    """A store of made-up titles, its home, and what it was filled with."""

    home: Path
    repository: FeatureRepository
    titles: pd.DataFrame


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, encoder: Path | None, encoder_cache: list[Path]) -> Iterator[Filled]:
    """A store of 1,000 titles, with vectors where the encoder's weights are installed."""
    home = tmp_path_factory.mktemp("features")
    for folder in encoder_cache[:1]:
        shutil.copytree(folder, home / "cache" / folder.name)
    titles = make_titles(NUMBER)
    reviews, trends = make_figures(titles)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRENDING_HOME", str(home))
        load_settings.cache_clear()
        yield Filled(home, fill_store(titles, reviews=reviews, trends=trends, encoder=encoder), titles)
    load_settings.cache_clear()


@pytest.fixture
def filled(made: Filled, monkeypatch: pytest.MonkeyPatch) -> Filled:
    """The store, under the home that the settings name."""
    monkeypatch.setenv("TRENDING_HOME", str(made.home))
    load_settings.cache_clear()
    return made


def make_predictor(kind: str) -> Predictor:
    """Return what serving prepares texts with, for a kind of model."""
    return Predictor(build_model(kind), Calibrator(np.ones(20), np.zeros(20)), np.full(20, 0.5))


def test_offline_and_online_features_of_a_thousand_titles_are_equal(filled: Filled, encoder: Path | None) -> None:
    shares = measure_parity(filled.repository, filled.titles["title_id"].tolist(), NOW)
    views = [view for view in VIEWS if encoder or view != "title_text"]
    assert shares == dict.fromkeys([name for view in views for name in name_features(view)], 0.0)
    # Equal because both are there, not because neither is.
    online = filled.repository.look_up(filled.titles["title_id"].tolist())
    assert (online.notna().sum() > NUMBER // 30).all()


def test_a_pasted_plot_is_what_training_had_of_it(filled: Filled, encoder: Path | None) -> None:
    shares = measure_text_parity(filled.repository, filled.titles.dropna(subset=["plot"])[:200], NOW)
    views = [view for view in FREE_VIEWS if encoder or view == "free_text"]
    assert shares == dict.fromkeys([f"{view}:{feature}" for view in views for feature in FREE_VIEWS[view]], 0.0)


def test_a_pasted_plot_is_prepared_as_serving_prepares_it(filled: Filled) -> None:
    texts = [*MESSY, *filled.titles["plot"].dropna()[:50]]
    asked = pd.DataFrame(
        {"free_plot": texts, "free_type": ["tv", None, "movie", None, None, *["tv"] * 50], "free_year": [1994, None, None, 2020, None, *[1951] * 50]}
    )
    answered = paste(filled.repository, asked)
    masked, described = make_predictor("majority"), make_predictor("bert")
    assert (masked.model.reads, described.model.reads) == ("masked", "described")
    assert answered["free_masked"].tolist() == [masked.prepare(text) for text in texts]
    facts = [write_facts(kind, year) for kind, year in zip(asked["free_type"], asked["free_year"], strict=True)]
    prepared = [described.prepare(text, fact) for text, fact in zip(texts, facts, strict=True)]
    assert (answered["free_facts"] + answered["free_masked"]).tolist() == prepared
    assert answered["free_facts"][:5].tolist() == ["TV show, 1990s: ", "", "Film: ", "Title, 2020s: ", ""]


def test_the_store_tells_training_what_it_would_read_without(filled: Filled) -> None:
    """Facts made of joined features are those made of the titles themselves, and plots are masked alike."""
    titles = filled.titles.dropna(subset=["plot"])
    missing = dict.fromkeys(("group_id", "title", "country", "popularity", "votes", "source", "genres"))
    examples = build_examples(titles.assign(**missing), titles[["title_id"]].assign(split="train"))
    joined = filled.repository.join(titles["title_id"].tolist(), NOW, ["title_plot:text", "title_facts:type", "title_facts:decade"])
    assert joined["text"].tolist() == examples["text"].tolist()
    assert joined["decade"].fillna(-1).tolist() == (titles["year"] // 10 * 10).fillna(-1).tolist()
    assert [write_facts(kind, year) for kind, year in zip(joined["type"], joined["decade"].astype("float64"), strict=True)] == examples["facts"].tolist()


def test_a_value_that_differs_is_counted_and_one_that_rounds_is_not(filled: Filled) -> None:
    """Online rows are changed as a bad deployment would: past the offline store."""
    titles = filled.titles["title_id"].tolist()[:40]
    view = filled.repository.feast.get_feature_view("review_stats")
    before = filled.repository.look_up(titles, name_features("review_stats"))
    rated = before.dropna(subset=["review_rating"])[:4]
    try:
        moved = [1e-7, 1e-7, 1e-5, 1e-5]
        changed = rated.assign(review_rating=rated["review_rating"] + moved, review_count=rated["review_count"] + [0, 0, 0, 1])
        _write(filled.repository, view.name, changed)
        shares = measure_parity(filled.repository, titles, NOW)
    finally:
        _write(filled.repository, view.name, rated)
    assert {name: share for name, share in shares.items() if share} == {"review_stats:review_count": 1 / 40, "review_stats:review_rating": 2 / 40}


def _write(repository: FeatureRepository, view: str, rows: pd.DataFrame) -> None:
    repository.feast.write_to_online_store(view, rows.assign(event_timestamp=NOW))


def test_online_follows_the_moment_back_and_forth(filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store brought to an earlier moment shows what was known then, not what was written last."""
    monkeypatch.setenv("TRENDING_HOME", str(tmp_path))
    load_settings.cache_clear()
    titles = filled.titles[:200]
    reviews, trends = make_figures(titles)
    ids = titles["title_id"].tolist()
    for moment in (NOW, NOW - 300 * DAY, NOW - 10 * DAY):
        repository = fill_store(titles, as_of=moment, reviews=reviews, trends=trends)
        assert not any(measure_parity(repository, ids, moment).values())
    assert repository.look_up(ids)["review_count"].sum() < len(reviews)


@pytest.mark.slow
def test_parity_on_real_titles_reviews_and_trends(shared_data: Path, encoder: Path | None, encoder_cache: list[Path]) -> None:
    for folder in encoder_cache[:1]:
        shutil.copytree(folder, load_settings().cache_dir / folder.name)
    reviews = pd.read_parquet(shared_data / "reviews.parquet").assign(language=None)
    titles = pd.read_parquet(shared_data / "titles.parquet").dropna(subset=["plot"])
    titles = titles.assign(plot=[repair_text(plot) for plot in titles["plot"]])
    # Reviews are of groups: those of a group count for its first title.
    first = titles.drop_duplicates("group_id").set_index("group_id")["title_id"]
    reviews = reviews.assign(title_id=reviews["group_id"].map(first)).dropna(subset=["title_id"])
    chosen = pd.concat([titles[titles["title_id"].isin(reviews["title_id"])][: NUMBER // 2], titles.sample(NUMBER, random_state=1)]).drop_duplicates(
        "title_id"
    )[:NUMBER]
    assert len(chosen) == NUMBER
    _, trends = make_figures(chosen)
    repository = fill_store(chosen, reviews=reviews, trends=trends, encoder=encoder)
    ids = chosen["title_id"].tolist()
    assert not any(measure_parity(repository, ids, NOW).values())
    assert not any(measure_text_parity(repository, chosen, NOW).values())
    assert (repository.look_up(ids)["review_count"] > 0).sum() > 100
    prepare = make_predictor("majority").prepare
    plots = pd.read_parquet(shared_data / "titles.parquet").set_index("title_id").loc[ids[:300], "plot"].tolist()
    assert paste(repository, pd.DataFrame({"free_plot": plots, "free_type": None, "free_year": None}))["free_masked"].tolist() == [
        prepare(plot) for plot in plots
    ]
