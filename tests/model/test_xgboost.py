"""XGBoost beyond the common contract: what its trees read, with and without facts and weights, and what its evidence adds up to."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from trending.embeddings.encoder import TextEncoder
from trending.embeddings.store import embed_texts
from trending.embeddings.weights import find_weights
from trending.features.examples import Part, select_part
from trending.features.facts import split_facts, write_facts
from trending.features.labels import FloatMatrix, IntMatrix
from trending.genres import GENRE_INDEX, GENRES
from trending.models.base import load_model
from trending.models.fit_probes import deal_folds, fit_reader
from trending.models.fit_terms import fit_terms
from trending.models.fitting import fit_model
from trending.models.meaning import PlotEncoder
from trending.models.xgb import XGBoostModel
from trending.processes import child_environment
from trending.settings import load_settings

PLOT = "A sheriff chases an outlaw across the frontier, where a stagecoach is robbed and a detective investigates the murder of a rancher."
QUICK = {"n_estimators": 15, "max_features": 2_000}
needs_weights = pytest.mark.skipif(find_weights("auto") is None, reason="the encoder's weights are not installed")


@pytest.fixture(scope="module")
def model(examples: pd.DataFrame, encoder_cache: list[Path], tmp_path_factory: pytest.TempPathFactory) -> XGBoostModel:
    """Fitted on the starter catalogue, with an encoder if there is one."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRENDING_HOME", str(home))
        load_settings.cache_clear()
        link_cache(encoder_cache)
        fitted, _ = fit_model("xgboost", {**QUICK, "learning_rate": 0.2}, examples, 17)
    load_settings.cache_clear()
    return cast("XGBoostModel", fitted)


def link_cache(folders: list[Path]) -> None:
    """Let the cache folder hold what pytest's cache does."""
    cache = load_settings().cache_dir
    cache.mkdir(parents=True)
    for folder in folders:
        (cache / folder.name).symlink_to(folder)


@pytest.fixture
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no encoder."""
    monkeypatch.setenv("TRENDING_ENCODER", "none")
    load_settings.cache_clear()


@pytest.fixture
def described(examples: pd.DataFrame) -> Part:
    """Some training titles with their facts."""
    return select_part(examples[examples["split"] == "train"].head(400), "train", "described")


def precision(labels: IntMatrix, scores: FloatMatrix) -> float:
    present = labels.any(axis=0)
    return float(average_precision_score(labels[:, present], scores[:, present], average="macro"))


def test_a_text_scores_the_same_to_the_last_bit_whatever_it_is_asked_with(model: XGBoostModel, examples: pd.DataFrame) -> None:
    texts = select_part(examples, "test", "described").texts[:40]
    together = model.predict_proba(texts).astype(np.float32)
    shuffled = model.predict_proba(texts[::-1]).astype(np.float32)[::-1]
    model.reader.read.cache_clear()  # type: ignore[attr-defined]
    alone = np.vstack([model.predict_proba([text]) for text in texts]).astype(np.float32)
    np.testing.assert_array_equal(together, shuffled)
    np.testing.assert_array_equal(together, alone)


def test_facts_count_and_may_be_missing(model: XGBoostModel, examples: pd.DataFrame) -> None:
    """Someone who pastes a plot need not know its year, and gets nearly as good an answer."""
    assert not np.array_equal(model.predict_proba([write_facts("tv", 2015) + PLOT]), model.predict_proba([write_facts("movie", 1950) + PLOT]))
    known, plain = (select_part(examples, "test", text) for text in ("described", "masked"))
    scores = {text: precision(part.labels, model.predict_proba(part.texts)) for text, part in (("described", known), ("masked", plain))}
    assert scores["masked"] > scores["described"] - 0.04
    assert scores["masked"] > 2 * known.labels.mean()


@pytest.mark.usefixtures("no_weights")
def test_some_titles_are_learnt_from_as_if_only_their_plot_were_known(described: Part) -> None:
    params = {**XGBoostModel.defaults(), "facts_dropped": 0.4}
    _, matrix = fit_reader(described.texts, described.labels, params, 3)
    unknown = np.isnan(matrix[:, -3:])
    assert 0.3 < unknown[:, 0].mean() < 0.5
    np.testing.assert_array_equal(unknown[:, 0], unknown[:, 1])
    assert not unknown[:, 2].any()  # a plot's length is known with the plot


@pytest.mark.usefixtures("no_weights")
def test_what_trees_learn_from_does_not_know_the_labels(described: Part) -> None:
    """Labels drawn by chance can't be read out of fold; a probe that has seen them reads them all."""
    labels = (np.random.default_rng(2).random(described.labels.shape) < 0.3).astype(np.int8)
    reader, matrix = fit_reader(described.texts, labels, XGBoostModel.defaults(), 3)
    seen = reader.read_all(described.texts)
    assert abs(roc_auc_score(labels.ravel(), matrix[:, : len(GENRES)].ravel()) - 0.5) < 0.03
    assert roc_auc_score(labels.ravel(), seen[:, : len(GENRES)].ravel()) > 0.95


def test_copies_of_a_plot_lie_in_one_fold(described: Part) -> None:
    plots = [split_facts(text)[1] for text in described.texts]
    retold = [f"{plot} In cinemas now." for plot in plots[:40]]
    _, matrix = fit_terms([*plots, *retold], 120_000, 1, 2)
    folds = deal_folds(matrix, np.random.default_rng(1))
    np.testing.assert_array_equal(folds[:40], folds[len(plots) :])
    assert sorted(set(folds.tolist())) == [0, 1, 2, 3, 4]
    assert np.bincount(folds).min() > len(folds) / 8


