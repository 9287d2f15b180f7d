"""Conditions of the model-evaluation suite: what the key `checks` of a training configuration may hold."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

_SHARE: Any = {"ge": 0, "le": 1}
ModelCheck = Literal[
    "model.prediction_drift",
    "model.degradation",
    "model.simple_model",
    "model.performance",
    "model.ranking",
    "model.calibration",
    "model.weak_segment",
    "model.bias_type",
    "model.bias_source",
    "model.bias_language",
    "model.bias_region",
]
MODEL_CHECKS: tuple[str, ...] = get_args(ModelCheck)


class ModelChecks(BaseModel):
    """Conditions on a model's decisions about test titles. F1 is over all decisions about a title and a genre (micro F1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_drift: float = Field(0.1, **_SHARE, description="Kolmogorov-Smirnov distance of probabilities between the reference and test titles.")
    max_degradation: float = Field(0.25, **_SHARE, description="By what share F1 and average precision may be lower on test titles.")
    min_gain: float = Field(0.1, **_SHARE, description="Of what a decision tree that reads no text leaves to be gained in F1, how much must be gained.")
    min_f1: float = Field(0.3, **_SHARE, description="F1 on test titles.")
    min_ranking: float = Field(0.75, **_SHARE, description="Area under the ROC curve: how often a listed genre is more probable than one that isn't.")
    max_brier: float = Field(0.95, **_SHARE, description="Brier score, as a share of that of always giving how common a listed genre is.")
    max_weakness: float = Field(0.5, **_SHARE, description="By what share F1 may be lower in the weakest segment that a tree finds.")
    max_bias: float = Field(0.2, **_SHARE, description="How far F1 may be lower for titles of one type, source, language or region.")


class ModelCheckSettings(BaseModel):
    """The model-evaluation report: how many titles it looks at, its conditions, and which of these stop a run."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    sample: int = Field(1_500, ge=50, description="Titles looked at of each part, the same ones for the same seed.")
    seed: int = Field(17, ge=0, le=2**31 - 1)
    blocking: list[ModelCheck] = Field(default_factory=list, description="Checks that end the run if they fail, such as model.simple_model.")
    may_not_run: list[ModelCheck] = Field(default_factory=list, description="Checks that may drop out; any other that does counts as failed.")
    model: ModelChecks = Field(default_factory=ModelChecks)
