"""The pipeline that `benchmarks.step_overhead` runs: a chain of steps that do next to nothing."""

from __future__ import annotations

from typing import Annotated

from zenml import pipeline, step


@step
def add_one(number: int) -> Annotated[int, "number"]:
    """Add one."""
    return number + 1


@pipeline
def chain(steps: int) -> None:
    """Run steps one after the other, each on what the one before it made."""
    number = 0
    for _ in range(steps):
        number = add_one(number)
