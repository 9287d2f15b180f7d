"""Shared by the model tests: a predictor as a release would hold it, and a corpus small enough to fit often."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from tests.judging import decide, tune
from trending.evaluation.metrics import Judged
from trending.evaluation.rules import DecisionRule
from trending.features.examples import Part, select_part
from trending.models.base import GenreModel
from trending.models.calibration import Calibrator
from trending.models.predictor import Predictor


@pytest.fixture(scope="session")
def rules(fitted_models: Mapping[str, GenreModel], examples: pd.DataFrame) -> dict[str, DecisionRule]:
    """Decision rules of three fitted models, tuned on validation titles."""
    return tune({kind: fitted_models[kind] for kind in ("majority", "keywords", "tfidf_logreg")}, examples)


@pytest.fixture(scope="session")
def judged(fitted_models: Mapping[str, GenreModel], rules: dict[str, DecisionRule], examples: pd.DataFrame) -> dict[str, Judged]:
    """What those models decide on test titles."""
    return decide({kind: fitted_models[kind] for kind in rules}, rules, examples)


@pytest.fixture(scope="session")
def predictor(fitted_models: Mapping[str, GenreModel], rules: dict[str, DecisionRule]) -> Predictor:
    """The TF-IDF model trained on the starter catalogue, with calibration and thresholds."""
    rule = rules["tfidf_logreg"]
    return Predictor(fitted_models["tfidf_logreg"], Calibrator.from_dict(rule.calibration), np.asarray(rule.thresholds))


@pytest.fixture(scope="session")
def small(examples: pd.DataFrame) -> Part:
    """The first 150 training titles."""
    return select_part(examples[examples["split"] == "train"].head(150), "train")
