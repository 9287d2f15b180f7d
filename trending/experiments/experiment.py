"""What an experiment is: two variants, who gets which, what is judged, and when it is stopped for harm. One file beside `CURRENT` holds the one there is."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from trending.errors import InputError
from trending.provenance import VERSION_PATTERN

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,63}$"
Kind = Literal["ab", "canary", "shadow"]
Metric = Literal["error_rate", "latency_ms", "complaint_rate", "agreement"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Variant(_Strict):
    """A release, and the chat's prompt beside it."""

    release: str = Field(pattern=f"^{VERSION_PATTERN.pattern}$")
    prompt: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="Of the chat; None: the usual one.")


class HarmRules(_Strict):
    """When the service itself goes back to control: each rule wants proof at `alpha` that the treatment is worse than this; None: no such rule."""

    error_ratio: float | None = Field(1.5, ge=1, le=1_000, description="Most that its rate of errors may be, in control's rates.")
    complaint_ratio: float | None = Field(2.0, ge=1, le=1_000, description="The same for answers that are flagged as wrong.")
    p95_ms: float | None = Field(None, gt=0, le=600_000, description="Milliseconds within which 95 % of its requests must be answered.")
    alpha: float = Field(0.05, gt=0, lt=0.5, description="How often, at most, a process stops a harmless treatment by mistake, all rules together.")

    def count(self) -> int:
        """Return how many rules there are."""
        return sum(rule is not None for rule in (self.error_ratio, self.complaint_ratio, self.p95_ms))


class Experiment(_Strict):
    """The content of `experiment.json`."""

    name: str = Field(pattern=NAME_PATTERN, description="Also what assignment is derived from: another name assigns anew.")
    kind: Kind
    control: Variant = Field(description="Its release is the one that `CURRENT` names.")
    treatment: Variant
    share: float = Field(gt=0, le=1, description="Of units, those that get the treatment; in the shadow, those whose questions it is asked too.")
    metric: Metric
    alpha: float = Field(0.05, gt=0, lt=0.5, description="Of the verdict: how often, at most, it ever names a difference where there is none.")
    harm: HarmRules = HarmRules()
    started: dt.datetime
    stopped: dt.datetime | None = None
    reason: str | None = Field(None, max_length=1_000, description="Why it was stopped.")

    @model_validator(mode="after")
    def _fit_together(self) -> Experiment:
        if (self.control.release != self.treatment.release) == (self.control.prompt != self.treatment.prompt):
            raise ValueError("control and treatment must differ in their release or in their prompt, and not in both")
        if (self.kind == "shadow") != (self.metric == "agreement"):
            raise ValueError("agreement is what is measured in the shadow, and the only thing that is")
        if self.kind == "shadow" and self.about == "prompt":
            raise ValueError("prompts aren't tried in the shadow")
        if self.kind != "shadow" and self.share >= 1:
            raise ValueError("share: somebody must be left to control")
        return self

    @property
    def about(self) -> Literal["release", "prompt"]:
        """What differs."""
        return "release" if self.control.release != self.treatment.release else "prompt"

    @property
    def running(self) -> bool:
        """Whether it was not stopped yet."""
        return self.stopped is None

    def render(self) -> bytes:
        """Return the content of its file."""
        return self.model_dump_json(indent=2).encode() + b"\n"


def parse_experiment(content: bytes, where: str) -> Experiment:
    """Read an experiment.

    Raises:
        InputError: If it is none.
    """
    try:
        return Experiment.model_validate_json(content)
    except ValidationError as error:
        raise InputError(describe_fault(error), where=where, mend="stop it (python run.py experiment stop) and start it again") from error


def describe_fault(error: ValidationError) -> str:
    """Return the first of a validation's errors in one line."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    what = first["msg"].removeprefix("Value error, ")
    return f"{place}: {what}" if place else what
