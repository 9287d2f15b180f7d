"""What a model costs: time per title, size, and what training took. Measured where it runs, so only models measured in one run compare."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from trending.evaluation.rules import DecisionRule
from trending.features.facts import split_facts
from trending.models.base import GenreModel

_WARM, _SINGLES, _BATCH = 5, 50, 200


class Cost(BaseModel):
    """What scoring and training cost."""

    single_ms: float = Field(description="Milliseconds to score one title alone, median.")
    batch_ms: float = Field(description="Milliseconds per title in a batch of up to 200.")
    megabytes: float = Field(description="Of the model's files.")
    cpu_seconds: float = Field(description="Processor time of training.")


class Budget(BaseModel):
    """What a champion may cost at the most."""

    model_config = ConfigDict(extra="forbid")

    max_ms: float = Field(100.0, gt=0, description="Milliseconds to score one title.")
    max_megabytes: float = Field(300.0, gt=0)

    def holds(self, cost: Cost) -> bool:
        """Say whether a model keeps within the budget."""
        return cost.single_ms <= self.max_ms and cost.megabytes <= self.max_megabytes


def measure_cost(model: GenreModel, texts: Sequence[str], facts: Mapping[str, Any]) -> Cost:
    """Measure a model on `texts`, each scored once, for models remember what they read.

    Args:
        model: Fitted.
        texts: At least one, as `described`; half of them are scored singly, up to 50, the others together, up to 200.
        facts: Of its training: `cpu_seconds`.
    """
    read = list(dict.fromkeys(texts if model.reads == "described" else (split_facts(text)[1] for text in texts)))
    warm = min(_WARM, len(read) // 3)
    model.predict_proba(read[:warm])
    rest = read[warm:]
    middle = max(1, len(rest) // 2)
    singles, batch = rest[:middle][:_SINGLES], (rest[middle:] or rest)[:_BATCH]
    took = [_time(model, [text]) for text in singles]
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return Cost(
        single_ms=round(float(np.median(took)) * 1e3, 3),
        batch_ms=round(_time(model, batch) * 1e3 / len(batch), 3),
        megabytes=round(size / 1e6, 2),
        cpu_seconds=round(float(facts.get("cpu_seconds", 0.0)), 1),
    )


def _time(model: GenreModel, texts: Sequence[str]) -> float:
    started = time.perf_counter()
    model.predict_proba(texts)
    return time.perf_counter() - started


def _add_costs(costs: Sequence[Cost]) -> Cost:
    """Return what a blend costs: its members run one after the other."""
    totals = {name: round(sum(getattr(cost, name) for cost in costs), 3) for name in Cost.model_fields}
    return Cost(**totals)


def measure_candidates(
    models: Mapping[str, GenreModel], facts: Mapping[str, Mapping[str, Any]], rules: Mapping[str, DecisionRule], texts: Sequence[str]
) -> dict[str, Cost]:
    """Return the cost of every candidate in `rules`, blends included.

    Args:
        models: Fitted, by name.
        facts: What training each took.
        rules: Of every candidate; say what a blend is made of.
        texts: As for `measure_cost`.
    """
    costs = {name: measure_cost(model, texts, facts[name]) for name, model in models.items()}
    blends = {name: [costs[part] for part in rule.members] for name, rule in rules.items() if rule.members}
    return costs | {name: _add_costs(parts) for name, parts in blends.items()}
