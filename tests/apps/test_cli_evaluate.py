"""`run.py evaluate` as a process: its figures against scikit-learn, its refusals."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from trending.cleaning.clean import CleaningResult
from trending.genres import GENRES
from trending.releases import Release

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]
SCORES = ("macro_f1", "micro_f1", "samples_f1", "weighted_f1", "map", "ece")


@pytest.fixture(scope="module")
def titles(starter: CleaningResult) -> pd.DataFrame:
    """Labelled titles with nothing but title, type, plot and genres; every genre and both types occur."""
    rows = starter.titles.drop_duplicates("title")[["title", "type", "plot", "genres"]]
    chosen = rows.sample(420, random_state=9).reset_index(drop=True)
    assert {genre for genres in chosen["genres"] for genre in genres} == set(GENRES)
    return chosen


def _write(titles: pd.DataFrame, path: Path) -> Path:
    match path.suffix:
        case ".parquet":
            titles.to_parquet(path, index=False)
        case ".csv":
            titles.assign(genres=titles["genres"].map("|".join)).to_csv(path, index=False)
        case _:
            titles.to_json(path, orient="records", lines=True, force_ascii=False)
    return path


def _scores(release: Release, titles: pd.DataFrame) -> dict[str, Any]:
    """The same figures from scikit-learn and, for the calibration error, from its definition."""
    truth = np.array([[genre in genres for genre in GENRES] for genres in titles["genres"]], dtype=int)
    probabilities = release.predictor.predict_proba([release.predictor.prepare(plot) for plot in titles["plot"]])
    chosen = (probabilities >= np.array([release.manifest.thresholds[genre] for genre in GENRES])).astype(int)
    met = [index for index in range(20) if truth[:, index].any()]
    errors = []
    for index in range(20):
        bins = np.clip(np.digitize(probabilities[:, index], np.linspace(0, 1, 11)[1:-1]), 0, 9)
        gaps = [abs(truth[bins == number, index].mean() - probabilities[bins == number, index].mean()) * (bins == number).mean() for number in np.unique(bins)]
        errors.append(sum(gaps))
    return {
        "n": len(titles),
        "macro_f1": f1_score(truth[:, met], chosen[:, met], average="macro", zero_division=0),
        "micro_f1": f1_score(truth, chosen, average="micro", zero_division=0),
        "samples_f1": f1_score(truth, chosen, average="samples", zero_division=0),
        "weighted_f1": f1_score(truth, chosen, average="weighted", zero_division=0),
        "map": np.mean([average_precision_score(truth[:, index], probabilities[:, index]) for index in range(20) if truth[:, index].any()]),
        "ece": np.mean(errors),
        "per_genre": {
            "n": truth.sum(axis=0),
            "f1": f1_score(truth, chosen, average=None, zero_division=0),
            "precision": precision_score(truth, chosen, average=None, zero_division=0),
            "recall": recall_score(truth, chosen, average=None, zero_division=0),
        },
    }


def _check(result: dict[str, Any], expected: dict[str, Any], titles: pd.DataFrame, release: Release) -> None:
    assert result["n"] == expected["n"]
    assert {name: result[name] for name in SCORES} == pytest.approx({name: expected[name] for name in SCORES}, abs=1e-9)
    assert list(result["per_genre"]) == list(GENRES)
    for name, values in expected["per_genre"].items():
        assert [row[name] for row in result["per_genre"].values()] == pytest.approx(list(values), abs=1e-9), name
    assert set(result["slices"]) == set(titles["type"])
    for kind, judged in result["slices"].items():
        part = _scores(release, titles[titles["type"] == kind])
        assert judged == pytest.approx({name: part[name] for name in ("n", "macro_f1", "micro_f1")}, abs=1e-9)


@pytest.mark.parametrize("name", ["titles.parquet", "titles.csv", "titles.jsonl"])
def test_figures_on_a_sparse_file_are_those_of_scikit_learn(run_cli: RunCli, release: Release, titles: pd.DataFrame, tmp_path: Path, name: str) -> None:
    file = _write(titles, tmp_path / name)
    done = run_cli("evaluate", "--data", str(file), "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    result = json.loads(done.stdout)
    assert (result["release"], result["data"]) == (release.manifest.version, str(file))
    assert set(result["slices"]) == {"movie", "tv"}
    _check(result, _scores(release, titles), titles, release)


def test_figures_of_a_few_films_in_few_genres_are_those_of_scikit_learn(run_main: RunCli, release: Release, titles: pd.DataFrame, tmp_path: Path) -> None:
    """Where most genres don't occur and there is no TV show at all."""
    few = titles[(titles["type"] == "movie") & titles["genres"].map(lambda genres: set(genres) <= {"Drama", "Western"})].head(8).reset_index(drop=True)
    assert len(few) >= 4
    result = json.loads(run_main("evaluate", "--data", str(_write(few, tmp_path / "few.jsonl")), "--json").stdout)
    _check(result, _scores(release, few), few, release)


