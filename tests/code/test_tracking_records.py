"""The record of a run, and what of it an offline run of Weights & Biases holds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import create_autospec, patch

import numpy as np
import pytest
import wandb
from sklearn.metrics import multilabel_confusion_matrix

from tests.offline_runs import OfflineRun, list_offline_runs
from tests.tracking_samples import FOLDER, HISTORY, PARAMETERS, SECRET_WORDS, make_examples, make_facts, make_predictions, make_release, make_trials
from trending.errors import NotFoundError, UsageError
from trending.evaluation.candidates import restore_judged
from trending.evaluation.champion import Verdict
from trending.evaluation.frontier import FrontierRow
from trending.evaluation.judgement import Judgement
from trending.evaluation.metrics import Judged
from trending.evaluation.rules import DecisionRule
from trending.genres import GENRE_INDEX, GENRES
from trending.releases.manifest import read_manifest
from trending.tracking.record import RunRecord, compose_record
from trending.tracking.registry import link_synced
from trending.tracking.tables import NO_GENRE, confuse_genres, tabulate_outcomes
from trending.tracking.wandb_run import COLLECTION, SETTINGS, TARGET, log_to_wandb, set_defaults

Given = dict[str, Any]


def compose(given: Given, **changed: Any) -> RunRecord:
    return compose_record(**{**given, **changed})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def given(folder: Path) -> Given:
    """What a run's steps made, as `compose_record` takes it."""
    facts, examples = make_facts(), make_examples()
    rules = {name: DecisionRule(**rule) for name, rule in facts["decision_rules"].items()}
    return {
        "manifest": read_manifest(folder),
        "parameters": PARAMETERS,
        "judgements": {name: Judgement(**one) for name, one in facts["judgements"].items()},
        "verdict": Verdict(**facts["verdict"]),
        "frontier": [FrontierRow(**row) for row in facts["frontier"]],
        "judged": restore_judged(make_predictions(examples), rules, examples)["tfidf_logreg"],
        "facts": dict(zip(("tfidf_logreg", "bert"), facts["training_facts"], strict=True)),
        "published": True,
        "trials": make_trials(),
    }


@pytest.fixture
def wandb_home(tmp_path: Path) -> Iterator[Path]:
    """A home of W&B's own, offline, without a key and without settings of the developer's."""
    with patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith("WANDB_")]:
            del os.environ[name]
        os.environ |= {"WANDB_MODE": "offline", "WANDB_CONFIG_DIR": str(tmp_path / "config")}
        set_defaults(tmp_path)
        yield tmp_path
        wandb.teardown()


def log_offline(home: Path, record: RunRecord, folder: Path) -> OfflineRun:
    with wandb.init(settings=SETTINGS):
        log_to_wandb(record, folder)
    wandb.teardown()  # as at a process's end: only then is all of it on disk
    (run,) = list_offline_runs(home)
    return run


def test_each_genres_own_confusion_is_scikit_learns(given: Given) -> None:
    judged: Judged = given["judged"]
    found = tabulate_outcomes(judged)[["true_negatives", "false_positives", "false_negatives", "true_positives"]]
    assert (found.to_numpy().reshape(-1, 2, 2) == multilabel_confusion_matrix(judged.labels, judged.decisions)).all()


def test_confusion_pairs_what_was_missed_with_what_was_said_instead() -> None:
    labels, decisions = np.zeros((4, len(GENRES)), dtype=np.int8), np.zeros((4, len(GENRES)), dtype=bool)
    crime, drama, war = (GENRE_INDEX[name] for name in ("Crime", "Drama", "War"))
    labels[:, crime] = 1
    decisions[0, crime] = True  # found
    decisions[1, [drama, war]] = True  # missed, two others said
    decisions[3, [crime, war]] = True  # found, one too many; the third title got nothing
    table = confuse_genres(Judged(labels, labels.astype(float), decisions)).set_index("genre")
    assert table.loc["Crime", ["Crime", "Drama", "War", NO_GENRE]].tolist() == [2, 1, 1, 1]
    assert table.loc[NO_GENRE, "War"] == 1
    assert table.to_numpy().sum() == 6


