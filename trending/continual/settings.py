"""What the keys `triggers`, `assembly` and `gate` of a continual-learning configuration may hold."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_SHARE: Any = {"ge": 0, "le": 1}


class TriggerSettings(BaseModel):
    """When there is reason to learn anew."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    new_titles: int = Field(500, ge=1, description="So many titles with labels that the champion doesn't know are a reason by themselves.")
    least: float = Field(0.02, **_SHARE, description="Of fewer new titles, as a share of those the champion knows, drift, a fall, flags and age are no reason.")
    sample: int = Field(100, ge=20, description="Of fewer new titles nothing is said about drift or performance.")
    growth: float = Field(1.5, gt=1, description="Where a challenger wasn't good enough, new titles must be so many times as many for another.")
    drift: bool = Field(True, description="Whether new titles that differ from those the champion was judged on are a reason.")
    fall: float = Field(0.03, **_SHARE, description="How far the ranking of labels may fall on new titles, as a share of 1, before that is a reason.")
    feedback: int = Field(20, ge=1, description="So many flagged answers of the champion about genres are a reason.")
    age_days: float = Field(90, gt=0, description="A champion older than this is a reason, if there are new titles at all.")
    always: bool = Field(False, description="Whether the schedule alone is a reason.")


class AssemblySettings(BaseModel):
    """From what is learnt: new titles, a window of recent ones, and a replay of older ones so that nothing is forgotten."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_years: int | None = Field(None, ge=1, description="Titles of the last so many years are all learnt from; None: whatever their year.")
    replay: int | None = Field(None, ge=0, description="How many titles outside the window are learnt from again; None: all of them.")


class PromotionRules(BaseModel):
    """What must hold before a challenger replaces the champion."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    worse: float = Field(0.02, **_SHARE, description="How much macro F1 the interval may reach below 0 on the set where the challenger isn't better.")
    slice_worse: float = Field(0.03, **_SHARE, description="How much macro F1 a slice may lose, where the loss is beyond doubt.")
    slice_titles: int = Field(50, ge=20, description="Slices of fewer titles aren't judged.")
    calibration: float = Field(0.02, **_SHARE, description="How much the calibration error may rise.")
    slower: float = Field(2.0, ge=1, description="How many times as long a title may take.")
    larger: float = Field(2.0, ge=1, description="How many times as large the model may be.")
    behaviour: float = Field(0.05, **_SHARE, description="How much the share of failed behavioural cases may rise, per kind.")
    noise: float = Field(0.10, **_SHARE, description="What share of new labels may not be their titles' own.")
    surge: int = Field(50, ge=10, description="So many new reviews of one title are looked at.")
    surge_factor: float = Field(10.0, gt=1, description="Times what it had, or what other titles got, that are a surge.")
