"""What the steps of a training run would hand to a tracker: few titles, made-up figures, and a release that is sealed as real ones are."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trending.evaluation.judgement import Judgement
from trending.genres import GENRES
from trending.releases.bundle import seal_bundle
from trending.releases.manifest import Manifest

SECRET_WORDS = "nobody may see this"  # in every title and text
FOLDER = "/home/someone"
PARAMETERS = {"seed": 17, "models": ["tfidf_logreg", "bert"], "source": {"source": "files", "path": f"{FOLDER}/titles.parquet", "columns": {}}}
HISTORY = [{"epoch": 1, "loss": 0.5, "held_out_map": math.nan}, {"epoch": 2, "loss": 0.25, "held_out_map": 0.4}]
_TEST_TITLES = 60


def make_figure(value: float) -> dict[str, float]:
    """Return a figure with an interval."""
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def make_judgement(value: float) -> Judgement:
    """Return a judgement whose macro F1 is `value`."""
    part = {"n": 30, "macro_f1": make_figure(value), "micro_f1": make_figure(value + 0.1)}
    return Judgement(
        kind="any",
        n=_TEST_TITLES,
        groups=50,
        metrics={"macro_f1": make_figure(value), "map": make_figure(value + 0.05)},
        per_genre={name: {"n": 3, "precision": 0.5, "recall": 0.25, "f1": make_figure(value)} for name in GENRES},
        slices={"type": {"movie": part, "tv": part}},
    )


def make_examples() -> pd.DataFrame:
    """Return examples with the columns that labels are read from, and titles and texts that must stay here."""
    draws = np.random.default_rng(17)
    numbers = range(_TEST_TITLES + 20)
    return pd.DataFrame(
        {
            "title_id": [f"files:secret-{number}" for number in numbers],
            "title": SECRET_WORDS,
            "plot": SECRET_WORDS,
            "text": SECRET_WORDS,
            "facts": "",
            "genres": [sorted({GENRES[index] for index in draws.integers(len(GENRES), size=2)}) for _ in numbers],
            "split": ["test" if number < _TEST_TITLES else "train" for number in numbers],
        }
    )


def make_predictions(examples: pd.DataFrame) -> pd.DataFrame:
    """Return drawn probabilities of the champion for the test titles."""
    titles = examples.loc[examples["split"] == "test", "title_id"].tolist()
    draws = np.random.default_rng(18).random((len(titles), len(GENRES)))
    return pd.DataFrame(draws, columns=list(GENRES)).assign(model="tfidf_logreg", title_id=titles)


def make_trials() -> pd.DataFrame:
    """Return a search of two trials, one of them pruned."""
    return pd.DataFrame({"number": [0, 1], "value": [0.4, None], "state": ["COMPLETE", "PRUNED"], "begun": pd.Timestamp("2026-01-01")})


def make_facts() -> dict[str, Any]:
    """Return, as the steps give it, the JSON among what `track_run` takes."""
    cost = {"batch_ms": 0.1, "megabytes": 3.0, "cpu_seconds": 9.0}
    return {
        "judgements": {name: make_judgement(value).model_dump() for name, value in {"tfidf_logreg": 0.5, "bert": 0.4, "majority": 0.1}.items()},
        "verdict": {
            "champion": "tfidf_logreg",
            "validation": {"tfidf_logreg": 0.5, "bert": 0.4},
            "differences": {"tfidf_logreg": make_figure(0.4)},
            "leak": {},
        },
        "decision_rules": {
            "tfidf_logreg": {"calibration": {}, "thresholds": [0.5] * len(GENRES), "bands": [(0.4, 0.6)] * len(GENRES), "validation_macro_f1": 0.5}
        },
        "frontier": [
            {
                "name": name,
                "validation_macro_f1": value,
                "macro_f1": make_figure(value),
                "cost": {**cost, "single_ms": took},
                "efficient": True,
                "within_budget": True,
                "champion": name == "tfidf_logreg",
            }
            for name, value, took in (("tfidf_logreg", 0.5, 0.1), ("bert", 0.4, 8.0))
        ],
        "training_facts": [
            {"kind": "tfidf_logreg", "seconds": 1.5, "params": {"words": f"{FOLDER}/words.txt"}},
            {"kind": "bert", "params": {"epochs": 2}, "history": HISTORY},
        ],
    }


def make_release(folder: Path) -> Path:
    """Seal a small bundle in an empty folder and return it."""
    (folder / "model").mkdir()
    contents = {"model/model.json": "{}", "model/weights.safetensors": "weights", "model_card.md": "# Card", "catalogue.sqlite": SECRET_WORDS}
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    manifest = Manifest(
        version="20260101T000000Z-00000000",
        created=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        project_version="1",
        git_sha="a" * 40,
        data={"source": "files", "fingerprint": "0" * 64, "rows": 80, "starter": False, "rights": ["open_*"]},
        zenml={"pipeline": "training", "run_name": "training-1"},
        model_kind="tfidf_logreg",
        metrics={"macro_f1": make_figure(0.5)},
        baseline={"macro_f1": make_figure(0.1)},
        leak={},
        thresholds=dict.fromkeys(GENRES, 0.5),
        bands=dict.fromkeys(GENRES, (0.4, 0.6)),
        files={},
    )
    seal_bundle(folder, manifest)
    return folder