def test_no_title_no_text_and_no_folder_is_in_a_record(given: Given) -> None:
    record = compose(given)
    said = json.dumps([record.config, record.metrics, record.curves, {name: table.astype(str).to_dict() for name, table in record.tables.items()}])
    for secret in (SECRET_WORDS, FOLDER, "files:secret"):
        assert secret not in said
    assert record.config["parameters"]["source"]["path"] == "titles.parquet"


def test_a_record_says_which_code_and_data_made_it(given: Given) -> None:
    record, manifest = compose(given), given["manifest"]
    assert record.config["code"]["git_sha"] == manifest.git_sha != ""
    assert record.config["data"]["fingerprint"] == manifest.data.fingerprint
    assert record.config["parameters"]["seed"] == 17


def test_only_what_is_served_is_champion(given: Given) -> None:
    assert compose(given, published=True).aliases == ("candidate", "champion")
    assert compose(given, published=False).aliases == ("candidate",)


def test_a_run_without_search_and_curves_has_a_record_too(given: Given) -> None:
    record = compose(given, trials=None, facts={"tfidf_logreg": {"kind": "tfidf_logreg"}})
    assert record.curves == {}
    assert "search" not in record.tables
    assert record.metrics["macro_f1_low"] <= record.metrics["macro_f1"] <= record.metrics["macro_f1_high"]


def test_an_offline_run_holds_the_record(given: Given, folder: Path, wandb_home: Path) -> None:
    record = compose(given)
    run = log_offline(wandb_home, record, folder)
    assert run.finished
    assert run.run["project"] == "trending-now"
    assert run.config["code"] == record.config["code"]
    assert run.config["data"] == record.config["data"]
    assert run.config["parameters"] == record.config["parameters"]
    assert {name: run.summary[name] for name in record.metrics} == record.metrics
    for name in ("metrics", "genres", "slices", "frontier", "outcomes", "confusion"):
        assert run.table(name) == record.tables[name].to_dict("records"), name
    assert [(row["value"], row["state"], row["begun"]) for row in run.table("search")] == [
        (0.4, "COMPLETE", "2026-01-01 00:00:00"),
        (None, "PRUNED", "2026-01-01 00:00:00"),
    ]


def test_curves_run_over_the_rounds_of_their_own_model(given: Given, folder: Path, wandb_home: Path) -> None:
    record = compose(given, facts={"bert": {"history": HISTORY}, "xgboost": {"history": [{"mlogloss": 0.3}, {"mlogloss": 0.2}, {"mlogloss": 0.1}]}})
    run = log_offline(wandb_home, record, folder)
    assert run.curve("curves/bert/loss") == [0.5, 0.25]
    assert run.curve("curves/bert/held_out_map") == [0.4]
    assert run.curve("curves/bert/round") == [1, 2]
    assert run.curve("curves/xgboost/round") == [1, 2, 3]
    assert run.axes["curves/bert/*"] == "curves/bert/round"
    assert run.axes["curves/xgboost/*"] == "curves/xgboost/round"


def test_the_model_leaves_with_its_manifest_and_card_and_without_the_catalogue(given: Given, folder: Path, wandb_home: Path) -> None:
    run = log_offline(wandb_home, compose(given), folder)
    model = run.model()
    assert model.name == COLLECTION
    assert {"candidate", "champion"} <= set(model.aliases)
    assert model.metadata["release"] == given["manifest"].version
    parts = {path.relative_to(folder).as_posix() for path in (folder / "model").rglob("*") if path.is_file()}
    assert set(model.files) == parts | {"release.json", "model_card.md"}
    assert all(copy.read_bytes() == (folder / name).read_bytes() for name, copy in model.files.items())