def test_titles_that_can_not_be_judged_are_left_out_and_counted(run_main: RunCli, release: Release, titles: pd.DataFrame, tmp_path: Path) -> None:
    """Every row of the file is accounted for."""
    spoilt = titles.head(60).copy()
    spoilt["genres"] = spoilt["genres"].astype(object)
    spoilt.loc[0:4, "plot"] = None
    spoilt.at[5, "genres"] = []
    spoilt.at[6, "genres"] = ["No Such Genre"]
    spoilt.loc[7, "type"] = "podcast"
    spoilt.loc[8, "title"] = None
    spoilt = pd.concat([spoilt, spoilt.iloc[[20]]], ignore_index=True)
    result = json.loads(run_main("evaluate", "--data", str(_write(spoilt, tmp_path / "spoilt.parquet")), "--json").stdout)
    assert result["left_out"] == {"quarantined": 2, "merged": 1, "without plot or genre": 7}
    assert result["n"] == len(spoilt) - 10 == 51
    _check(result, _scores(release, titles.iloc[9:60]), titles.iloc[9:60], release)


def test_the_shown_headline_is_that_of_the_json(run_cli: RunCli, release: Release, titles: pd.DataFrame, tmp_path: Path) -> None:
    part = titles.head(80)
    done = run_cli("evaluate", "--data", str(_write(part, tmp_path / "titles.parquet")))
    expected = _scores(release, part)
    assert done.returncode == 0
    assert "80 labelled titles" in done.stdout
    for name in SCORES:
        assert f"{name} {expected[name]:.3f}" in done.stdout
    assert all(genre in done.stdout for genre in GENRES)


@pytest.mark.parametrize("labels", ["empty", "unknown", "absent"])
def test_a_file_without_labels_is_refused(run_main: RunCli, titles: pd.DataFrame, tmp_path: Path, labels: str) -> None:
    part = titles.head(10).copy()
    match labels:
        case "empty":
            part["genres"] = [[] for _ in range(10)]
        case "unknown":
            part["genres"] = [["Nonsense"] for _ in range(10)]
        case _:
            part = part.drop(columns="genres")
    file = tmp_path / "unlabelled.parquet"
    part.to_parquet(file, index=False)
    done = run_main("evaluate", "--data", str(file), "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert "genre" in done.stderr
    assert str(file) in done.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.parquet", None),
        ("empty.csv", b""),
        ("header.csv", b"title,type,plot,genres\n"),
        ("other.csv", b"a,b\n1,2\n"),
        ("broken.parquet", b"PAR1 this is no parquet PAR1"),
        ("broken.jsonl", b'{"title": "a", "type": "movie"}\n{"title"\n'),
        ("titles.xlsx", b"PK"),
        ("latin.csv", b"title,type,plot,genres\ncaf\xe9,movie,a plot about it,Drama\n"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused_by_name_in_one_line(run_main: RunCli, tmp_path: Path, name: str, content: bytes | None) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    done = run_main("evaluate", "--data", str(file), "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert name in done.stderr


def test_without_a_release_it_says_how_to_make_one(run_main: RunCli, titles: pd.DataFrame, tmp_path: Path) -> None:
    done = run_main("evaluate", "--data", str(_write(titles.head(5), tmp_path / "t.csv")), "--json", home=tmp_path / "home")
    assert (done.returncode, done.stdout) == (1, "")
    assert "--pipeline training" in done.stderr


def test_titles_the_release_was_trained_on_are_counted_and_said(run_cli: RunCli, store: object, titles: pd.DataFrame, tmp_path: Path) -> None:
    """Known by their titles, for a sparse file has no ids; titles nobody has seen pass without a word."""
    outcome = run_cli("evaluate", "--data", str(_write(titles, tmp_path / "seen.jsonl")), "--json")
    seen = json.loads(outcome.stdout)["seen_in_training"]
    assert 300 < seen <= len(titles)
    assert f"trained or tuned on {seen}" in outcome.stderr
    unseen = titles.assign(title=[f"Nobody has heard of number {number}" for number in range(len(titles))])
    outcome = run_cli("evaluate", "--data", str(_write(unseen, tmp_path / "unseen.jsonl")), "--json")
    assert json.loads(outcome.stdout)["seen_in_training"] == 0
    assert outcome.stderr == ""
