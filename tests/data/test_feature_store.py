"""The feature store: joins see what was known at a moment and nothing of what came later, and the store holds what it was given, whole."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import pandas as pd
import pytest

from tests.data.feature_samples import DAY, NOW, TODAY, fill_store, frame_reviews, frame_trends, make_figures, make_review, make_titles, make_trend
from tests.s3 import serve_s3
from trending.errors import NotFoundError, UsageError
from trending.features.store.config import configure, locate_store
from trending.features.store.feast_library import import_feast
from trending.features.store.repository import FeatureRepository
from trending.features.store.schema import TEXT, TREND_PARTS
from trending.features.store.services import register_service
from trending.features.store.snapshot import join_snapshot, read_moment, write_snapshot
from trending.features.store.tables import build_tables
from trending.insights.scorer import ReviewScorer
from trending.settings import load_settings
from trending.trends import score_titles
from trending.trends.signals import Signal, frame_signals

ROOT = Path(__file__).resolve().parents[2]


def test_a_review_of_tomorrow_is_not_seen_today() -> None:
    titles = make_titles(3)
    first, second, third = titles["title_id"]
    reviews = frame_reviews(make_review(first, TODAY - DAY, rating=4.0), make_review(first, TODAY + DAY, rating=10.0), make_review(second, TODAY + DAY))
    repository = fill_store(titles, reviews=reviews)
    today, later = (
        repository.join([first, second, third], moment, ["review_stats:review_count", "review_stats:review_rating"]) for moment in (NOW, NOW + 2 * DAY)
    )
    assert today["review_count"].tolist() == [1, 0, 0]
    assert later["review_count"].tolist() == [2, 1, 0]
    assert (today["review_rating"][0], later["review_rating"][0]) == (4.0, 7.0)
    # One written today may not be known before the day is over.
    assert fill_store(titles, reviews=frame_reviews(make_review(first, TODAY))).join([first], NOW, ["review_stats:review_count"])["review_count"].tolist() == [
        0
    ]


def test_a_trend_of_tomorrow_is_not_seen_today() -> None:
    titles = make_titles(2)
    first, second = titles["title_id"]
    trends = frame_trends(make_trend(first, TODAY, rank=2), make_trend(first, TODAY + DAY, rank=1), make_trend(second, TODAY + DAY, rank=2))
    repository = fill_store(titles, trends=trends)
    today, tomorrow = (repository.join([first, second], moment, ["trend_stats:trend_rank"])["trend_rank"] for moment in (NOW, NOW + DAY))
    assert today.isna().tolist() == [False, True]
    assert (today[0], tomorrow.tolist()) == (2, [1, 2])


def test_what_is_no_longer_scored_is_no_longer_trending() -> None:
    """The last row before a moment holds, so leaving the charts has to be one."""
    titles = make_titles(2)
    first, second = titles["title_id"]
    week = dt.timedelta(weeks=1)
    trends = frame_trends(
        make_trend(first, TODAY - week), make_trend(first, TODAY - 2 * week), make_trend(second, TODAY - 2 * week, rank=2), make_trend(second, TODAY)
    )
    repository = fill_store(titles, trends=trends)
    seen = [
        repository.join([first, second], NOW - days, ["trend_stats:trend_rank"])["trend_rank"].notna().tolist() for days in (2 * week, week, dt.timedelta(0))
    ]
    assert seen == [[True, True], [True, False], [False, True]]


def test_a_title_has_no_features_before_it_is_known_and_stays_in_the_join() -> None:
    titles = make_titles(3)
    repository = fill_store(titles, known_at=NOW - DAY, reviews=frame_reviews(make_review(titles["title_id"][1], TODAY - 9 * DAY)))
    asked = [*reversed(titles["title_id"].tolist()), "made:unknown"]
    before, after = (repository.join(asked, moment, ["title_facts:type", "review_stats:review_count"]) for moment in (NOW - 2 * DAY, NOW))
    assert before["title_id"].tolist() == asked
    assert before["type"].tolist() == [None] * 4
    assert before["review_count"].fillna(-1).tolist() == [0, 1, 0, -1]
    assert after["type"].tolist() == [*reversed(titles["type"].tolist()), None]


def test_figures_of_reviews_are_those_of_all_that_were_known() -> None:
    titles = make_titles(40)
    reviews, _ = make_figures(titles)
    repository, scorer = fill_store(titles, reviews=reviews), ReviewScorer.load()
    for days in (0, 100, 450):
        moment = NOW - DAY * days
        # Undated ones are known since the titles are.
        known = reviews[(pd.to_datetime(reviews["review_date"], utc=True) + DAY <= moment) | reviews["review_date"].isna()]
        joined = repository.join(titles["title_id"].tolist(), moment).set_index("title_id")
        for title_id, rows in known.groupby("title_id"):
            found = joined.loc[title_id]
            assert found["review_count"] == len(rows)
            assert found["review_rating"] == pytest.approx(rows["rating"].dropna().mean(), nan_ok=True)
            assert found["review_sentiment"] == pytest.approx(fmean(scorer.score_all(rows["text"])))
        assert (joined["review_count"] > 0).sum() == known["title_id"].nunique()


def test_what_is_said_of_a_work_holds_for_all_its_titles() -> None:
    titles = make_titles(3)
    first, second, third = titles["title_id"]
    works = pd.DataFrame({"title_id": [first, second, third], "work_id": ["w1", "w1", "w2"]})
    reviews = frame_reviews(make_review(first, TODAY - 9 * DAY, rating=2.0), make_review(second, TODAY - 8 * DAY, 1, rating=4.0, language="de"))
    joined = fill_store(titles, reviews=reviews, works=works, trends=frame_trends(make_trend("w1", TODAY))).join([first, second, third], NOW)
    assert joined["review_count"].tolist() == [2, 2, 0]
    assert joined["review_rating"].fillna(0).tolist() == [3.0, 3.0, 0.0]
    # The scorer reads English: what it makes of the German one doesn't count.
    assert joined["review_sentiment"][1] == ReviewScorer.load().score(reviews["text"][0])
    assert joined["trend_rank"].notna().tolist() == [True, True, False]


def test_every_part_of_a_trending_score_has_its_feature() -> None:
    signal = Signal(title_key="one", source="tests", kind="views", value=10, period_start=TODAY - 7 * DAY)
    (scored,) = score_titles(frame_signals([signal]), TODAY)
    assert tuple(part.name for part in scored.parts) == TREND_PARTS


def test_the_same_data_leave_the_store_alone_and_a_killed_run_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    import_feast()
    from feast.infra.online_stores.sqlite import SqliteOnlineStore

    titles = make_titles(20)
    reviews, trends = make_figures(titles)
    built = build_tables(titles, NOW, reviews=reviews, trends=trends)
    repository = fill_store(titles)
    assert repository.materialize(built, NOW, "one")
    assert (repository.is_current("one"), repository.is_current("two")) == (True, False)
    assert not repository.materialize(build_tables(titles, NOW, reviews=reviews.sample(frac=1, random_state=1), trends=trends), NOW, "two")
    assert repository.is_current("two")
    other = build_tables(titles, NOW, reviews=reviews[:5])
    with monkeypatch.context() as patch:
        # What Feast doesn't catch either: it leaves its views marked as being materialised.
        patch.setattr(SqliteOnlineStore, "online_write_batch", _die)
        with pytest.raises(KeyboardInterrupt):
            repository.materialize(other, NOW, "three")
    repository = FeatureRepository(repository.url)
    assert repository.state() is None
    with pytest.raises(NotFoundError, match="nothing is materialised"):
        repository.views()
    assert repository.materialize(other, NOW, "three")
    assert repository.look_up(titles["title_id"].tolist())["review_count"].sum() == 5


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_only_new_plots_are_embedded_and_without_an_encoder_there_are_no_vectors(encoder: Path | None, encoder_cache: list[Path]) -> None:
    if encoder is None:
        pytest.skip("the encoder's weights are not installed")
    shutil.copytree(encoder_cache[0], load_settings().cache_dir / "encoders")
    titles = make_titles(12)
    cache = load_settings().cache_dir / "vectors"
    assert build_tables(titles, NOW, encoder=encoder, cache=cache).embedded == 12
    assert build_tables(titles, NOW, encoder=encoder, cache=cache).embedded == 0
    changed = titles.assign(plot=titles["plot"].where(titles.index != 3, "Something else happens on the island."))
    assert build_tables(changed, NOW, encoder=encoder, cache=cache).embedded == 1
    repository = fill_store(titles, encoder=encoder)
    assert TEXT in repository.views()
    assert repository.join(["made:00003"], NOW, ["title_text:embedding"])["embedding"][0].shape == (384,)
    fill_store(titles)
    assert TEXT not in FeatureRepository(repository.url).views()
    with pytest.raises(NotFoundError, match="title_text"):
        FeatureRepository(repository.url).look_up(["made:00003"], ["title_text:embedding"])


def test_a_service_names_what_a_version_of_a_model_reads() -> None:
    repository = fill_store(make_titles(3))
    name = register_service(repository, "tfidf_logreg", "2026.11.28-ab12", "described")
    assert name == "genres_tfidf_logreg_2026_11_28_ab12"
    service = FeatureRepository(repository.url).feast.get_feature_service(name)
    named = {projection.name: [feature.name for feature in projection.features] for projection in service.feature_view_projections}
    assert named == {"title_plot": ["text"], "title_facts": ["type", "decade"], "free_text": ["free_masked", "free_facts"]}
    assert register_service(repository, "tfidf_logreg", "2026.11.28-ab12", "described") == name
    with pytest.raises(UsageError, match="reads vectors, and the store has none"):
        register_service(repository, "xgboost", "1", "described", embedded=True)


def test_a_run_s_tables_are_joined_wherever_they_are_taken(tmp_path: Path) -> None:
    titles = make_titles(30)
    reviews, trends = make_figures(titles)
    built = build_tables(titles, NOW, reviews=reviews, trends=trends)
    write_snapshot(built, tmp_path / "made")
    shutil.move(tmp_path / "made", tmp_path / "elsewhere")
    ids = titles["title_id"].tolist()[::-1]
    joined = join_snapshot(tmp_path / "elsewhere", ids, read_moment(TODAY.isoformat()))
    pd.testing.assert_frame_equal(joined, fill_store(titles, known_at=NOW, reviews=reviews, trends=trends).join(ids, NOW), check_dtype=False)
    assert joined["decade"].dtype == "float64"
    assert not list(tmp_path.glob("*.db"))


def test_nothing_is_said_or_asked_of_a_network_torch_stays_out_and_feast_is_as_written(tmp_path: Path) -> None:
    """Steps run in the process that trains xgboost, and commands print JSON; rewriting Feast's classes would take three seconds of each run."""
    code = """
import socket, sys
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = lambda *_: 1 / 0
from tests.data.feature_samples import NOW, fill_store, make_titles
titles = make_titles(5)
repository = fill_store(titles)
repository.join(titles["title_id"].tolist(), NOW)
repository.look_up(titles["title_id"].tolist())
assert "feast" in sys.modules and "torch" not in sys.modules
import feast, os, typeguard
from prometheus_client.values import MutexValue, ValueClass
assert "typeguard" not in feast.FeatureView.__init__.__code__.co_names  # which is what it writes into what it rewrites
assert typeguard.typechecked.__module__.startswith("typeguard")
assert not [name for name in os.environ if name.startswith("PROMETHEUS_")] and ValueClass is MutexValue  # a server started by this process would be of several
"""
    environment = {"PATH": "", "TRENDING_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=600, check=False)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_places_that_cannot_hold_features_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert locate_store("local", tmp_path) == locate_store("", tmp_path) == str(tmp_path / "features")
    assert locate_store("s3://bucket/features/", tmp_path) == "s3://bucket/features"
    with pytest.raises(UsageError, match="TRENDING_FEATURE_STORE"):
        locate_store("gs://bucket", tmp_path)
    with pytest.raises(UsageError, match="as_of"):
        read_moment("yesterday")
    pytest.importorskip("boto3", reason="boto3 is not installed")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="AWS_DEFAULT_REGION"):
        configure("s3://bucket/features")


