"""A check that is to be run, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["passed", "failed", "not run"]


@dataclass(frozen=True)
class Plan:
    """A deepchecks check with its condition, and what it is for in plain words."""

    name: str
    about: str
    check: Any


@dataclass(frozen=True)
class Outcome:
    """What came of one check.

    Attributes:
        name: As in `CHECK_NAMES`.
        about: What the check is for.
        condition: What must hold, in deepchecks' words.
        details: What was found, or why the check did not run.
        value: The check's own result; None if it did not run.
    """

    name: str
    about: str
    condition: str
    status: Status
    details: str
    value: Any = field(default=None, repr=False)
