"""The main job on a real local stack: what it publishes, what it leaves in ZenML, and what a second run costs."""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.running import QUICK, Runner
from trending.catalogue import Filters
from trending.embeddings.encoder import MODEL_FILE
from trending.embeddings.titles import describe_title
from trending.insights.judging.judgement import RULES, InsightQuality
from trending.releases import load_bundle
from trending.releases.bundle import CATALOGUE_FILE, ENCODER_DIR
from trending.releases.insight_quality import QUALITY_FILE
from trending.releases.manifest import read_manifest


def test_main_job_publishes_a_release_that_beats_the_baseline(runner: Runner, trained: dict[str, Any]) -> None:
    assert trained["starter"] is True
    assert trained["macro_f1"]["low"] > trained["baseline_macro_f1"]["high"]
    assert runner.run("release", "verify", trained["release"]).returncode == 0


def test_repeated_it_comes_from_the_cache_and_ends_by_saying_where_how_good_and_what_next(runner: Runner, trained: dict[str, Any]) -> None:
    outcome = runner.run("--pipeline", "training", *QUICK)
    assert outcome.returncode == 0
    for part in (trained["location"], "macro F1", "majority baseline", "starter catalogue", "Next: python run.py predict"):
        assert part in outcome.stdout
    assert f"({trained['steps'] - 1} of {trained['steps']} steps from the cache)" in outcome.stdout  # publishing never is: the store lies outside ZenML
    assert outcome.stderr == ""


@pytest.mark.slow
def test_repeated_it_takes_less_than_15_seconds(runner: Runner, trained: dict[str, Any]) -> None:
    """Of processor time, which on cores that share their parts with other tests is twice as long: so not in CI."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert runner.train(*QUICK)["release"] == trained["release"]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 15


def test_a_release_finds_by_meaning_where_the_weights_are_installed(trained: dict[str, Any], encoder: Path | None) -> None:
    release = load_bundle(Path(trained["location"]))
    assert (release.encoder is None) == (release.vectors is None) == (encoder is None)
    if release.encoder is None or release.vectors is None:
        return
    assert (release.directory / ENCODER_DIR / MODEL_FILE).read_bytes() == (encoder / MODEL_FILE).read_bytes()
    assert len(release.vectors) == release.catalogue.count() == trained["titles"]
    # A row of the index is the same row of the catalogue: a title's own text lies nearest to it.
    for title_id in ("starter:38a184f211f9", "starter:ca5ff315f6bf"):
        title = release.catalogue.get(title_id).title
        (row,), (similarity,) = release.vectors.search(release.encoder.encode([describe_title(title.title, title.plot)])[0], 1)
        with sqlite3.connect(release.directory / CATALOGUE_FILE) as connection:
            assert connection.execute("SELECT title_id FROM titles WHERE row = ?", (int(row),)).fetchone()[0] == title_id
        assert similarity > 0.99


@pytest.mark.slow
def test_a_release_without_an_encoder_answers_by_words(runner: Runner, trained: dict[str, Any]) -> None:
    release = load_bundle(Path(replace(runner, encoder="none").train(*QUICK)["location"]))
    assert release.encoder is None
    assert release.vectors is None
    assert release.catalogue.search("nosferatu", Filters(), 5, None, None).cards[0].title == "Nosferatu"


@pytest.mark.slow
@pytest.mark.timeout(2_400)
def test_as_configured_a_bert_is_really_fine_tuned_set_beside_the_others_and_better_than_words_alone(runner: Runner, encoder: Path | None) -> None:
    whole = runner.train(timeout=2_000)
    rows = {row["name"]: row for row in whole["frontier"]}
    assert {"majority", "keywords", "tfidf_logreg", "xgboost"} <= set(rows)
    assert sum(row["champion"] for row in rows.values()) == 1
    assert rows[whole["model_kind"]]["champion"]
    if encoder is None:
        return
    assert {"bert", "tfidf_logreg+bert"} <= set(rows)
    assert rows["bert"]["cost"]["cpu_seconds"] > 5
    assert rows["bert"]["macro_f1"]["value"] > rows["tfidf_logreg"]["macro_f1"]["high"]


@pytest.mark.slow
def test_without_weights_one_line_says_what_is_trained_instead(runner: Runner) -> None:
    outcome = replace(runner, encoder="none").run("--pipeline", "training", "--json", "--set", "models=[majority,keywords,bert]")
    assert outcome.returncode == 0
    (line,) = outcome.stderr.strip().splitlines()
    assert "bert is left out, majority, keywords are trained" in line
    assert "[encoder]" in line
    assert json.loads(outcome.stdout)["model_kind"] == "keywords"
    refused = replace(runner, encoder="none").run("--pipeline", "training", "--set", "models=[bert]")
    assert refused.returncode == 2
    (line,) = refused.stderr.strip().splitlines()
    assert "bert needs pre-trained weights" in line


@pytest.mark.slow
def test_a_deleted_release_comes_back_from_the_cache(runner: Runner, trained: dict[str, Any]) -> None:
    shutil.rmtree(runner.home / "releases")
    again = runner.train(*QUICK)
    assert again["release"] == trained["release"] == runner.current()
    assert runner.run("release", "verify").returncode == 0


def test_release_leads_back_to_its_run_data_and_model_version(runner: Runner, trained: dict[str, Any]) -> None:
    lineage = json.loads(runner.run("release", "lineage", trained["release"], "--json").stdout)
    code = f"""
