"""deepchecks on a model: every check runs, is green for a sound model and red on the defect it is for; torch stays out of the process."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tests.model.test_reports import SCRIPT, Page
from trending.errors import InputError, QualityError
from trending.evaluation import suite
from trending.evaluation.metrics import Judged
from trending.evaluation.suite import Scored, check_model
from trending.evaluation.suite_settings import MODEL_CHECKS, ModelChecks, ModelCheckSettings
from trending.genres import GENRES
from trending.validation.suite_report import SuiteReport

SETTINGS = ModelCheckSettings()
COUNT = 360


def make_scored(seed: int, count: int = COUNT) -> Scored:
    """Return titles with decisions that are right more often than not, whatever the title."""
    chance = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "title_id": [f"bees:{seed}-{row}" for row in range(count)],
            "type": chance.choice(["movie", "tv"], count),
            "source": chance.choice(["bees", "wasps"], count),
            "language": chance.choice(["en", "fr"], count),
            "country": chance.choice(["US", "Japan"], count),
            "year": chance.integers(1950, 2020, count).astype(float),
            "plot": ["x" * int(length) for length in chance.integers(40, 900, count)],
        }
    )
    labels = (chance.random((count, len(GENRES))) < 0.08).astype(np.int8)
    labels[np.arange(count), chance.integers(0, len(GENRES), count)] = 1
    probabilities = np.where(labels == 1, chance.beta(4, 2, labels.shape), chance.beta(1, 9, labels.shape))
    return Scored(rows, Judged(labels, probabilities, probabilities >= 0.45))


def garble(part: Scored, where: np.ndarray) -> Scored:
    """Return the same titles, some of them decided by lot."""
    chance = np.random.default_rng(99)
    lot = chance.permuted(part.judged.probabilities, axis=1)
    probabilities = np.where(where[:, None], lot, part.judged.probabilities)
    return Scored(part.rows, Judged(part.judged.labels, probabilities, probabilities >= 0.45))


def rescale(part: Scored, power: float) -> Scored:
    """Return the same decisions with other probabilities."""
    return Scored(part.rows, replace(part.judged, probabilities=part.judged.probabilities**power))


def repeat_priors(part: Scored) -> Scored:
    """Return what a model says that has looked at no text: genres by how common they are."""
    shares = np.tile(part.judged.labels.mean(axis=0), (len(part.rows), 1))
    return Scored(part.rows, Judged(part.judged.labels, shares, shares >= shares.max() - 1e-9))


@pytest.fixture(scope="module")
def reference() -> Scored:
    """Validation titles."""
    return make_scored(1)


@pytest.fixture(scope="module")
def tested() -> Scored:
    """Test titles."""
    return make_scored(2)


@pytest.fixture(scope="module")
def report(reference: Scored, tested: Scored) -> SuiteReport:
    """Of a sound model."""
    return check_model(reference, tested, SETTINGS, [f"note {SCRIPT}"])


def failed(report: SuiteReport) -> set[str]:
    return {one.name for one in report.failed}


def test_every_check_runs_and_a_sound_model_passes_all(report: SuiteReport) -> None:
    assert [one.name for one in report.outcomes] == list(MODEL_CHECKS)
    assert report.not_run == []
    assert failed(report) == set()
    segment = next(one for one in report.outcomes if one.name == "model.weak_segment")
    assert segment.details.startswith("No segment found")


@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        ("model.prediction_drift", lambda part: rescale(part, 0.4)),
        ("model.degradation", lambda part: garble(part, np.arange(COUNT) % 2 == 0)),
        ("model.simple_model", repeat_priors),
        ("model.performance", lambda part: garble(part, np.ones(COUNT, dtype=bool))),
        ("model.ranking", lambda part: garble(part, np.ones(COUNT, dtype=bool))),
        ("model.calibration", lambda part: rescale(part, 0.25)),
        ("model.weak_segment", lambda part: garble(part, ((part.rows["type"] == "tv") & (part.rows["year"] >= 1990)).to_numpy())),
        ("model.bias_type", lambda part: garble(part, (part.rows["type"] == "tv").to_numpy())),
        ("model.bias_source", lambda part: garble(part, (part.rows["source"] == "wasps").to_numpy())),
        ("model.bias_language", lambda part: garble(part, (part.rows["language"] == "fr").to_numpy())),
        ("model.bias_region", lambda part: garble(part, (part.rows["country"] == "Japan").to_numpy())),
    ],
)
def test_a_defect_turns_the_check_that_is_for_it_red(reference: Scored, tested: Scored, check: str, spoil: Any) -> None:
    report = check_model(reference, spoil(tested), SETTINGS, [])
    assert check in failed(report)
    assert report.not_run == []
    biases = {name for name in failed(report) if name.startswith("model.bias_")}
    assert biases <= {check} or check == "model.weak_segment"


def test_a_group_that_is_alone_is_said_not_to_be_compared(reference: Scored, tested: Scored) -> None:
    rows = tested.rows.assign(source="bees", country=None).drop(columns="language")
    report = check_model(reference, Scored(rows, tested.judged), SETTINGS, [])
    assert [one.name for one in report.outcomes if "bias" in one.name] == ["model.bias_type"]
    assert "Not compared" in report.html
    assert "source, language, region" in report.html


def test_a_check_that_drops_out_is_reported_and_counts_as_failed(reference: Scored, tested: Scored, monkeypatch: pytest.MonkeyPatch) -> None:
    def drop(*_: Any) -> Any:
        raise ValueError("dropped out")

    monkeypatch.setattr(suite, "_judge_groups", drop)
    report = check_model(reference, tested, SETTINGS, [])
    assert {one.name for one in report.not_run} == {name for name in MODEL_CHECKS if "bias" in name} == failed(report)
    assert "dropped out" in report.html
    allowed = check_model(reference, tested, ModelCheckSettings(may_not_run=[name for name in MODEL_CHECKS if "bias" in name]), [])
    assert failed(allowed) == set()
    assert len(allowed.not_run) == 4


def test_a_blocking_check_ends_the_run_and_others_do_not(reference: Scored, tested: Scored) -> None:
    bad = garble(tested, np.ones(COUNT, dtype=bool))
    check_model(reference, bad, SETTINGS, []).check()
    with pytest.raises(QualityError, match=r"model\.performance"):
        check_model(reference, bad, ModelCheckSettings(blocking=["model.performance"]), []).check()


def test_bounds_come_from_the_settings(reference: Scored, tested: Scored) -> None:
    strict = ModelCheckSettings(model=ModelChecks(min_f1=0.99, max_brier=0.01))
    assert failed(check_model(reference, tested, strict, [])) == {"model.performance", "model.calibration"}
    with pytest.raises(ValidationError):
        ModelCheckSettings(blocking=["model.beauty"])
    with pytest.raises(ValidationError):
        ModelCheckSettings(model={"min_f2": 0.1})


def test_large_sets_are_sampled_the_same_way_every_time(reference: Scored, tested: Scored) -> None:
    some = ModelCheckSettings(sample=100)
    once, again = (check_model(reference, tested, some, []) for _ in range(2))
    assert once.html == again.html
    assert re.search(rf"\b(99|100) of {COUNT} test titles", once.html)  # of each source its share
    assert check_model(reference, tested, ModelCheckSettings(sample=100, seed=18), []).html != once.html


def test_the_page_says_what_held_and_runs_nothing(report: SuiteReport) -> None:
    page = Page(report.html)
    page.check()
    assert f"note {SCRIPT}" in page.text
    assert f"{len(MODEL_CHECKS)} of {len(MODEL_CHECKS)}" in page.text


def test_there_must_be_titles(reference: Scored, tested: Scored) -> None:
    nothing = Scored(tested.rows.head(0), tested.judged.take(np.zeros(COUNT, dtype=bool)))
    with pytest.raises(InputError, match="no rows"):
        check_model(reference, nothing, SETTINGS, [])


def test_neither_torch_nor_the_network_is_touched() -> None:
    """Beside torch, xgboost can't train in the same process."""
    code = """
        import socket, sys

        def refuse(*_, **__):
            sys.exit("asked the network")

        socket.getaddrinfo = socket.socket.connect = refuse
        from tests.model.test_model_suite import SETTINGS, make_scored
        from trending.evaluation.suite import check_model

        print(len(check_model(make_scored(1), make_scored(2), SETTINGS, []).outcomes), "torch" in sys.modules, "xgboost" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.returncode) == ([str(len(MODEL_CHECKS)), "False", "False"], 0), done.stderr
