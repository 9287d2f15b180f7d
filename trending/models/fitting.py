"""Fitting of a model on examples, with an account of what it took."""

from __future__ import annotations

import resource
import time
from typing import Any

import pandas as pd

from trending.features.examples import select_part
from trending.models.base import GenreModel, build_model


def fit_model(kind: str, params: dict[str, Any], examples: pd.DataFrame, seed: int, text: str | None = None) -> tuple[GenreModel, dict[str, Any]]:
    """Fit a model on the training split; validation titles say when to stop, to models that ask.

    Args:
        kind: A key of `trending.models.base.MODEL_KINDS`.
        params: Hyper-parameters that differ from the kind's defaults.
        examples: All examples.
        seed: Of whatever is drawn at random.
        text: What of them is read, if not what the model's `reads` says.

    Returns:
        The model, and plain data: kind, text, params, titles, seconds and cpu_seconds (processes it started included), and what the model says itself,
        which goes before: one that found its work done in the cache knows what it took once.
    """
    model = build_model(kind, params)
    text = text or model.reads
    train, validation = select_part(examples, "train", text), select_part(examples, "validation", text)
    started, spent = time.perf_counter(), _processor_seconds()
    model.fit(train.texts, train.labels, seed, (validation.texts, validation.labels))
    measured = {"seconds": round(time.perf_counter() - started, 2), "cpu_seconds": round(_processor_seconds() - spent, 2)}
    return model, {"kind": kind, "text": text, "params": model.params, "titles": len(train.texts), "seed": seed, **measured, **model.describe_fit()}


def _processor_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