import json
from zenml.client import Client
client = Client()
run = client.get_pipeline_run({lineage["run_id"]!r})
version = client.get_model_version("trending-now-genres", {trained["model_version"]!r})
load = run.steps["load_titles"]
print(json.dumps({{
    "run": run.name, "stage": version.stage, "release": version.run_metadata["release"],
    "fingerprint": load.run_metadata["fingerprint"], "model": f"{{version.model.name}}:{{version.name}}",
}}))
"""
    found = runner.python(code)
    assert found["run"] == lineage["run"]
    assert found["stage"] == "production"
    assert found["release"] == trained["release"]
    assert found["fingerprint"] == lineage["data_fingerprint"]
    assert found["model"] == lineage["model"]


def test_every_artifact_has_a_name_a_person_understands(runner: Runner, trained: dict[str, Any], encoder: Path | None) -> None:
    code = f"""
import json
from zenml.client import Client
run = Client().get_pipeline_run({trained["run"]!r})
outputs = {{name: version[0] for step in run.steps.values() for name, version in step.outputs.items()}}
pages = {{name: len(str(outputs[name].load())) for name in ("data_summary", "evaluation_report", "model_comparison", "model_card", "data_card")}}
models = [version[0].artifact.name for name, step in run.steps.items() if name.startswith("train_") for version in step.outputs.values()]
print(json.dumps({{"names": sorted([*models, *outputs]), "pages": pages}}))
"""
    found = runner.python(code)
    wanted = {"title_probabilities", "title_insights"} | ({"encoder", "title_vectors"} if encoder else set())
    wanted |= {"raw_titles", "titles", "quarantine", "cleaning_report", "splits", "examples", "decision_rules", "judgements", "verdict", "release_bundle"}
    assert wanted | {"tfidf_logreg_model", "majority_model"} <= set(found["names"])
    assert all(size > 1_000 for size in found["pages"].values())


@pytest.mark.slow
def test_two_uncached_runs_with_one_seed_give_the_same_figures(runner: Runner) -> None:
    first, second = runner.train("--no-cache", *QUICK), runner.train("--no-cache", *QUICK)
    assert first["macro_f1"] == second["macro_f1"]
    assert first["ece"] == second["ece"]


@pytest.mark.slow
def test_one_parameter_chooses_what_is_trained(runner: Runner) -> None:
    result = runner.train("--set", "models=[majority,keywords]")
    assert result["model_kind"] == "keywords"


def test_who_writes_the_insights_is_part_of_what_is_cached(runner: Runner, trained: dict[str, Any]) -> None:
    """Else a run by rules would take what an earlier run's model wrote."""
    code = """
import json
from zenml.client import Client
run = Client().list_pipeline_runs(sort_by="desc:created", size=1, hydrate=True).items[0]
print(json.dumps(run.steps["judge_insights"].config.parameters))
"""
    assert runner.python(code)["writer"] is None


def test_a_release_says_who_wrote_its_insights_and_how_good_that_writer_is(trained: dict[str, Any]) -> None:
    """In a file that its manifest knows, and in the model card with the same figures."""
    bundle = Path(trained["location"])
    quality = InsightQuality.model_validate_json((bundle / QUALITY_FILE).read_bytes())
    card = (bundle / "model_card.md").read_text(encoding="utf-8")
    assert QUALITY_FILE in read_manifest(bundle).files
    assert (quality.writer, quality.judgements[0].titles) == (RULES, 110)
    assert [figure for figure in quality.judgements[0].figures.values() if str(figure) not in card] == []
    assert "Insights are written by rules" in card