def test_what_a_probe_adds_is_shared_out_among_the_words_that_drew_it_there(model: XGBoostModel) -> None:
    western = GENRE_INDEX["Western"]
    reading = model.reader.read(PLOT)
    assert reading.features[western] > model.reader.probes.usual[western]
    added = np.zeros(len(GENRES), dtype=np.float32)
    added[western] = 2.0
    shares = model.reader.share_out(reading, added)
    assert shares.sum() == pytest.approx(2.0, rel=1e-5)
    assert (shares >= 0).all()
    weights = model.reader.probes.words[reading.row[0], western]
    assert (weights[shares > 0] > 0).all()
    strongest = model.reader.terms.names[reading.row[0][int(shares.argmax())]]
    assert {"sheriff", "outlaw", "stagecoach", "frontier", "rancher"} & set(strongest.split())
    below = int(np.argmin(reading.features[: len(GENRES)] - model.reader.probes.usual))
    against = model.reader.share_out(reading, np.eye(len(GENRES), dtype=np.float32)[below])
    assert against.sum() == pytest.approx(1.0, rel=1e-5)
    assert (model.reader.probes.words[reading.row[0], below][against > 0] < 0).all()


@needs_weights
def test_serving_gets_the_very_vectors_that_training_got(encoder: Path, tmp_path: Path, examples: pd.DataFrame) -> None:
    plots = [*examples["text"].head(20), "", "\U0001f9df", "sheriff " * 500]
    kept = embed_texts(TextEncoder.load(encoder), plots, tmp_path / "vectors.sqlite").vectors
    served = PlotEncoder.load(encoder)
    np.testing.assert_array_equal(np.stack([served.encode(plot) for plot in plots]), kept)


@needs_weights
def test_plots_are_embedded_once(described: Part, encoder_cache: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    link_cache(encoder_cache)
    XGBoostModel(**QUICK).fit(described.texts, described.labels, 5)

    def refuse(*_: object) -> None:
        raise AssertionError("a plot was embedded again")

    monkeypatch.setattr(TextEncoder, "encode", refuse)
    XGBoostModel(**QUICK).fit(described.texts, described.labels, 5)


@pytest.mark.usefixtures("no_weights")
def test_without_weights_it_learns_from_the_rest_and_says_so(described: Part, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = XGBoostModel(**QUICK)
    with caplog.at_level(logging.WARNING, logger="trending"):
        model.fit(described.texts, described.labels, 5)
    assert [record.message for record in caplog.records] == ["no encoder weights: xgboost learns from words and facts alone (see TRENDING_ENCODER)"]
    assert model.describe_fit()["encoder"] is None
    model.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"model.json", "terms.json", "terms.safetensors", "probes.safetensors", "xgboost.ubj"}
    np.testing.assert_array_equal(load_model(tmp_path).predict_proba(described.texts), model.predict_proba(described.texts))
    assert precision(described.labels, model.predict_proba(described.texts)) > 2 * described.labels.mean()


@pytest.mark.usefixtures("no_weights")
def test_validation_titles_say_when_to_stop(described: Part, examples: pd.DataFrame) -> None:
    held = select_part(examples, "validation", "described")
    stopped = XGBoostModel(n_estimators=250, max_features=2_000, learning_rate=0.5, max_depth=6)
    stopped.fit(described.texts, described.labels, 5, (held.texts, held.labels))
    facts = stopped.describe_fit()
    losses = [row["loss"] for row in facts["history"]]
    assert facts["rounds"] == int(np.argmin(losses)) + 1 < len(losses) < 250
    whole = XGBoostModel(**QUICK)
    whole.fit(described.texts, described.labels, 5)
    assert whole.describe_fit()["rounds"] == QUICK["n_estimators"]
    assert whole.describe_fit()["history"] == []


SERVE = """
import json, sys
from pathlib import Path
# XGBoost takes up scikit-learn and pandas where they are, and does without.
sys.modules.update(dict.fromkeys(["sklearn", "torch", "transformers", "joblib", "optuna", "pandas", "matplotlib", "zenml"]))
from trending.models.base import load_model
model = load_model(Path(sys.argv[1]))
scores = model.predict_proba([sys.argv[2], "another text"])
print(json.dumps([scores[0].tolist(), model.explain([sys.argv[2]], [[19]], 5)]))
"""


def test_serving_needs_nothing_that_only_training_needs(model: XGBoostModel, tmp_path: Path) -> None:
    """Not the cache folder either: the model's own folder is enough."""
    model.save(tmp_path / "model")
    environment = {**child_environment(), "TRENDING_HOME": str(tmp_path / "nowhere"), "TRENDING_ENCODER": "none"}
    command = [sys.executable, "-c", SERVE, str(tmp_path / "model"), PLOT]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    scores, evidence = json.loads(done.stdout)
    np.testing.assert_array_equal(scores, model.predict_proba([PLOT])[0])
    assert [[[tuple(pair) for pair in terms] for terms in rows] for rows in evidence] == model.explain([PLOT], [[19]], 5)
    assert not (tmp_path / "nowhere").exists()