@pytest.mark.slow
def test_feast_s_own_command_line_shows_the_store() -> None:
    titles = make_titles(3)
    repository = fill_store(titles, reviews=frame_reviews(make_review(titles["title_id"][1], TODAY - DAY)))
    register_service(repository, "tfidf_logreg", "1", "masked")

    def run(*arguments: str) -> str:
        command = [str(Path(sys.executable).with_name("feast")), "-c", repository.url, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=600, check=True).stdout

    # What is registered is what the folder's own definitions say.
    assert "Deleted" not in run("apply")
    assert {"title_facts", "title_plot", "review_stats", "trend_stats", "free_text"} <= set(run("feature-views", "list").split())
    assert "title_plot:text" in run("feature-services", "list")
    assert '"review_count": [\n        1\n' in run("get-online-features", "-e", f"title_id={titles['title_id'][1]}", "-f", "review_stats:review_count")


@pytest.fixture
def bucket() -> Iterator[str]:
    """An address in an S3 of this test's own, with a DynamoDB beside it."""
    name = f"feature-{uuid.uuid4().hex[:8]}"
    with serve_s3(name, "eu-central-1"):
        yield f"s3://{name}/some/features"


def test_on_aws_tables_lie_in_s3_and_the_last_rows_in_dynamodb(bucket: str) -> None:
    import boto3

    name = bucket.split("/")[2]
    titles = make_titles(30)
    first = titles["title_id"][0]
    reviews = frame_reviews(make_review(first, TODAY - DAY), make_review(first, TODAY + DAY))
    built = build_tables(titles, NOW - DAY, reviews=reviews, trends=frame_trends(make_trend(first, TODAY)))
    assert FeatureRepository(bucket).materialize(built, NOW, "one")
    repository = FeatureRepository(bucket)
    assert not repository.materialize(built, NOW, "one")
    ids = titles["title_id"].tolist()
    joined = repository.join(ids, NOW)
    assert (joined["review_count"][0], joined["trend_rank"][0]) == (1, 1)
    assert repository.join([first], NOW + 2 * DAY)["review_count"].tolist() == [2]
    pd.testing.assert_frame_equal(joined, repository.look_up(ids))
    assert boto3.client("dynamodb").list_tables()["TableNames"] == [
        f"{name}.trending_now.{view}" for view in ("title_facts", "title_plot", "review_stats", "trend_stats")
    ]
    keys = {item["Key"].removeprefix("some/features/") for item in boto3.client("s3").list_objects_v2(Bucket=name)["Contents"]}
    assert {"registry.db", "feature_store.yaml", "materialized.json", "offline/review_stats.parquet"} <= keys