def test_nothing_is_logged_but_the_record(given: Given, folder: Path, wandb_home: Path) -> None:
    """No console, no code, no packages, no command line, and nothing about the machine."""
    run = log_offline(wandb_home, compose(given), folder)
    # Telemetry says which features of the SDK were used, and its version.
    assert run.kinds == {"header", "run", "telemetry", "config", "metric", "history", "summary", "artifact", "files", "exit"}
    assert "host" not in run.run
    assert {Path(name).parts[:3] for name in run.files} == {("media", "table", "tables")}
    assert {artifact.type for artifact in run.artifacts} == {"model", "run_table"}
    assert all(wandb_home in copy.parents for artifact in run.artifacts for copy in artifact.files.values())


def test_offline_the_link_waits_and_says_for_what(given: Given, folder: Path, wandb_home: Path) -> None:
    run = log_offline(wandb_home, compose(given), folder)
    assert run.summary["registry"] == "waiting"
    assert run.config["registry"] == {"target": TARGET, "aliases": ["candidate", "champion"]}


def test_the_sdk_itself_links_nothing_offline(folder: Path, wandb_home: Path) -> None:
    """Should it learn to, the link needn't be made by hand afterwards."""
    artifact = wandb.Artifact("any", type="model")
    artifact.add_file(str(folder / "release.json"))
    with wandb.init(settings=SETTINGS) as run, pytest.raises(NotImplementedError):
        run.link_artifact(artifact, TARGET, aliases=["candidate"])


@pytest.mark.parametrize("error", [wandb.errors.CommError("no such registry"), ValueError("permission denied\nmore"), RuntimeError()])
def test_a_registry_that_refuses_costs_one_warning(
    error: Exception, given: Given, folder: Path, wandb_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    link = create_autospec(wandb.Run.link_artifact, side_effect=error)
    monkeypatch.setattr(wandb.Run, "offline", False)
    monkeypatch.setattr(wandb.Run, "link_artifact", link)
    run = log_offline(wandb_home, compose(given), folder)
    assert link.call_args.args[2] == TARGET
    assert link.call_args.kwargs == {"aliases": ["candidate", "champion"]}
    assert run.summary["registry"] == "refused"
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("trending")]
    assert len(line.splitlines()) == 1
    assert run.finished


def test_without_an_open_run_it_says_so(given: Given, folder: Path) -> None:
    with pytest.raises(UsageError, match="no W&B run is open"):
        log_to_wandb(compose(given), folder)


def test_with_wandb_disabled_nothing_is_written(given: Given, folder: Path, wandb_home: Path) -> None:
    with wandb.init(mode="disabled"):
        assert log_to_wandb(compose(given), folder) == "none"
    assert list_offline_runs(wandb_home) == []


def test_what_the_user_has_set_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"WANDB_PROJECT": "mine", "WANDB_DIR": "/elsewhere", "WANDB_SILENT": "false"})
    set_defaults(tmp_path)
    assert (os.environ["WANDB_PROJECT"], os.environ["WANDB_DIR"], os.environ["WANDB_SILENT"]) == ("mine", "/elsewhere", "false")
    assert os.environ["WANDB_DATA_DIR"].startswith(str(tmp_path))


def test_a_synced_run_is_linked_as_it_had_wished(given: Given, folder: Path, wandb_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offline = log_offline(wandb_home, compose(given), folder)
    model = create_autospec(wandb.Artifact, instance=True)
    model.type, model.name = "model", f"{COLLECTION}:v3"
    table = SimpleNamespace(type="run_table")
    synced = SimpleNamespace(config=offline.config, summary=dict(offline.summary), logged_artifacts=lambda: [table, model])
    monkeypatch.setattr(wandb, "Api", lambda: SimpleNamespace(run={"me/trending-now/1": synced}.__getitem__))
    assert link_synced("me/trending-now/1") == f"{COLLECTION}:v3"
    model.link.assert_called_once_with(TARGET, aliases=["candidate", "champion"])
    assert synced.summary["registry"] == "linked"


def test_a_run_of_something_else_is_not_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(config={}, logged_artifacts=list)
    monkeypatch.setattr(wandb, "Api", lambda: SimpleNamespace(run=lambda path: other))
    with pytest.raises(NotFoundError, match="it logged no release"):
        link_synced("me/other/1")
